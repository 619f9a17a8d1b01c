// Whether figures of a process stayed flat: a line through the later samples, and what it says of the growth.
// Pure.

/** One look at the process. Bytes and counts. */
export interface Figures {
  readonly atMs: number;
  readonly residentBytes: number;
  /** After a collection. */
  readonly heapBytes: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly timers: number;
}

export type FigureName = Exclude<keyof Figures, 'atMs'>;

/** What the figure may grow within an hour, by the line through it. */
export const growthMaxPerHour: Readonly<Record<FigureName, number>> = {
  residentBytes: 32 * 2 ** 20,
  heapBytes: 4 * 2 ** 20,
  descriptors: 4,
  threads: 1,
  timers: 4,
};

const names = Object.keys(growthMaxPerHour) as FigureName[];
/** Caches fill and code is compiled in the first part. */
const warmShare = 1 / 3;
const hourMs = 3_600_000;

/** Slope of the least-squares line, per millisecond; 0 for fewer than two points. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const count = points.length;
  const mean = (index: 0 | 1) => points.reduce((sum, point) => sum + point[index], 0) / count;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (count < 2 || spread === 0) return 0;
  return points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}

export interface Trend {
  readonly name: FigureName;
  readonly first: number;
  readonly last: number;
  readonly max: number;
  /** By the line through the later two thirds, over their time. */
  readonly growth: number;
  readonly growthMax: number;
}

/**
 * One trend for each figure. A run that is shorter than an hour is allowed half an hour's growth: in
 * minutes a collection more or less decides the slope.
 */
export function trendsOf(samples: readonly Figures[]): Trend[] {
  const later = samples.slice(Math.floor(samples.length * warmShare));
  const spanMs = (later.at(-1)?.atMs ?? 0) - (later[0]?.atMs ?? 0);
  return names.map((name) => {
    const values = later.map((sample) => sample[name]);
    const growth = slope(later.map((sample) => [sample.atMs, sample[name]])) * spanMs;
    const growthMax = growthMaxPerHour[name] * Math.max(0.5, spanMs / hourMs);
    const [first = 0, last = 0] = [values[0], values.at(-1)];
    return { name, first, last, max: Math.max(...values), growth, growthMax };
  });
}

export function isFlat({ growth, growthMax }: Trend): boolean {
  return growth <= growthMax;
}
