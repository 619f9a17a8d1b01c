// One change of what VPP holds, as a value: what the plan consists of and what the dataplane applies.
import type { Address } from '../lib/address.ts';
import type { DesiredVip, LbConf, VipKey } from './lb-state.ts';

/** `frontend` and `why` are for people; a VIP that nobody knows has no frontend. */
interface Because {
  readonly frontend?: string;
  readonly why: string;
}

export type LbOp = Because &
  (
    | { readonly t: 'conf'; readonly conf: LbConf }
    | { readonly t: 'vip-add'; readonly vip: DesiredVip }
    | { readonly t: 'vip-delete'; readonly vip: VipKey }
    | { readonly t: 'as-add'; readonly vip: VipKey; readonly address: Address; readonly weight: number }
    /** Its flows are cut. */
    | { readonly t: 'as-delete'; readonly vip: VipKey; readonly address: Address }
    | {
        readonly t: 'as-weight';
        readonly vip: VipKey;
        readonly address: Address;
        readonly weight: number;
        /** Cut its flows. */
        readonly flush: boolean;
      }
  );
