// What the backends of a soak really were and when, and whether a transition of maglevd can be explained by
// it. Pure: times are arguments.

export interface TruthOptions {
  /** How long ago the cause of a transition may lie: all probes that it takes, and what they may be late. */
  readonly reachMs: number;
}

interface Turn {
  readonly atMs: number;
  readonly isWell: boolean;
}

export class Truth {
  readonly #reachMs: number;
  readonly #turns = new Map<string, Turn[]>();

  constructor({ reachMs }: TruthOptions) {
    this.#reachMs = reachMs;
  }

  /** From now on; until the first word a backend is well. */
  turn(backend: string, isWell: boolean, atMs: number): void {
    const turns = this.#turns.get(backend) ?? [];
    turns.push({ atMs, isWell });
    this.#turns.set(backend, turns);
  }

  isWell(backend: string): boolean {
    return this.#turns.get(backend)?.at(-1)?.isWell ?? true;
  }

  /** Whether the backend was what it is said to be, at some time within reach. */
  explains(backend: string, to: 'up' | 'down', atMs: number): boolean {
    const wanted = to === 'up';
    const turns = [{ atMs: Number.NEGATIVE_INFINITY, isWell: true }, ...(this.#turns.get(backend) ?? [])];
    return turns.some((turn, index) => {
      const endMs = turns[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
      return turn.isWell === wanted && turn.atMs <= atMs && endMs >= atMs - this.#reachMs;
    });
  }
}
