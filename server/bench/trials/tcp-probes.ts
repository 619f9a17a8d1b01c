// Connections without a request.
import { httpPort } from '../support/nginx.ts';
import { runStreamTrial, streamPackages } from '../support/stream-trial.ts';
import type { Trial } from '../trial.ts';

export const tcpProbes: Trial = {
  name: 'tcp-probes',
  about: '1,000 TCP backends at 1 s, beside HAProxy with option tcp-check and a minimal C loop',
  needs: streamPackages,
  run: (context) =>
    runStreamTrial(context, {
      count: 1000,
      port: httpPort,
      check: ['type: tcp'],
      haproxyLines: ['option tcp-check'],
      bars: { ratioMax: 0.6, floorRatioMax: 1.3, lagMsMax: 20 },
      floor: 'tcp',
    }),
};
