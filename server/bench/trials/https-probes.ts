// A whole TLS handshake for each probe on both sides: nginx keeps no sessions, HAProxy is told to reuse none.
import { httpsPort } from '../support/nginx.ts';
import { runStreamTrial, streamPackages } from '../support/stream-trial.ts';
import type { Trial } from '../trial.ts';

export const httpsProbes: Trial = {
  name: 'https-probes',
  about: '200 HTTPS backends at 1 s, beside HAProxy with check-ssl',
  needs: streamPackages,
  run: (context) =>
    runStreamTrial(context, {
      count: 200,
      port: httpsPort,
      check: ['type: https', 'params: { method: GET, path: /, insecure-skip-verify: true }'],
      haproxyLines: ['option httpchk GET /', 'http-check expect status 200-299'],
      haproxyServerWords: 'check-ssl verify none no-ssl-reuse',
      bars: {},
    }),
};
