// Rules between frontends: what VPP can hold side by side. It must not know what is inside a frontend.
import type { ReadFrontend } from './frontend-rules.ts';
import { quote } from './path.ts';
import { type Check, complain } from './readers.ts';

/** The frontends of one VIP address so far, in file order. */
interface Vip {
  readonly nameByService: Map<string, string>;
  /** The first whose backends' family is known. */
  family: { readonly name: string; readonly of: 4 | 6 } | undefined;
}

/** Adds a problem to every frontend that an earlier one excludes. */
export function checkVips(check: Check, frontends: readonly ReadFrontend[]): void {
  const vips = new Map<string, Vip>();
  for (const read of frontends) {
    if (read.frontend === undefined) continue;
    const { address } = read.frontend;
    const vip = vips.get(address) ?? { nameByService: new Map(), family: undefined };
    vips.set(address, vip);
    checkService(check, read, vip);
    checkFamily(check, read, vip);
  }
}

function checkService(check: Check, read: ReadFrontend, vip: Vip): void {
  const { protocol, port, address } = read.frontend ?? {};
  const service = protocol === 'any' ? 'any' : `${protocol} ${port}`;
  const [firstService, firstName] = vip.nameByService.entries().next().value ?? [];
  const same = vip.nameByService.get(service);
  if (same !== undefined) {
    const what = service === 'any' ? `all ports of ${address}` : `${address} ${service}`;
    complain(check, read.section, 'address', `frontend ${quote(same)} has ${what} already`);
  } else if (firstName !== undefined && service === 'any') {
    const what = `${firstService} on ${address}: all ports cannot be beside one`;
    complain(check, read.section, 'address', `frontend ${quote(firstName)} has ${what}`);
  } else if (firstName !== undefined && firstService === 'any') {
    const what = `all ports of ${address}: one port cannot be beside them`;
    complain(check, read.section, 'address', `frontend ${quote(firstName)} has ${what}`);
  }
  if (same === undefined) vip.nameByService.set(service, read.name);
}

/** VPP holds one encap per prefix. */
function checkFamily(check: Check, read: ReadFrontend, vip: Vip): void {
  const family = read.backendFamily;
  if (family === undefined) return;
  if (vip.family === undefined) vip.family = { name: read.name, of: family };
  else if (vip.family.of !== family) {
    const { name, of } = vip.family;
    const message = `has IPv${family} backends, but ${quote(name)} on the same address has IPv${of} ones`;
    complain(check, read.section, 'address', message);
  }
}
