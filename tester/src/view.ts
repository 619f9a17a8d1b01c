// The whole screen as lines, from the model and the time. Pure: the same model and time give the same lines,
// each at most as wide as the screen, exactly as many as it has rows.
import { keyHelp } from './keys.ts';
import { type Layout, layoutOf } from './layout.ts';
import { isLagHigh, type Model, type Vip, type VipState, vipName, vipState } from './model.ts';
import { highlight } from './paint.ts';
import { errorClasses } from './statistics.ts';
import { endpointOf } from './targets.ts';
import * as text from './text.ts';
import { orderBy } from './update.ts';
import { detailLines } from './view-details.ts';
import {
  headLine,
  joinPieces,
  type Piece,
  piece,
  planRow,
  type RowPlan,
  type RowSetting,
  rowLine,
  secondLine,
} from './view-row.ts';

export type Setting = RowSetting;

export function view(model: Model, setting: Setting): string[] {
  const { screen } = model;
  const layout = layoutOf(screen);
  const lines = [
    statusLine(model, setting),
    headLine(planOf(model, layout), setting),
    ...tableLines(model, layout, setting),
  ];
  const panelAt = screen.rows - layout.panelLines - 1;
  while (lines.length < panelAt) lines.push('');
  lines.push(...panelLines(model, layout, setting));
  while (lines.length < screen.rows - 1) lines.push('');
  const all = [...lines.slice(0, screen.rows - 1), footLine(model, layout, setting)];
  return setting.signs.isAscii ? all.map(text.toAscii) : all;
}

function planOf({ screen, daemon, vips }: Model, { wide }: Layout): RowPlan {
  let nameWidth = 0;
  let endpointWidth = 0;
  for (const vip of vips) {
    nameWidth = Math.max(nameWidth, text.widthOf(vipName(vip)));
    endpointWidth = Math.max(endpointWidth, endpointOf(vip.target).length);
  }
  return planRow({ columns: screen.columns, wide, daemon: daemon.t !== 'unasked', nameWidth, endpointWidth });
}

function statusLine(model: Model, setting: Setting): string {
  const { nowMs, signs } = setting;
  const counts = countStates(model.vips);
  const say = (tone: Parameters<typeof piece>[1], content: string) => piece(setting, tone, content);
  const pieces: Piece[] = [say('bright', 'maglevt ')];
  if (model.paused) pieces.push(say('paused', ` ${signs.paused} paused `));
  pieces.push(say(counts.serving > 0 ? 'ok' : 'faint', ` ${signs.serving} ${counts.serving} serving `));
  const bad = counts.failing + counts.recovering;
  pieces.push(say(counts.failing > 0 ? 'error' : 'faint', ` ${signs.failing} ${counts.failing} failing `));
  if (bad > counts.failing) pieces.push(say('slow', ` ${signs.recovering} ${counts.recovering} recovering `));
  if (counts.unknown > 0) pieces.push(say('unknown', ` ${signs.unknown} ${counts.unknown} unknown `));
  if (counts.unprobed > 0) pieces.push(say('faint', ` ${signs.unprobed} ${counts.unprobed} not probed `));
  const lagMs = Math.max(model.lag.lastMsMax, model.lag.currentMsMax);
  const lagTone = isLagHigh(lagMs) ? 'slow' : 'faint';
  const lagWord = isLagHigh(lagMs) ? 'own lag high' : 'own lag';
  pieces.push(say(lagTone, ` ${lagWord} ${text.formatMs(lagMs)} ms `));
  const { probesPerSecond } = model;
  if (probesPerSecond !== undefined) pieces.push(say('faint', ` ${text.formatCount(probesPerSecond)}/s `));
  pieces.push(say('faint', ` for ${text.formatDuration(nowMs - model.sinceMs)} `));
  if (model.skipped > 0) pieces.push(say('faint', ` skipped ${text.formatCount(model.skipped)} `));
  if (model.notSent > 0) {
    pieces.push(say('slow', ` not sent ${text.formatCount(model.notSent)}: ${model.notSentDetail} `));
  }
  pieces.push(...daemonPieces(model, setting));
  return joinPieces(pieces, model.screen.columns);
}

function daemonPieces({ daemon }: Model, setting: Setting): Piece[] {
  if (daemon.t !== 'unreachable') return [];
  const age = text.formatDuration(setting.nowMs - daemon.atMs);
  return [piece(setting, 'slow', ` maglevd silent for ${age}: ${daemon.detail}`)];
}

export function countStates(vips: readonly Vip[]): Record<VipState, number> {
  const counts = { serving: 0, failing: 0, recovering: 0, unknown: 0, unprobed: 0 };
  for (const vip of vips) counts[vipState(vip)] += 1;
  return counts;
}

function tableLines(model: Model, layout: Layout, setting: Setting): string[] {
  const { screen, vips } = model;
  const plan = planOf(model, layout);
  const lines: string[] = [];
  for (let position = screen.top; position < screen.top + layout.vipsShown; position += 1) {
    const vip = vips[screen.order[position] ?? -1];
    if (vip === undefined) break;
    const isChosen = position === screen.cursor;
    const own = [rowLine(vip, plan, isChosen, setting)];
    if (layout.linesPerVip === 2) own.push(secondLine(vip, screen.columns, setting));
    lines.push(...own.map((line) => (isChosen ? highlight(line, setting.paint) : line)));
  }
  return lines;
}

function panelLines(model: Model, layout: Layout, setting: Setting): string[] {
  const { screen, vips } = model;
  const bodyLines = layout.panelLines - 1;
  if (screen.panel === 'help') return [ruleLine('keys', model, setting), ...helpLines(screen.columns)];
  const vip = vips[screen.order[screen.cursor] ?? -1];
  if (screen.panel === 'vip' && vip) {
    const title = `${vip.target.names.join(', ')}`;
    return [ruleLine(title, model, setting), ...detailLines(vip, setting, screen.columns, bodyLines)];
  }
  const title = `recent errors: ${errorCounts(model)}`;
  return [ruleLine(title, model, setting), ...errorLines(model, setting, bodyLines)];
}

function ruleLine(title: string, { screen }: Model, { paint, signs }: Setting): string {
  const words = text.cutEnd(` ${title} `, screen.columns - 4);
  const rest = screen.columns - 2 - text.widthOf(words);
  return paint('faint', signs.rule.repeat(2) + words + signs.rule.repeat(rest));
}

/** By class, all VIPs together, since the start or the last reset. */
function errorCounts({ vips }: Model): string {
  const counts = errorClasses.map((fault) => {
    const count = vips.reduce((sum, { statistics }) => sum + statistics.byClass[fault], 0);
    return `${fault} ${text.formatCount(count)}`;
  });
  return counts.join('  ');
}

/** The latest first. */
function errorLines({ errors, vips, screen }: Model, setting: Setting, lines: number): string[] {
  const shown = errors.slice(Math.max(0, errors.length - lines)).toReversed();
  return shown.map(({ atMs, vip, fault, detail: cause, count }) => {
    const detail = count === 1 ? cause : `${cause} (${text.formatCount(count)} times)`;
    const name = vips[vip]?.target.names.join(', ') ?? '';
    const nameWidth = Math.max(12, Math.min(40, Math.floor(screen.columns / 4)));
    const head = [
      piece(setting, 'faint', `${text.formatTime(atMs, setting.offsetMinutes)} `),
      piece(setting, fault === 'spike' ? 'slow' : 'error', text.padEnd(fault, 9)),
      piece(setting, 'plain', `${text.padEnd(text.cutMiddle(name, nameWidth), nameWidth)} `),
    ];
    const used = head.reduce((sum, { width }) => sum + width, 0);
    return joinPieces(
      [...head, piece(setting, 'plain', text.cutEnd(detail, screen.columns - used))],
      screen.columns,
    );
  });
}

function helpLines(columns: number): string[] {
  const legend = 'strip: each cell the worst of its second(s): passed, spike, failed; blank = not probed';
  return [...keyHelp.map(([key, help]) => `  ${text.padEnd(key, 14)} ${help}`), `  ${legend}`].map((line) =>
    text.cutEnd(line, columns),
  );
}

function footLine(model: Model, layout: Layout, { paint }: Setting): string {
  const { screen, vips } = model;
  const last = Math.min(vips.length, screen.top + layout.vipsShown);
  const place = `${vips.length === 0 ? 0 : screen.top + 1}-${last} of ${text.formatCount(vips.length)}`;
  const moved = screen.sort === 'config' ? 0 : countMoved(model);
  const order = `sort: ${screen.sort}${moved > 0 ? `, ${moved} changed, o shows` : ''}`;
  const keys = 'q quit  p pause  r reset  s sort  enter VIP  ? help';
  return paint('faint', text.cutEnd(`${keys}   ${place}   ${order}`, screen.columns));
}

/** How many would stand elsewhere if the table were sorted now. */
function countMoved(model: Model): number {
  const fresh = orderBy(model, model.screen.sort);
  return fresh.filter((vip, position) => vip !== model.screen.order[position]).length;
}
