// What a simulated run consists of: the daemon, the world around it, and what happened so far.
import type { Daemon } from '../../src/daemon.ts';
import type { Prng } from '../../src/lib/prng.ts';
import type { Prober } from '../../src/probes/prober.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import type { Behaviour, FakeNetwork } from '../support/fake-network.ts';
import type { FakeVpp } from '../support/fake-vpp.ts';
import type { KnownTags } from './api-clients.ts';
import type { FakeFile } from './config-file.ts';
import type { EventClients } from './event-clients.ts';
import type { ProbeStarts, ReadBacks } from './final-exam.ts';
import type { LbWitness } from './lb-witness.ts';
import type { FakeDisk, FileModel } from './world.ts';

/** How often each kind of step is drawn; a run switches some off and weights the rest wildly. */
export const stepKinds = [
  'quiet',
  'fault',
  'operator',
  'weight',
  'reload',
  'bad-reload',
  'stall',
  'wall-jump',
  'restart',
  'disk',
  'sync',
  'vpp-restart',
  'vpp-cut',
  'vpp-refuse',
  'vpp-lose',
  'vpp-drift',
  'vpp-slow',
  'client',
  'burst',
  'api',
] as const;
export type StepKind = (typeof stepKinds)[number];

export interface World {
  readonly prng: Prng;
  readonly clock: FakeClock;
  readonly network: FakeNetwork;
  readonly model: FileModel;
  readonly file: FakeFile;
  readonly disk: FakeDisk;
  readonly vpp: FakeVpp;
  readonly witness: LbWitness;
  readonly clients: EventClients;
  readonly starts: ProbeStarts;
  readonly probers: Set<Prober>;
  readonly reads: ReadBacks;
  readonly tags: KnownTags;
  /** What a client of the API was told and should not have been, while nobody waited for it. */
  readonly strangeAnswers: string[];
  /** How often each step and behaviour was drawn. */
  readonly drawn: Map<string, number>;
  /** Addresses that did not answer well at some time. */
  readonly ill: Set<string>;
  readonly behaviours: Map<string, Behaviour>;
  readonly weights: readonly (readonly [StepKind, number])[];
  daemon: Daemon;
  unwatch: () => void;
  cursor: number;
  transitions: number;
  lateProbes: number;
  stalledMs: number;
  /** Wishes of operators for a run that were not answered yet. */
  wishes: number;
  readonly story: string[];
}
