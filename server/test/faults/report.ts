// The table of faults as a document. Pure.

export interface FaultRow {
  readonly name: string;
  readonly done: string;
  readonly promised: string;
  readonly seen: string;
  readonly isKept: boolean;
}

const head = `# Faults by hand

What happens to maglevd when the world around it breaks, with real processes: a maglevd, backends, and VPP as
the simulator plays it, in namespaces of their own. \`npm run faults -- --write\` (as root, five minutes) does
all of it again and writes this page; it fails where a promise is not kept.

| fault | what is done | what is promised | what was seen |
|---|---|---|---|
`;

/** One cell: no line ends, no bars. */
const cell = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim();

export function renderFaults(rows: readonly FaultRow[]): string {
  const lines = rows.map(({ name, done, promised, seen, isKept }) => {
    const cells = [name, done, promised, isKept ? seen : `**not kept:** ${seen}`].map(cell);
    return `| ${cells.join(' | ')} |\n`;
  });
  return head + lines.join('');
}
