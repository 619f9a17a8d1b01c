// What a run did, in numbers. Pure.
import { unreachable } from '../lib/assert.ts';
import type { LbOp } from './lb-op.ts';

export interface LbSyncCounts {
  vipsAdded: number;
  vipsRemoved: number;
  asesAdded: number;
  asesRemoved: number;
  weightsChanged: number;
}

export const noCounts = (): LbSyncCounts => ({
  vipsAdded: 0,
  vipsRemoved: 0,
  asesAdded: 0,
  asesRemoved: 0,
  weightsChanged: 0,
});

export function countOp(counts: LbSyncCounts, op: LbOp): void {
  switch (op.t) {
    case 'conf':
      return;
    case 'vip-add':
      counts.vipsAdded++;
      return;
    case 'vip-delete':
      counts.vipsRemoved++;
      return;
    case 'as-add':
      counts.asesAdded++;
      return;
    case 'as-delete':
      counts.asesRemoved++;
      return;
    case 'as-weight':
      counts.weightsChanged++;
      return;
    default:
      unreachable(op);
  }
}
