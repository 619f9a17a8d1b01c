// The trials by name, in the order in which they run: where a new one gets its line.
import { clientStartUp } from '../../client/bench/start-up.ts';
import type { Trial } from './trial.ts';
import { apiGet } from './trials/api-get.ts';
import { blackHoles } from './trials/black-holes.ts';
import { eventsStorm } from './trials/events-storm.ts';
import { growth } from './trials/growth.ts';
import { httpProbes } from './trials/http-probes.ts';
import { httpTenThousand } from './trials/http-ten-thousand.ts';
import { httpsProbes } from './trials/https-probes.ts';
import { icmpProbes } from './trials/icmp-probes.ts';
import { metricsPage } from './trials/metrics-page.ts';
import { probeOverhead } from './trials/probe-overhead.ts';
import { reload } from './trials/reload.ts';
import { tcpProbes } from './trials/tcp-probes.ts';
import { vppSync } from './trials/vpp-sync.ts';
import { vppVerdict } from './trials/vpp-verdict.ts';

export const trials: readonly Trial[] = [
  httpProbes,
  tcpProbes,
  httpsProbes,
  icmpProbes,
  httpTenThousand,
  blackHoles,
  probeOverhead,
  reload,
  metricsPage,
  apiGet,
  eventsStorm,
  vppSync,
  vppVerdict,
  clientStartUp,
  growth,
];
