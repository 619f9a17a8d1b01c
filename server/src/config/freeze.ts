// Makes a configuration unchangeable, Maps included. It must not know what is in it.
import type { Config } from './config.ts';

/** `config` itself, deeply frozen; its Maps throw when somebody tries to change them. */
export function freezeConfig(config: Config): Config {
  freeze(config);
  return config;
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  if (value instanceof Map) {
    for (const method of ['set', 'delete', 'clear']) {
      Object.defineProperty(value, method, { value: refuseChange });
    }
  }
  Object.freeze(value);
  const children = value instanceof Map ? value.values() : Object.values(value);
  for (const child of children) freeze(child);
}

function refuseChange(): never {
  throw new TypeError('a configuration cannot be changed');
}
