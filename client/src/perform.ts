// Runs one command and shows what came of it: table, JSON or YAML, through filters, once or again and again.
import { isRefusal, isUnreachable, Unreachable } from './api/api.ts';
import type { MaglevEvent } from './api/shapes.ts';
import { wait, wallMs } from './clock.ts';
import type { AskCommand, Asked, Command, Result, StreamCommand } from './commands/command.ts';
import { type Context, exitCodes } from './context.ts';
import { formatAge } from './format/age.ts';
import { paint, stripColour } from './format/colour.ts';
import { formatJson, formatJsonLine, formatYaml } from './format/data.ts';
import { type Line, layOut } from './format/layout.ts';
import type { Report, View } from './format/report.ts';
import { sanitize } from './format/sanitize.ts';
import { retryMsMax, retryMsMin, streamSilenceMsMax } from './limits.ts';
import { type Filter, filterLines } from './shell/filters.ts';

/** The exit code. Failures are told on the error output; only our own mistakes reject. */
export async function perform(
  command: Exclude<Command, { kind: 'quit' }>,
  asked: Asked,
  filters: readonly Filter[],
  context: Context,
): Promise<number> {
  try {
    switch (command.kind) {
      case 'local':
        context.screen.print((await command.run(asked)).trimEnd().split('\n'));
        return exitCodes.ok;
      case 'stream':
        return await follow(command, asked, filters, context);
      default:
        if (command.kind === 'show' && context.watchSeconds !== undefined) {
          return await redraw(command, asked, filters, context);
        }
        return await ask(command, asked, filters, context);
    }
  } catch (error) {
    return fail(error, context);
  }
}

/** Tells a failure in one line. */
export function fail(error: unknown, { screen, signal }: Pick<Context, 'screen' | 'signal'>): number {
  if (signal.aborted) return exitCodes.interrupted;
  if (!isRefusal(error) && !isUnreachable(error)) throw error;
  screen.printError([sanitize(error.message)]);
  return isRefusal(error) ? exitCodes.refused : exitCodes.unreachable;
}

async function ask(
  command: AskCommand,
  asked: Asked,
  filters: readonly Filter[],
  context: Context,
): Promise<number> {
  const result = await command.run(context.api, asked, context.signal);
  const lines = filterLines(await render(result, filters, context), filters);
  context.screen.print(lines.map(({ text }) => text));
  return result.isRefused ? exitCodes.refused : exitCodes.ok;
}

async function render(
  result: Result,
  filters: readonly Filter[],
  context: Context,
): Promise<readonly Line[]> {
  const output = filters.some(({ kind }) => kind === 'json') ? 'json' : context.output;
  if (output === 'json') return plain(formatJson(result.body));
  if (output === 'yaml') return plain(await formatYaml(result.body));
  return layOutReport(result.report(viewOf(context)), context);
}

const plain = (text: string): readonly Line[] => text.split('\n').map((text) => ({ text, isHead: false }));

function viewOf({ screen }: Context): View {
  return { nowMs: wallMs(), hasUnicode: screen.hasUnicode };
}

function layOutReport(report: Report, { screen }: Context): readonly Line[] {
  const { isColoured, hasUnicode } = screen;
  return layOut(report, { width: screen.size().columns, isColoured, hasUnicode });
}

/** Aborted by a key, by Ctrl-C or by `stop`; `close` gives the keyboard back. */
function stoppable(context: Context): { signal: AbortSignal; stop: () => void; close: () => void } {
  const controller = new AbortController();
  const stop = () => controller.abort();
  context.signal.addEventListener('abort', stop, { once: true });
  if (context.signal.aborted) stop();
  const endKeys = context.onAnyKey?.(stop);
  const close = () => {
    context.signal.removeEventListener('abort', stop);
    endKeys?.();
  };
  return { signal: controller.signal, stop, close };
}

/** What a screen was drawn with; kept while there is no newer answer. */
interface Picture {
  readonly lines: readonly Line[];
  readonly atMs: number;
}

/**
 * Shows the answer again and again, in place, until a key is pressed. Old answers are grey, with their age.
 */
async function redraw(
  command: AskCommand,
  asked: Asked,
  filters: readonly Filter[],
  context: Context,
): Promise<number> {
  const { signal, close } = stoppable(context);
  const intervalMs = (context.watchSeconds ?? 0) * 1000;
  let picture: Picture | undefined;
  try {
    if (context.screen.isTerminal) context.screen.write('\x1b[2J');
    while (!signal.aborted) {
      let trouble: string | undefined;
      try {
        const result = await command.run(context.api, asked, signal);
        picture = { lines: filterLines(await render(result, filters, context), filters), atMs: wallMs() };
      } catch (error) {
        if (signal.aborted) break;
        // The first answer decides whether there is anything to watch.
        if (picture === undefined || !(isRefusal(error) || isUnreachable(error))) throw error;
        trouble = sanitize(error.message);
      }
      drawPicture(picture, trouble, context);
      await wait(intervalMs, signal);
    }
    return context.signal.aborted ? exitCodes.interrupted : exitCodes.ok;
  } finally {
    close();
  }
}

function drawPicture({ lines, atMs }: Picture, trouble: string | undefined, { screen }: Context): void {
  if (!screen.isTerminal) {
    if (trouble === undefined) screen.print([...lines.map(({ text }) => text), '']);
    else screen.printError([trouble]);
    return;
  }
  const grey = (text: string) => paint(stripColour(text), 'quiet', screen.isColoured);
  const age = formatAge(wallMs() - atMs);
  const foot =
    trouble === undefined
      ? []
      : [paint(`shown is what was ${age} ago: ${trouble}`, 'bad', screen.isColoured)];
  const room = screen.size().rows - 1 - foot.length;
  const texts = lines.map(({ text }) => (trouble === undefined ? text : grey(text)));
  const hidden = texts.length - room;
  const shown = hidden <= 0 ? texts : [...texts.slice(0, room - 1), grey(`and ${hidden + 1} more lines`)];
  const all = [...shown, ...foot];
  screen.write(`\x1b[H${all.map((text) => `\x1b[K${text}\n`).join('')}\x1b[J`);
}

/** Shows events until a key is pressed or enough have come; connects again when the daemon restarts. */
async function follow(
  command: StreamCommand,
  asked: Asked,
  filters: readonly Filter[],
  context: Context,
): Promise<number> {
  const { signal, stop, close } = stoppable(context);
  const wanted = asked.values.count === undefined ? Number.POSITIVE_INFINITY : Number(asked.values.count);
  const counts = filters.some(({ kind }) => kind === 'count');
  const lineFilters = filters.filter(({ kind }) => kind !== 'count');
  let shown = 0;
  const show = (event: MaglevEvent) => {
    if (!command.wants(asked, event)) return;
    const lines = filterLines(eventLines(command, event, filters, context), lineFilters);
    if (lines.length === 0) return;
    shown += 1;
    if (!counts) context.screen.print(lines.map(({ text }) => text));
    if (shown >= wanted) stop();
  };
  try {
    await followOn(command, asked, context, signal, show);
    if (counts) context.screen.print([String(shown)]);
    return context.signal.aborted ? exitCodes.interrupted : exitCodes.ok;
  } finally {
    close();
  }
}

function eventLines(
  command: StreamCommand,
  event: MaglevEvent,
  filters: readonly Filter[],
  context: Context,
): readonly Line[] {
  const isJson = filters.some(({ kind }) => kind === 'json');
  if (context.output === 'table' && !isJson)
    return layOutReport(command.report(event, viewOf(context)), context);
  return [{ text: formatJsonLine(event), isHead: false }];
}

async function followOn(
  command: StreamCommand,
  asked: Asked,
  context: Context,
  signal: AbortSignal,
  show: (event: MaglevEvent) => void,
): Promise<void> {
  let lastEventId: string | undefined;
  let delayMs = retryMsMin;
  let isConnected = false;
  while (!signal.aborted) {
    try {
      const request = { ...command.request(asked), ...(lastEventId !== undefined && { lastEventId }) };
      for await (const event of watchedOver(context, request, signal)) {
        isConnected = true;
        delayMs = retryMsMin;
        lastEventId = event.id ?? lastEventId;
        show(event);
        if (signal.aborted) return;
      }
      if (signal.aborted) return;
      context.screen.printError(['the stream ended: connecting again']);
    } catch (error) {
      if (signal.aborted) return;
      // Before the first event nothing was lost: say it and give up.
      if (!isConnected || !isTransient(error)) throw error;
      if (delayMs === retryMsMin) {
        context.screen.printError([`${sanitize((error as Error).message)}: connecting again`]);
      }
    }
    await wait(delayMs, signal);
    delayMs = Math.min(retryMsMax, delayMs * 2);
  }
}

/** A daemon that stops says so before it goes. */
function isTransient(error: unknown): boolean {
  return isUnreachable(error) || (isRefusal(error) && error.code === 'unavailable');
}

/** The stream, given up when even heartbeats stay away. */
async function* watchedOver(
  context: Context,
  request: ReturnType<StreamCommand['request']> & { readonly lastEventId?: string },
  signal: AbortSignal,
): AsyncGenerator<MaglevEvent> {
  const silence = new AbortController();
  const stop = () => silence.abort();
  signal.addEventListener('abort', stop, { once: true });
  let alarm = new AbortController();
  const arm = () => {
    alarm.abort();
    const armed = new AbortController();
    alarm = armed;
    void wait(streamSilenceMsMax, armed.signal).then(() => armed.signal.aborted || silence.abort());
  };
  try {
    arm();
    for await (const event of context.api.watch(request, silence.signal)) {
      arm();
      yield event;
    }
    if (silence.signal.aborted && !signal.aborted) throw new Unreachable('the stream fell silent');
  } finally {
    alarm.abort();
    signal.removeEventListener('abort', stop);
    silence.abort();
  }
}
