// A protocol and its port in one word: `tcp/80`, `any`. Pure.

export function portText(of: { readonly protocol: string; readonly port?: number }): string {
  return of.port === undefined ? of.protocol : `${of.protocol}/${of.port}`;
}
