// How VPP's lb plugin says no, and the requests that it does not survive.

/** VPP's return values, vnet/error.h. */
export const retvals = {
  ok: 0,
  unspecified: -1,
  noSuchFib: -3,
  noSuchEntry: -6,
  invalidMemorySize: -70,
  invalidArgument: -73,
  valueExists: -81,
  invalidAddressFamily: -97,
} as const;

/** The request ends the process of a real VPP (notes K1, K2, K3). A client must never cause it. */
export class VppCrash extends Error {}
