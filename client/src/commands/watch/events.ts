// watch events: the daemon's events as they come, filtered by kind, level and name.
import type { MaglevEvent } from '../../api/shapes.ts';
import { type Cell, cell, line, type Report, type View } from '../../format/report.ts';
import { stateCell } from '../../format/state.ts';
import type { Asked, StreamCommand } from '../command.ts';

const levels = ['debug', 'info', 'warn', 'error'];

export const watchEvents: StreamCommand = {
  kind: 'stream',
  line:
    'watch events [num <count>] [log [level debug|info|warn|error]] ' +
    '[backend [<backend>]] [frontend [<frontend>]]',
  help: 'show events as they happen, until a key is pressed',
  wordHelp: {
    num: 'stop after so many events',
    '<count>': 'how many events, from 1',
    log: 'lines of the log; with others: these kinds only',
    level: 'lowest level of log lines; otherwise info',
    debug: 'everything, each call to VPP too',
    info: 'what happens',
    warn: 'what should be looked at',
    error: 'what failed',
    backend: 'changes of backends, or of one',
    frontend: 'changes of frontends, or of one',
    '<backend>': 'name of a backend',
    '<frontend>': 'name of a frontend',
  },
  request({ given }) {
    const kinds = ['log', 'backend', 'frontend'].filter((kind) => given.has(kind));
    const level = levels.find((each) => given.has(each));
    return { ...(kinds.length > 0 && { kind: kinds }), ...(level !== undefined && { level }) };
  },
  wants(asked, event) {
    if (event.kind === 'heartbeat') return false;
    return (
      isNamed(asked, 'backend', event.backend?.backend) &&
      isNamed(asked, 'frontend', event.frontend?.frontend)
    );
  },
  report: reportEvent,
};

function isNamed({ values }: Asked, kind: 'backend' | 'frontend', name: string | undefined): boolean {
  return name === undefined || values[kind] === undefined || values[kind] === name;
}

/** One line: time, kind, what it is about, what happened. */
export function reportEvent(event: MaglevEvent, view: View): Report {
  const time = cell(event.at.replace(/^.*T/, '').replace(/Z$/, ''), 'quiet');
  return [line(time, cell(event.kind.padEnd(8)), ...cellsOf(event, view))];
}

function cellsOf(event: MaglevEvent, view: View): readonly Cell[] {
  if (event.backend !== undefined) {
    const { backend, transition } = event.backend;
    const cause = cell(`${transition.code} ${transition.detail}`);
    return [cell(backend, 'strong'), ...moved(transition.from, transition.to, view), cause];
  }
  if (event.frontend !== undefined) {
    const { frontend, from, to, cause } = event.frontend;
    const why = cause === undefined ? [] : [cell(`(${cause.backend} ${cause.state} ${cause.code})`)];
    return [cell(frontend, 'strong'), ...moved(from, to, view), ...why];
  }
  if (event.log !== undefined) {
    const { level, message, attributes } = event.log;
    const tone = level === 'error' ? 'bad' : level === 'warn' ? 'unsure' : 'quiet';
    const rest = Object.keys(attributes).length > 0 ? [cell(JSON.stringify(attributes), 'quiet')] : [];
    return [cell(level, tone), cell(message), ...rest];
  }
  if (event.vpp !== undefined) return [cell(event.vpp.what, 'drift'), cell(event.vpp.message)];
  if (event.config !== undefined) return [cell(event.config.outcome), cell(event.config.message)];
  if (event.resync !== undefined) return [cell(event.resync.reason, 'unsure')];
  return [];
}

function moved(from: string, to: string, view: View): readonly Cell[] {
  return from === to ? [stateCell(to, view)] : [stateCell(from, view), cell('->'), stateCell(to, view)];
}
