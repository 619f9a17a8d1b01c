// The trial that the project's goal for plain probes is read from.
import { httpPort } from '../support/nginx.ts';
import { runStreamTrial, streamPackages } from '../support/stream-trial.ts';
import type { Trial } from '../trial.ts';

export const httpProbes: Trial = {
  name: 'http-probes',
  about: '1,000 HTTP backends at 1 s, beside HAProxy with option httpchk and a minimal C loop',
  needs: streamPackages,
  run: (context) =>
    runStreamTrial(context, {
      count: 1000,
      port: httpPort,
      check: ['type: http', 'params: { method: GET, path: / }'],
      haproxyLines: ['option httpchk GET /', 'http-check expect status 200-299'],
      bars: { ratioMax: 0.6, floorRatioMax: 1.3, lagMsMax: 20 },
      floor: 'http',
    }),
};
