// What Linux counts: CPU time and memory of a process, load of a processor, connections and echoes.
// It must not know who is measured.
import { readFileSync } from 'node:fs';
import { BrokenRun } from '../trial.ts';

/** USER_HZ: the same on every Linux that Node runs on. */
const ticksPerSecond = 100;
const msPerTick = 1000 / ticksPerSecond;

export interface CpuTime {
  readonly userMs: number;
  readonly systemMs: number;
}

/** CPU time of a process with all its threads, those that have ended included. */
export function readCpuTime(pid: number): CpuTime {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in brackets may hold anything; utime and stime are the 14th and 15th field of the whole.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { userMs: Number(fields[11]) * msPerTick, systemMs: Number(fields[12]) * msPerTick };
}

export function readResidentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

/** Time that a processor has been busy, for whomever, since boot. */
export function readBusyMs(cpu: number): number {
  const line = readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`cpu${cpu} `));
  // user nice system idle iowait irq softirq steal; guests are part of user.
  const fields = line?.split(' ').slice(1, 9).map(Number) ?? [];
  const sum = fields.reduce((total, ticks) => total + ticks, 0);
  return (sum - (fields[3] ?? 0) - (fields[4] ?? 0)) * msPerTick;
}

/** Processors that this process may use, in order. */
export function allowedCpus(): readonly number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Counters of the network namespace that this process is in. */
export type NetCounter = 'Tcp ActiveOpens' | 'Icmp OutEchos';

export function readNetCounter(counter: NetCounter): number {
  const [group = '', name = ''] = counter.split(' ');
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(' '));
  const value = values?.[names?.indexOf(name) ?? -1];
  if (value === undefined) throw new BrokenRun(`the kernel does not count ${counter}`);
  return Number(value);
}
