// The port's certificate, its key, and the authority of clients' certificates: read, held against each other,
// and read again when they change. It must not know what is served with them.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Clock } from '../lib/clock.ts';
import { tlsFileBytesMax, tlsLookIntervalMs } from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';

/** Values of the flags; empty = not given. */
export interface TlsPaths {
  /** PEM: the certificate first, then those between it and its authority. */
  readonly cert: string;
  /** PEM, without a passphrase. */
  readonly key: string;
  /** PEM: one authority or more. */
  readonly clientCa: string;
}

export interface TlsFiles {
  /** What Node makes a context of, from the files as last found right. */
  context(): SecureContextOptions;
  /** Whether clients are asked for a certificate. */
  readonly asksForCertificates: boolean;
  /** When the certificate ends, ms since the Unix epoch. */
  notAfterMs(): number;
  /** Reads the files now. Returns why they are not taken over, where they are not; that is logged too. */
  reload(): string | undefined;
  /** Calls back when other files are in use; returns how to stop that. */
  onChange(listener: () => void): () => void;
  /** Ends the looking for renewed files. */
  close(): void;
}

interface Content {
  readonly context: SecureContextOptions;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

type Checked =
  | { readonly ok: true; readonly content: Content }
  | { readonly ok: false; readonly fault: string };

/** A fault of a file on its way out of the readers below; caught in `checkTlsFiles` and nowhere else. */
class FileFault extends Error {}

/** Reads and checks; a fault is one sentence that names flag and file. Flags of no value are left out. */
export function checkTlsFiles(paths: TlsPaths): Checked {
  try {
    return { ok: true, content: readContent(paths) };
  } catch (error) {
    if (error instanceof FileFault) return { ok: false, fault: error.message };
    throw error;
  }
}

/**
 * Opens the files that the flags name, and looks every `tlsLookIntervalMs` whether they were renewed; renewed
 * files that are wrong are logged once, and the former ones stay in use. Undefined: no flag asks for TLS.
 * Throws a sentence that names flag and file.
 */
export function openTlsFiles(paths: TlsPaths, clock: Clock, log: Log): TlsFiles | undefined {
  if (paths.cert === '' && paths.key === '' && paths.clientCa === '') return undefined;
  if (paths.cert === '') throw new Error(`--${paths.key ? 'tls-key' : 'tls-client-ca'} needs --tls-cert`);
  if (paths.key === '') throw new Error('--tls-cert needs --tls-key');
  let print = fingerprint(paths);
  const checked = checkTlsFiles(paths);
  if (!checked.ok) throw new Error(checked.fault);
  let { content } = checked;
  const listeners = new Set<() => void>();
  warnOfValidity(content, paths, clock, log);

  function reload(): string | undefined {
    print = fingerprint(paths);
    const renewed = checkTlsFiles(paths);
    if (!renewed.ok) {
      log.error('tls-files-refused', { why: renewed.fault, effect: 'the former ones stay in use' });
      return renewed.fault;
    }
    if (!isSame(content, renewed.content)) {
      content = renewed.content;
      for (const listener of listeners) listener();
      log.info('tls-files-taken-over', { certificate: paths.cert, notAfter: isoOf(content.notAfterMs) });
    }
    warnOfValidity(content, paths, clock, log);
    return undefined;
  }
  function look(): void {
    if (fingerprint(paths) !== print) reload();
    timer = clock.setTimer(tlsLookIntervalMs, look);
  }
  let timer = clock.setTimer(tlsLookIntervalMs, look);
  return {
    context: () => content.context,
    asksForCertificates: paths.clientCa !== '',
    notAfterMs: () => content.notAfterMs,
    reload,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => timer.cancel(),
  };
}

/** Changes when a file is written, replaced, or comes or goes, also behind a symbolic link. */
function fingerprint({ cert, key, clientCa }: TlsPaths): string {
  const prints = [cert, key, clientCa].filter(Boolean).map((path) => {
    try {
      const { dev, ino, mtimeNs, size } = statSync(path, { bigint: true });
      return [dev, ino, mtimeNs, size].join(':');
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  });
  return prints.join(' ');
}

function isSame(one: Content, other: Content): boolean {
  const text = ({ context: { cert, key, ca } }: Content) => [cert, key, ca].join('\n');
  return text(one) === text(other);
}

function warnOfValidity(content: Content, { cert }: TlsPaths, clock: Clock, log: Log): void {
  const { notBeforeMs, notAfterMs } = content;
  const nowMs = clock.wallMs();
  if (nowMs > notAfterMs) {
    log.warn('tls-certificate-expired', { certificate: cert, notAfter: isoOf(notAfterMs) });
  } else if (nowMs < notBeforeMs) {
    log.warn('tls-certificate-not-yet-valid', { certificate: cert, notBefore: isoOf(notBeforeMs) });
  }
}

const isoOf = (wallMs: number) => new Date(wallMs).toISOString();

function readContent(paths: TlsPaths): Content {
  const cert = readText(paths.cert, 'tls-cert');
  const leaf = readCertificates(cert, paths.cert, 'tls-cert');
  const keyText = readText(paths.key, 'tls-key');
  const key = readKey(keyText, paths.key);
  if (!leaf.checkPrivateKey(key)) {
    throw new FileFault(
      `--tls-key: the key in ${paths.key} does not belong to the certificate in ${paths.cert}`,
    );
  }
  const context: SecureContextOptions = { cert, key: keyText, minVersion: 'TLSv1.2' };
  if (paths.clientCa !== '') {
    context.ca = readText(paths.clientCa, 'tls-client-ca');
    readCertificates(context.ca, paths.clientCa, 'tls-client-ca');
  }
  try {
    createSecureContext(context);
  } catch (error) {
    // E.g. a key that is too short for OpenSSL's security level.
    throw new FileFault(`--tls-cert: ${paths.cert} cannot be used: ${(error as Error).message}`);
  }
  const { validFromDate, validToDate } = leaf;
  return { context, notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() };
}

const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The first of a file's certificates; every one of them is looked at. */
function readCertificates(text: string, path: string, flag: string): X509Certificate {
  const certificates = Array.from(text.matchAll(certificatePattern), ([pem], index) => {
    try {
      return new X509Certificate(pem);
    } catch (error) {
      const message = `certificate ${index + 1} of ${path} cannot be read: ${(error as Error).message}`;
      throw new FileFault(`--${flag}: ${message}`);
    }
  });
  const [first] = certificates;
  if (!first) throw new FileFault(`--${flag}: ${path} holds no certificate in PEM form`);
  return first;
}

function readKey(text: string, path: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new FileFault(`--tls-key: ${path} holds no private key in PEM form`);
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const needsPassphrase = code === 'ERR_MISSING_PASSPHRASE' || /ENCRYPTED/.test(text);
    const why = needsPassphrase ? 'it has a passphrase, which cannot be given: remove it' : message;
    throw new FileFault(`--tls-key: the key in ${path} cannot be read: ${why}`);
  }
}

/** A plain file of no absurd size: a FIFO would hold the daemon up. */
function readText(path: string, flag: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new FileFault(`--${flag}: ${path} is no file`);
    if (stat.size > tlsFileBytesMax) throw new FileFault(`--${flag}: ${path} is larger than 1 MiB`);
    return readFileSync(descriptor, 'utf8');
  } catch (error) {
    if (error instanceof FileFault) throw error;
    throw new FileFault(`--${flag}: cannot read ${path}: ${reasonOf(error as NodeJS.ErrnoException)}`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'the daemon may not read it';
  return message;
}
