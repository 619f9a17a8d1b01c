// Reads the bearer token that maglevds are shown with changes. The only file here that opens one.
import { readFileSync, statSync } from 'node:fs';
import { tokenFileBytesMax } from './limits.ts';

/** The token, without the white space around it; the refusal is a sentence that names the file. */
export function readTokenFile(path: string): { readonly token: string } | { readonly refusal: string } {
  try {
    if (statSync(path).size > tokenFileBytesMax) return { refusal: `${path} is too long for a token` };
    const token = readFileSync(path, 'utf8').trim();
    // RFC 6750, 2.1.
    return /^[\w.~+/-]+=*$/.test(token) ? { token } : { refusal: `${path} holds no token` };
  } catch (error) {
    return { refusal: (error as Error).message };
  }
}
