// A whole TLS handshake for each probe on both sides: nginx keeps no sessions, HAProxy is told to reuse none.
import { httpsPort } from '../support/nginx.ts';
import { runStreamTrial, streamPackages } from '../support/stream-trial.ts';
import type { Trial } from '../trial.ts';

const fairness = `Both do a whole handshake per probe with the same P-256 certificate, judge it in no way, and
make one X25519 key in advance; nginx decides the version: Debian 12's speaks TLS 1.2 at most.`;

export const httpsProbes: Trial = {
  name: 'https-probes',
  about: '200 HTTPS backends at 1 s, beside HAProxy with check-ssl',
  needs: streamPackages,
  async run(context) {
    const { figures, notes } = await runStreamTrial(context, {
      count: 200,
      port: httpsPort,
      check: ['type: https', 'params: { method: GET, path: /, insecure-skip-verify: true }'],
      haproxyLines: ['option httpchk GET /', 'http-check expect status 200-299'],
      haproxyServerWords: 'check-ssl verify none no-ssl-reuse',
      bars: { ratioMax: 1 },
    });
    return { figures, notes: [...notes, fairness.replaceAll('\n', ' ')] };
  },
};
