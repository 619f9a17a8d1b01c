// Addresses that come again and again, as one value each: parsing costs, and so does memory that lives on.
import { type Address, addressFromBytes, formatIpv4, parseAddress } from './address.ts';
import { must } from './assert.ts';
import { addressBookMax } from './limits.ts';

export class AddressBook {
  readonly #byText = new Map<string, Address>();

  /** `text` must be an address: it was proven to be one before. */
  fromText(text: string): Address {
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const parsed = parseAddress(text);
    return this.#keep(text, must(parsed.ok ? parsed.address : undefined, `address in ${text}`));
  }

  /** 4 or 16 bytes, which are copied if they are kept. */
  fromBytes(bytes: Uint8Array): Address {
    const text = bytes.length === 4 ? formatIpv4(bytes) : addressFromBytes(bytes).text;
    return this.#byText.get(text) ?? this.#keep(text, addressFromBytes(bytes.slice()));
  }

  #keep(text: string, address: Address): Address {
    // What is not in use any more goes with what is: it comes back by itself.
    if (this.#byText.size >= addressBookMax) this.#byText.clear();
    this.#byText.set(text, address);
    return address;
  }
}
