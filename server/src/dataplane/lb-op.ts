// One change of what VPP holds, as a value: what the plan consists of and what the dataplane applies.
import type { Address } from '../lib/address.ts';
import type { LbConf, VipKey } from './lb-state.ts';

/** For people: whom it serves and why; a VIP that nobody knows has no frontend. */
interface Because {
  readonly frontend?: string;
  readonly backend?: string;
  readonly why: string;
}

export type LbOp = Because &
  (
    | { readonly t: 'conf'; readonly conf: LbConf }
    | { readonly t: 'vip-add'; readonly vip: NewVip }
    | { readonly t: 'vip-delete'; readonly vip: VipKey }
    | {
        readonly t: 'as-add' | 'as-weight';
        readonly vip: VipKey;
        readonly address: Address;
        /** 0..100 */
        readonly weight: number;
        /** Cut its flows; of one that is added: those it had before it was deleted. */
        readonly flush: boolean;
      }
    /** Its flows are cut. */
    | { readonly t: 'as-delete'; readonly vip: VipKey; readonly address: Address }
  );

/** What a VIP is made with; anything else of it can be changed later. */
export interface NewVip extends VipKey {
  readonly encap: 'gre4' | 'gre6';
  readonly newFlowsTableLength: number;
  readonly srcIpSticky: boolean;
}
