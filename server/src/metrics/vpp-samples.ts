// Metrics of VPP: connection, calls, runs of the reconciler, counters of the VIPs. Pure.
import type { CountersSample, DataplaneInfo } from '../dataplane/dataplane.ts';
import { prefixText, protocolWord, type VipKey } from '../dataplane/lb-state.ts';
import { counter, gauge, type Metric, type Sample } from './metric.ts';

/** All that these metrics are made of. */
export interface VppView {
  readonly dataplane: { info(): DataplaneInfo; counters(): CountersSample | undefined };
  readonly reconciler: {
    journal(): {
      alarms(): ReadonlyMap<string, string>;
      operations(): ReadonlyMap<string, number>;
      runs(): ReadonlyMap<string, number>;
      driftCount(): number;
    };
  };
  /** By `${message} ${direction} ${result}`. */
  readonly calls: ReadonlyMap<string, number>;
  /** Wall time. */
  readonly nowMs: number;
}

export function vppMetrics(view: VppView): Metric[] {
  return [...connectionMetrics(view), ...syncMetrics(view), ...vipMetrics(view)];
}

function connectionMetrics({ dataplane, calls, nowMs }: VppView): Metric[] {
  const { connection, version = '', buildDate = '', pid, bootTimeMs, connectTimeMs } = dataplane.info();
  const connected = connection === 'connected';
  const since = (fromMs: number | undefined): Sample[] =>
    connected && fromMs !== undefined ? [{ labels: {}, value: Math.max(0, nowMs - fromMs) / 1000 }] : [];
  const info = { version, build_date: buildDate, pid: String(pid) };
  return [
    gauge('maglev_vpp_connected', 'Whether VPP is connected and can be programmed.', [
      { labels: {}, value: connected ? 1 : 0 },
    ]),
    gauge('maglev_vpp_incompatible', 'Whether VPP is there, but lacks messages that are needed.', [
      { labels: {}, value: connection === 'incompatible' ? 1 : 0 },
    ]),
    gauge('maglev_vpp_uptime_seconds', 'Time since VPP started.', since(bootTimeMs)),
    gauge('maglev_vpp_connected_seconds', 'Time since maglevd connected to VPP.', since(connectTimeMs)),
    gauge(
      'maglev_vpp_info',
      'Version, build date and process of the connected VPP; always 1.',
      connected ? [{ labels: info, value: 1 }] : [],
    ),
    counter(
      'maglev_vpp_api_total',
      "Messages to (send) and from (recv) VPP; result is ok or VPP's word for its refusal.",
      Array.from(calls, ([key, value]) => {
        const [msg = '', direction = '', result = ''] = key.split(' ');
        return { labels: { msg, direction, result }, value };
      }),
    ),
  ];
}

function syncMetrics({ reconciler }: VppView): Metric[] {
  const journal = reconciler.journal();
  const byScope = (counts: ReadonlyMap<string, number>, label: string) =>
    Array.from(counts, ([key, value]): Sample => {
      const [scope = '', word = ''] = key.split(' ');
      return { labels: { scope, [label]: word }, value };
    });
  return [
    counter(
      'maglev_vpp_lbsync_total',
      'Operations that VPP acknowledged, by kind; scope: full (all VIPs) or vip (chosen ones).',
      byScope(journal.operations(), 'kind'),
    ),
    counter(
      'maglev_vpp_lbsync_runs_total',
      'Runs of the reconciler; result: ok, refused by VPP, or lost on the way.',
      byScope(journal.runs(), 'result'),
    ),
    counter('maglev_vpp_drift_total', 'Differences found in VPP that somebody else made.', [
      { labels: {}, value: journal.driftCount() },
    ]),
    gauge(
      'maglev_vip_table_mismatch',
      'VIPs that are not what was programmed, although VPP took everything.',
      Array.from(journal.alarms().keys(), (vip) => ({ labels: { vip }, value: 1 })),
    ),
  ];
}

function vipMetrics({ dataplane }: VppView): Metric[] {
  const vips = [...(dataplane.counters()?.byVip.values() ?? [])];
  const labelsOf = (key: VipKey) => ({
    prefix: prefixText(key),
    protocol: protocolWord(key.protocol),
    port: key.port === 0 ? 'any' : String(key.port),
  });
  const routes = (pick: 'routePackets' | 'routeBytes'): Sample[] =>
    vips.flatMap(({ key, counters }) => {
      const value = counters[pick];
      return value === undefined ? [] : [{ labels: labelsOf(key), value: Number(value) }];
    });
  return [
    counter(
      'maglev_vip_packets_total',
      'Packets to the VIP: of known flows (next), first ones, without room for the flow, without a server.',
      vips.flatMap(({ key, counters: { next, first, untracked, noServer } }) =>
        Object.entries({ next, first, untracked, no_server: noServer }).map(([kind, value]) => ({
          labels: { ...labelsOf(key), kind },
          value: Number(value),
        })),
      ),
    ),
    counter(
      'maglev_vip_route_packets_total',
      "Packets to the VIP's prefix, all its ports together.",
      routes('routePackets'),
    ),
    counter(
      'maglev_vip_route_bytes_total',
      "Bytes to the VIP's prefix, all its ports together.",
      routes('routeBytes'),
    ),
  ];
}
