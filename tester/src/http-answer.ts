// Reads one HTTP/1.x answer to a GET as its bytes come in, as far as a probe needs it: the status, one
// header, and where it ends. Pure. It must not know sockets.
import { chunkLineLengthMax, responseBodyBytesMax, responseHeadBytesMax } from './limits.ts';

export interface HttpAnswer {
  readonly status: number;
  /** Of the header that was asked for; several are joined. */
  readonly value: string | undefined;
  /** The connection may carry a next request. */
  readonly keepsAlive: boolean;
}

export type Progress =
  | { readonly t: 'more' }
  | { readonly t: 'done'; readonly answer: HttpAnswer }
  /** Not HTTP, or not whole. */
  | { readonly t: 'bad'; readonly detail: string };

interface Head {
  readonly status: number;
  readonly value: string | undefined;
  persistent: boolean;
}

/** What is still to come; `rest` of `chunks` are the bytes of the current chunk. */
type Body =
  | { readonly t: 'length'; rest: number }
  | { readonly t: 'close'; seen: number }
  | {
      readonly t: 'chunks';
      line: string;
      rest: number;
      seen: number;
      part: 'size' | 'data' | 'end' | 'trailer';
    };

export interface AnswerReader {
  readonly headerName: string;
  text: string;
  head: Head | undefined;
  body: Body | undefined;
}

const more: Progress = { t: 'more' };
const bad = (detail: string): Progress => ({ t: 'bad', detail });

/** `headerName` in any case; empty = none. */
export function createAnswerReader(headerName: string): AnswerReader {
  return { headerName: headerName.toLowerCase(), text: '', head: undefined, body: undefined };
}

/** The next bytes, as latin1 text. */
export function readAnswer(reader: AnswerReader, text: string): Progress {
  let rest = text;
  while (reader.head === undefined) {
    reader.text += rest;
    const end = reader.text.indexOf('\r\n\r\n');
    if (end < 0) return judgeOpenHead(reader.text);
    rest = reader.text.slice(end + 4);
    const refusal = readHead(reader, reader.text.slice(0, end));
    reader.text = '';
    if (refusal) return refusal;
    // 100 and 103 come before the answer.
    if ((reader.head as Head | undefined)?.status === 0) reader.head = undefined;
    else break;
    if (rest === '') return more;
  }
  return readBody(reader, rest);
}

/** The other side has ended the connection. */
export function endAnswer({ head, body, text }: AnswerReader): Progress {
  if (head && body?.t === 'close') return done(head, false);
  if (head) return bad('connection closed in the middle of the body');
  return bad(text === '' ? 'connection closed without an answer' : 'connection closed in the header');
}

function judgeOpenHead(text: string): Progress {
  if (!'HTTP/1.'.startsWith(text.slice(0, 7))) return bad('the answer is not HTTP/1');
  if (text.length > responseHeadBytesMax) return bad(`header longer than ${responseHeadBytesMax} bytes`);
  return more;
}

function readHead(reader: AnswerReader, text: string): Progress | undefined {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const match = /^HTTP\/1\.([01]) ([1-5][0-9][0-9])(?: |$)/.exec(statusLine);
  if (!match) return bad('the status line is not HTTP/1');
  const status = Number(match[2]);
  const fields = readFields(lines, reader.headerName);
  if (fields === undefined) return bad('a header line without a name');
  const { length, transfer, connection, values } = fields;
  const head = {
    status: status < 200 && status !== 101 ? 0 : status,
    value: values.length === 0 ? undefined : values.join(', '),
    persistent: match[1] === '1' ? !/\bclose\b/i.test(connection) : /\bkeep-alive\b/i.test(connection),
  };
  reader.head = head;
  if (status === 204 || status === 304 || status < 200) reader.body = { t: 'length', rest: 0 };
  else if (/\bchunked$/i.test(transfer)) {
    reader.body = { t: 'chunks', line: '', rest: 0, seen: 0, part: 'size' };
  } else if (transfer !== '' || length === undefined) reader.body = { t: 'close', seen: 0 };
  else if (!/^[0-9]{1,15}$/.test(length)) return bad('Content-Length is not a number');
  else {
    // Longer than anyone cares for: so much of it will do.
    reader.body = { t: 'length', rest: Math.min(Number(length), responseBodyBytesMax) };
    if (Number(length) > responseBodyBytesMax) head.persistent = false;
  }
  return undefined;
}

function readFields(lines: readonly string[], wanted: string) {
  const fields = {
    transfer: '',
    connection: '',
    values: [] as string[],
    length: undefined as string | undefined,
  };
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) return undefined;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'content-length') fields.length = value;
    else if (name === 'transfer-encoding') fields.transfer = value;
    else if (name === 'connection') fields.connection = value;
    if (name === wanted) fields.values.push(value);
  }
  return fields;
}

function done(head: Head, keepsAlive: boolean): Progress {
  return { t: 'done', answer: { status: head.status, value: head.value, keepsAlive } };
}

function readBody({ head, body }: AnswerReader, text: string): Progress {
  if (head === undefined || body === undefined) return more;
  if (body.t === 'chunks') return readChunks(head, body, text);
  if (body.t === 'close') {
    body.seen += text.length;
    return body.seen > responseBodyBytesMax ? done(head, false) : more;
  }
  body.rest -= text.length;
  if (body.rest > 0) return more;
  // More than was announced is no next answer that we asked for.
  return done(head, head.persistent && body.rest === 0 && head.status !== 101);
}

type Chunks = Extract<Body, { t: 'chunks' }>;

function readChunks(head: Head, body: Chunks, text: string): Progress {
  let at = 0;
  while (at < text.length) {
    if (body.part === 'data') {
      const taken = Math.min(body.rest, text.length - at);
      body.rest -= taken;
      body.seen += taken;
      at += taken;
      if (body.seen > responseBodyBytesMax) return done(head, false);
      if (body.rest === 0) body.part = 'end';
      continue;
    }
    const end = text.indexOf('\n', at);
    const piece = end < 0 ? text.slice(at) : text.slice(at, end + 1);
    body.line += piece;
    at += piece.length;
    if (body.line.length > responseHeadBytesMax) return bad('a trailer without end');
    if (body.part !== 'trailer' && body.line.length > chunkLineLengthMax)
      return bad('a chunk without length');
    if (end < 0) return more;
    const line = body.line.replace(/\r?\n$/, '');
    body.line = '';
    if (body.part === 'trailer') {
      if (line === '') return done(head, head.persistent && at === text.length);
    } else if (body.part === 'end') {
      if (line !== '') return bad('a chunk longer than its length');
      body.part = 'size';
    } else {
      const size = /^([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(line)?.[1];
      if (size === undefined) return bad('a chunk without length');
      body.rest = Number.parseInt(size, 16);
      body.part = body.rest === 0 ? 'trailer' : 'data';
    }
  }
  return more;
}
