// Which messages this VPP has, and under which numbers: ids change with plugins, version and restart. Pure.
import type { Message } from './codec.ts';

export class MessageTable {
  readonly #ids: ReadonlyMap<string, number>;

  constructor(rows: readonly { readonly id: number; readonly key: string }[]) {
    this.#ids = new Map(rows.map(({ id, key }) => [key, id]));
  }

  /** Undefined: this VPP does not have the message in this layout. */
  idOf({ key }: Pick<Message, 'key'>): number | undefined {
    return this.#ids.get(key);
  }

  /**
   * What is needed and not there, as `name_crc`; where only the layout differs, with the one that is there.
   */
  missing(needed: readonly Pick<Message, 'name' | 'key'>[]): string[] {
    return needed
      .filter((message) => this.idOf(message) === undefined)
      .map(({ name, key }) => {
        const other = [...this.#ids.keys()].find((present) => present.replace(/_[0-9a-f]{8}$/, '') === name);
        return other === undefined ? key : `${key} (there is ${other})`;
      });
  }
}
