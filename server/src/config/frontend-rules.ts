// Rules of the `frontends` section, one frontend at a time. It must not know other frontends.
import type { Address } from '../lib/address.ts';
import { describeMissing, type ReadBackend } from './backend-rules.ts';
import type { Frontend, Pool, PoolBackend } from './config.ts';
import { quote } from './path.ts';
import {
  type Check,
  checkRequired,
  complain,
  openList,
  openNamed,
  openSection,
  readAddress,
  readBoolean,
  readChoice,
  readInteger,
  readPowerOfTwo,
  readText,
  type Section,
} from './readers.ts';
import { descriptionProblem, nameProblem } from './text-rules.ts';

/** A frontend as the file has it; without `frontend` when it is not whole. */
export interface ReadFrontend {
  readonly name: string;
  readonly section: Section;
  readonly frontend: Frontend | undefined;
  /** Of its backends: the first one's. */
  readonly backendFamily: 4 | 6 | undefined;
}

type Backends = ReadonlyMap<string, ReadBackend>;

/** All frontends of the file, in order. */
export function readFrontends(check: Check, section: Section, backends: Backends): readonly ReadFrontend[] {
  return openNamed(check, section).map(([name, entry]) => readFrontend(check, name, entry, backends));
}

function readFrontend(check: Check, name: string, section: Section, backends: Backends): ReadFrontend {
  checkRequired(check, section);
  const description = readText(check, section, 'description', descriptionProblem);
  const address = readAddress(check, section, 'address');
  const service = readService(check, section);
  const members = createMembers();
  const pools = openList(check, section, 'pools').map((pool) => readPool(check, pool, backends, members));
  const settings = {
    srcIpSticky: readBoolean(section, 'src-ip-sticky') ?? false,
    flushOnDown: readBoolean(section, 'flush-on-down') ?? true,
    newFlowsTableLength: readPowerOfTwo(check, section, 'new-flows-table-length') ?? 1,
    weightSteps: readInteger(check, section, 'weight-steps') ?? 1,
  };
  const frontend = address &&
    service && {
      name,
      ...(description !== undefined && description !== '' && { description }),
      address: address.text,
      family: address.family,
      ...service,
      ...settings,
      pools,
    };
  return { name, section, frontend, backendFamily: members.first?.address.family };
}

type Service = { readonly protocol: 'tcp' | 'udp'; readonly port: number } | { readonly protocol: 'any' };

const allPortsRemedy = '; leave out protocol and port for all of them';

function readService(check: Check, section: Section): Service | undefined {
  const protocol = readChoice(check, section, 'protocol', ['tcp', 'udp'], allPortsRemedy);
  const port = readInteger(check, section, 'port');
  const hasProtocol = section.entries.has('protocol');
  const hasPort = section.entries.has('port');
  if (!hasProtocol && !hasPort) return { protocol: 'any' };
  if (!hasProtocol) {
    complain(check, section, 'protocol', 'required key is missing: a port needs tcp or udp');
  }
  if (!hasPort && protocol !== undefined) {
    complain(check, section, 'port', 'required key is missing: without a port leave out protocol too');
  }
  return protocol === undefined || port === undefined ? undefined : { protocol, port };
}

/** What the pools of one frontend have in common. */
interface Members {
  readonly poolNames: Set<string>;
  first: { readonly name: string; readonly address: Address } | undefined;
  readonly nameByAddress: Map<string, string>;
}

function createMembers(): Members {
  return { poolNames: new Set(), first: undefined, nameByAddress: new Map() };
}

function readPool(check: Check, section: Section, backends: Backends, members: Members): Pool {
  checkRequired(check, section);
  const name = readText(check, section, 'name', nameProblem) ?? '';
  if (name !== '' && members.poolNames.has(name)) {
    complain(check, section, 'name', `another pool of the frontend is named ${quote(name)}`);
  }
  members.poolNames.add(name);
  const entries = openNamed(check, openSection(section, 'backends'));
  const poolBackends: PoolBackend[] = entries.map(([backendName, entry]) => {
    const backend = backends.get(backendName);
    if (backend === undefined) {
      check.errors.add(entry.path, entry.offset, () => describeMissing('backend', backendName, backends));
    } else {
      checkMember(check, entry, backendName, backend.address, members);
    }
    return { name: backendName, weight: readInteger(check, entry, 'weight') ?? 0 };
  });
  return { name, backends: poolBackends };
}

function checkMember(
  check: Check,
  entry: Section,
  name: string,
  address: Address | undefined,
  members: Members,
): void {
  if (address === undefined) return;
  const { first } = members;
  if (first === undefined) members.first = { name, address };
  else if (first.address.family !== address.family) {
    const families = `is IPv${address.family} and ${quote(first.name)} IPv${first.address.family}`;
    const message = `${families}: a frontend needs one family`;
    check.errors.add(entry.path, entry.offset, message);
  }
  const other = members.nameByAddress.get(address.text);
  if (other === undefined) members.nameByAddress.set(address.text, name);
  else if (other !== name) {
    const message = `has the address of ${quote(other)}, ${address.text}: a frontend takes an address once`;
    check.errors.add(entry.path, entry.offset, message);
  }
}
