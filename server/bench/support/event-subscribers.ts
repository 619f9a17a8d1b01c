// A program of its own: many subscribers of an event stream, that look at no more than numbers and times.
// What one has been told another has been told too: each distinct piece is parsed once, so that a thousand of
// them cost less than who serves them.
// Arguments: port, path, connections, seconds. Prints "ready" when all have the first picture; measures from
// SIGUSR2 on and ends with one line of JSON.
import { connect } from 'node:net';

const [port, path = '/', connections, seconds] = process.argv.slice(2);
const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
const receiveBytes = 256 * 1024;
const kept = 64;
const latencyMsMax = 60_000;

interface Told {
  readonly sequence: number;
  readonly atMs: number;
  /** Of the first picture. */
  readonly isSnapshot: boolean;
  readonly isHeartbeat: boolean;
}

interface Piece {
  readonly events: readonly Told[];
  readonly resyncs: number;
}

const pieces = new Map<string, Piece>();
/** Which number follows which: the same for all subscribers, or one of them has missed something. */
const followers = new Map<number, number>();
const latencies = new Uint32Array(latencyMsMax + 1);
let isMeasuring = false;
let readyCount = 0;
let deliveries = 0;
let resyncs = 0;
let faults = 0;
let firstSequence = 0;
let lastSequence = 0;

function fail(message: string): never {
  process.stderr.write(`event-subscribers: ${message}\n`);
  process.exit(1);
}

function parse(text: string): Piece {
  const pattern =
    /id: \w+-(\d+)\nevent: (\w+)\ndata: \{"id":"[^"]+","at":"([^"]+)","kind":"\w+"(,"snapshot":true)?/g;
  const events = Array.from(text.matchAll(pattern), ([, digits, kind, at = '', snapshot]) => ({
    sequence: Number(digits),
    atMs: Date.parse(at),
    isSnapshot: snapshot !== undefined,
    isHeartbeat: kind === 'heartbeat',
  }));
  return { events, resyncs: text.split('event: resync\n').length - 1 };
}

function pieceOf(text: string): Piece {
  const known = pieces.get(text);
  if (known) return known;
  const piece = parse(text);
  if (pieces.size >= kept) pieces.delete(pieces.keys().next().value ?? '');
  pieces.set(text, piece);
  return piece;
}

function open(): void {
  let rest = '';
  let last = -1;
  let isReady = false;
  const take = (count: number, bytes: Uint8Array) => {
    const text = rest + Buffer.from(bytes.buffer, bytes.byteOffset, count).toString('latin1');
    const end = text.lastIndexOf('\n\n') + 2;
    if (end < 2) {
      rest = text;
      return true;
    }
    rest = text.slice(end);
    const piece = pieceOf(text.slice(0, end));
    if (isMeasuring) resyncs += piece.resyncs;
    if (piece.resyncs > 0) last = -1;
    for (const event of piece.events) tell(event);
    return true;
  };
  const tell = ({ sequence, atMs, isSnapshot, isHeartbeat }: Told) => {
    if (!isReady) readyCount++;
    isReady = true;
    if (isSnapshot || isHeartbeat) return;
    if (last >= 0) {
      const follower = followers.get(last);
      if (follower === undefined) followers.set(last, sequence);
      else if (follower !== sequence) faults++;
    }
    last = sequence;
    if (!isMeasuring) return;
    deliveries++;
    firstSequence ||= sequence;
    lastSequence = Math.max(lastSequence, sequence);
    const latencyMs = Math.round(performance.timeOrigin + performance.now() - atMs);
    const index = Math.min(latencyMsMax, Math.max(0, latencyMs));
    latencies[index] = (latencies[index] ?? 0) + 1;
  };
  const socket = connect({
    host: '127.0.0.1',
    port: Number(port),
    onread: { buffer: Buffer.allocUnsafe(receiveBytes), callback: take },
  });
  socket.on('connect', () => socket.write(request));
  socket.on('error', (error) => fail(error.message));
  socket.on('end', () => fail('the server has ended a stream'));
}

function quantile(share: number): number {
  const rank = Math.ceil(share * deliveries);
  let seen = 0;
  for (const [latencyMs, count] of latencies.entries()) {
    seen += count;
    if (seen >= rank) return latencyMs;
  }
  return Number.NaN;
}

/** Transitions that somebody was told of while it was measured. */
function countDistinct(): number {
  let count = 1;
  for (let at = firstSequence; at < lastSequence; count++) {
    const next = followers.get(at);
    if (next === undefined) break;
    at = next;
  }
  return count;
}

process.on('SIGUSR2', () => {
  isMeasuring = true;
  const startMs = performance.now();
  setTimeout(() => {
    const shown = { p50: quantile(0.5), p99: quantile(0.99), longest: quantile(1) };
    const measuredMs = performance.now() - startMs;
    const counts = { measuredMs, deliveries, distinct: countDistinct(), resyncs, faults, readyCount };
    process.stdout.write(`${JSON.stringify({ ...shown, ...counts })}\n`, () => process.exit(0));
  }, 1000 * Number(seconds));
});
for (let index = 0; index < Number(connections); index++) open();
const readyTimer = setInterval(() => {
  if (readyCount < Number(connections)) return;
  clearInterval(readyTimer);
  process.stdout.write('ready\n');
}, 50);
