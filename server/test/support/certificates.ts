// Certificates made for a test: an authority and what it signs, right or wrong in any one way. ECDSA on
// P-256, since it is quick to make. It must not know who presents them. Fields and their order: RFC 5280.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { parseAddress } from '../../src/lib/address.ts';
import * as der from './der.ts';

export interface Identity {
  /** Leaf first, then the intermediates if there are any. */
  readonly certPem: string;
  readonly keyPem: string;
}

export interface LeafOptions {
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  readonly commonName?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Hexadecimal. */
  readonly serialNumber?: string;
  /** Where the certificate says that its revocation list lies. */
  readonly crlUrl?: string;
  /** For a client, not for a server. */
  readonly isClient?: boolean;
}

export interface Authority {
  readonly certPem: string;
  issue(options: LeafOptions): Identity;
  /** A revocation list that holds these serial numbers. */
  revocationListPem(serialNumbers: readonly string[]): string;
  /** An authority below this one; its leaves come with its certificate. */
  createIntermediate(options?: Pick<LeafOptions, 'notAfter'>): Authority;
}

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

interface Issuer {
  readonly name: string;
  readonly privateKey: KeyObject;
}

const dayMs = 24 * 3600_000;
export const daysFromNow = (days: number) => new Date(Date.now() + days * dayMs);

const makeKeys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keyPem = ({ privateKey }: Keys) => privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

let serial = 0x1000;
const nextSerial = () => (serial++).toString(16);

export function createAuthority(name: string): Authority {
  const keys = makeKeys();
  const issuer = { name, privateKey: keys.privateKey };
  const fields = { commonName: name, notBefore: daysFromNow(-3650) };
  return authority(certify(fields, authorityExtensions(), keys.publicKey, issuer), issuer, []);
}

/** A certificate that vouches for itself. */
export function createSelfSigned(options: LeafOptions): Identity {
  const keys = makeKeys();
  const issuer = { name: options.commonName ?? 'leaf', privateKey: keys.privateKey };
  return { certPem: certify(options, leafExtensions(options), keys.publicKey, issuer), keyPem: keyPem(keys) };
}

/** `sent` are the certificates that a leaf's server sends after its own. */
function authority(certPem: string, issuer: Issuer, sent: readonly string[]): Authority {
  return {
    certPem,
    issue(options) {
      const keys = makeKeys();
      const leaf = certify(options, leafExtensions(options), keys.publicKey, issuer);
      return { certPem: [leaf, ...sent].join(''), keyPem: keyPem(keys) };
    },
    revocationListPem: (serialNumbers) => revocationList(serialNumbers, issuer),
    createIntermediate({ notAfter = daysFromNow(365) } = {}) {
      const keys = makeKeys();
      const name = `intermediate of ${issuer.name}`;
      const fields = { commonName: name, notBefore: daysFromNow(-3650), notAfter };
      const subPem = certify(fields, authorityExtensions(), keys.publicKey, issuer);
      return authority(subPem, { name, privateKey: keys.privateKey }, [subPem, ...sent]);
    },
  };
}

const ecdsaWithSha256 = der.sequence(der.oid('1.2.840.10045.4.3.2'));
const nameOf = (commonName: string) =>
  der.sequence(der.set(der.sequence(der.oid('2.5.4.3'), der.utf8(commonName))));

function certify(fields: LeafOptions, extensions: readonly Buffer[], key: KeyObject, issuer: Issuer): string {
  const { notBefore = daysFromNow(-1), notAfter = daysFromNow(365), commonName = 'leaf' } = fields;
  const body = der.sequence(
    der.explicit(0, der.integer('02')),
    der.integer(fields.serialNumber ?? nextSerial()),
    ecdsaWithSha256,
    nameOf(issuer.name),
    der.sequence(der.time(notBefore), der.time(notAfter)),
    nameOf(commonName),
    key.export({ type: 'spki', format: 'der' }),
    der.explicit(3, der.sequence(...extensions)),
  );
  return der.pem('CERTIFICATE', signed(body, issuer));
}

function signed(body: Buffer, issuer: Issuer): Buffer {
  return der.sequence(body, ecdsaWithSha256, der.bits(sign('sha256', body, issuer.privateKey)));
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  return der.sequence(der.oid(id), ...(isCritical ? [der.truth()] : []), der.octets(value));
}

/** basicConstraints: a CA; keyUsage: keyCertSign and cRLSign. */
function authorityExtensions(): Buffer[] {
  return [
    extension('2.5.29.19', true, der.sequence(der.truth())),
    extension('2.5.29.15', true, der.bits(Buffer.from([0x06]), 1)),
  ];
}

/**
 * basicConstraints, extKeyUsage serverAuth or clientAuth, and as asked subjectAltName and
 * cRLDistributionPoints.
 */
function leafExtensions({ dnsNames = [], addresses = [], crlUrl, isClient }: LeafOptions): Buffer[] {
  const names = [
    ...dnsNames.map((name) => der.implicit(2, Buffer.from(name))),
    ...addresses.map((address) => der.implicit(7, addressBytes(address))),
  ];
  const extensions = [
    extension('2.5.29.19', true, der.sequence()),
    extension('2.5.29.37', false, der.sequence(der.oid(`1.3.6.1.5.5.7.3.${isClient ? 2 : 1}`))),
  ];
  if (names.length > 0) extensions.push(extension('2.5.29.17', false, der.sequence(...names)));
  if (crlUrl !== undefined) {
    const point = der.explicit(0, der.explicit(0, der.implicit(6, Buffer.from(crlUrl))));
    extensions.push(extension('2.5.29.31', false, der.sequence(der.sequence(point))));
  }
  return extensions;
}

function addressBytes(text: string): Uint8Array {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(`${text} ${parsed.reason}`);
  return parsed.address.bytes;
}

function revocationList(serialNumbers: readonly string[], issuer: Issuer): string {
  const entries = serialNumbers.map((number) => der.sequence(der.integer(number), der.time(daysFromNow(-1))));
  const body = der.sequence(
    der.integer('01'),
    ecdsaWithSha256,
    nameOf(issuer.name),
    der.time(daysFromNow(-1)),
    der.time(daysFromNow(30)),
    der.sequence(...entries),
  );
  return der.pem('X509 CRL', signed(body, issuer));
}
