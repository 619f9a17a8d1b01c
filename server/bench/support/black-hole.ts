// Addresses whose packets vanish without a word: a veth pair whose other end takes nothing that is not meant
// for it. Inside the bench's own namespace. It must not know who sends there.
import { execFileSync } from 'node:child_process';

const near = 'hole0';
const far = 'hole1';

/** 10.64.0.1 and up. */
export function blackHoleAddress(index: number): string {
  const number = index + 1;
  return `10.${64 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
}

/** Makes the addresses routable; gives what takes them away again. */
export function openBlackHole(): () => void {
  const ip = (line: string) => execFileSync('ip', line.split(' '), { stdio: 'pipe' });
  ip(`link add ${near} type veth peer name ${far}`);
  ip(`address add 10.63.0.1/24 dev ${near}`);
  ip(`link set ${near} up`);
  ip(`link set ${far} up`);
  // One neighbour for all, which the far end does not take itself for.
  ip(`neighbour add 10.63.0.2 lladdr 02:00:00:00:00:02 dev ${near} nud permanent`);
  ip(`route add 10.64.0.0/14 via 10.63.0.2 dev ${near}`);
  return () => ip(`link delete ${near}`);
}
