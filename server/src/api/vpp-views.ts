// From what VPP holds and counts to what the API shows. Pure: no request, no clock.
import type { Control } from '../control.ts';
import type { CountersSample, DataplaneInfo } from '../dataplane/dataplane.ts';
import { vipKeyOf } from '../dataplane/desired.ts';
import {
  type DesiredVip,
  type ObservedLb,
  type ObservedVip,
  prefixText,
  protocolWord,
  type VipKey,
  vipName,
} from '../dataplane/lb-state.ts';
import { findVipChange } from '../dataplane/plan.ts';
import type { Reconciler } from '../dataplane/reconciler.ts';
import { formatProtoDuration } from '../lib/duration.ts';
import type { CallTotals } from '../metrics/call-counts.ts';
import { formatTime } from './views.ts';
import type { LbCountersJson, LbStateJson, VppInfoJson } from './vpp-schemas.ts';

/** `calls` is absent where no VPP is configured: then nothing is counted. */
export function vppInfoView(info: DataplaneInfo, calls?: CallTotals): VppInfoJson {
  const { connection, reason, version, buildDate, buildDirectory, pid, bootTimeMs, connectTimeMs } = info;
  return {
    connection,
    ...(reason !== undefined && { reason }),
    ...(version !== undefined && { version }),
    ...(buildDate !== undefined && { buildDate }),
    ...(buildDirectory !== undefined && { buildDirectory }),
    ...(pid !== undefined && { pid }),
    ...(bootTimeMs !== undefined && { bootTime: formatTime(bootTimeMs) }),
    ...(connectTimeMs !== undefined && { connectTime: formatTime(connectTimeMs) }),
    ...(calls && { apiSent: calls.sent, apiReceived: calls.received }),
    missingCapabilities: [...info.missingCapabilities],
  };
}

export function lbStateView(
  control: Control,
  reconciler: Pick<Reconciler, 'desired' | 'predict'>,
  observed: ObservedLb,
): LbStateJson {
  const desired = reconciler.desired();
  const frontends = frontendsByVip(control);
  const { conf } = observed;
  return {
    at: formatTime(observed.atMs),
    conf: {
      ipv4SrcAddress: conf.ipv4SrcAddress.text,
      ipv6SrcAddress: conf.ipv6SrcAddress.text,
      stickyBucketsPerCore: conf.stickyBucketsPerCore,
      flowTimeout: formatProtoDuration(conf.flowTimeoutSeconds * 1000),
    },
    vips: Array.from(observed.vips.values(), (vip) => {
      const wanted = desired.vips.get(vipName(vip));
      return lbVipView(vip, frontends.get(vipName(vip)), wanted, reconciler.predict(vip));
    }),
    missingFrontends: Array.from(desired.vips.values())
      .filter((vip) => !observed.vips.has(vipName(vip)))
      .map((vip) => vip.frontend),
  };
}

function lbVipView(
  vip: ObservedVip,
  frontend: string | undefined,
  wanted: DesiredVip | undefined,
  predicted: readonly number[],
): LbStateJson['vips'][number] {
  const backends = new Map(wanted?.applicationServers.map(({ address, backend }) => [address.text, backend]));
  const isAsPredicted = vip.applicationServers.every(({ buckets }, index) => buckets === predicted[index]);
  const inSync = wanted && isAsPredicted && findVipChange(wanted, vip) === undefined;
  return {
    ...vipFields(vip, frontend),
    encap: vip.encap,
    srcIpSticky: vip.srcIpSticky,
    newFlowsTableLength: vip.newFlowsTableLength,
    ...(inSync !== undefined && { inSync }),
    applicationServers: vip.applicationServers.map(({ address, weight, buckets }, index) => {
      const backend = backends.get(address.text);
      return {
        address: address.text,
        ...(backend !== undefined && { backend }),
        weight,
        buckets,
        predictedBuckets: predicted[index] as number,
      };
    }),
  };
}

export function lbCountersView(control: Control, { atMs, byVip }: CountersSample): LbCountersJson {
  const frontends = frontendsByVip(control);
  return {
    at: formatTime(atMs),
    vips: Array.from(byVip, ([name, { key, counters }]) => {
      const { next, first, untracked, noServer, routePackets, routeBytes } = counters;
      return {
        ...vipFields(key, frontends.get(name)),
        next: Number(next),
        first: Number(first),
        untracked: Number(untracked),
        noServer: Number(noServer),
        ...(routePackets !== undefined && { routePackets: Number(routePackets) }),
        ...(routeBytes !== undefined && { routeBytes: Number(routeBytes) }),
      };
    }),
  };
}

function frontendsByVip(control: Control): ReadonlyMap<string, string> {
  const frontends = control.config().frontends.values();
  return new Map(Array.from(frontends, (frontend) => [vipName(vipKeyOf(frontend)), frontend.name]));
}

function vipFields(key: VipKey, frontend: string | undefined) {
  return {
    prefix: prefixText(key),
    protocol: protocolWord(key.protocol),
    ...(key.port !== 0 && { port: key.port }),
    ...(frontend !== undefined && { frontend }),
  };
}
