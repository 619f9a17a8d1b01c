// What a `ca-file` must hold. It must not read files.
import { X509Certificate } from 'node:crypto';
import type { CaFileResult } from './readers.ts';

const certificateBlock =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** The certificates in `text`, and nothing else of it: what stands beside them is often a key. */
export function readCertificates(text: string): CaFileResult {
  const blocks = text.match(certificateBlock) ?? [];
  if (blocks.length === 0) return { ok: false, reason: 'holds no PEM certificate' };
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return {
        ok: false,
        reason: `holds a certificate that cannot be read, number ${index + 1}: ${message}`,
      };
    }
  }
  return { ok: true, pem: `${blocks.join('\n')}\n` };
}
