// What a change of a backend or a weight did to frontends, old -> new. Pure.
import type { Frontend, PoolBackend } from '../api/shapes.ts';
import { type Block, cell, line, type View } from './report.ts';
import { stateCell } from './state.ts';

/** `100 -> 50`, or `100` where nothing changed. */
export function arrow(before: string | number, after: string | number): string {
  return before === after ? String(after) : `${before} -> ${after}`;
}

/**
 * Lines for one frontend: its state, its active pool where that changed, and every backend whose weights
 * changed; `always` is listed in any case.
 */
export function describeChange(
  before: Frontend | undefined,
  after: Frontend,
  always: string,
  view: View,
): readonly Block[] {
  const wasState = before?.state ?? after.state;
  const was = wasState === after.state ? [] : [stateCell(wasState, view), '->'];
  const pool = arrow(before?.activePool ?? after.activePool, after.activePool);
  const head = line(
    'frontend',
    cell(after.name, 'strong'),
    ...was,
    stateCell(after.state, view),
    `pool ${pool}`,
  );
  const rows = after.pools.flatMap((pool) => {
    const oldPool = before?.pools.find(({ name }) => name === pool.name);
    return pool.backends.flatMap((backend) => {
      const old = oldPool?.backends.find(({ name }) => name === backend.name) ?? backend;
      return backend.name === always || isChanged(old, backend) ? [rowOf(pool.name, old, backend)] : [];
    });
  });
  const columns = [
    { title: 'POOL', shrink: 'middle' },
    { title: 'BACKEND', shrink: 'middle' },
    { title: 'WEIGHT', align: 'right' },
    { title: 'EFFECTIVE', align: 'right' },
    { title: 'PROGRAMMED', align: 'right', drop: 1 },
  ] as const;
  return [head, { kind: 'table', columns, rows }];
}

function isChanged(old: PoolBackend, now: PoolBackend): boolean {
  return old.weight !== now.weight || old.effectiveWeight !== now.effectiveWeight;
}

function rowOf(pool: string, old: PoolBackend, now: PoolBackend) {
  return [
    cell(pool),
    cell(now.name),
    cell(arrow(old.weight, now.weight)),
    cell(arrow(old.effectiveWeight, now.effectiveWeight)),
    cell(arrow(old.programmedWeight, now.programmedWeight)),
  ];
}
