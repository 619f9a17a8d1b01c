// The types of a configuration, taken from what the server exports. Nothing else of it is known here.
import type { parseConfigBytes } from '@vpp-maglev/server/config';

export type ConfigResult = ReturnType<typeof parseConfigBytes>;
export type Config = Extract<ConfigResult, { ok: true }>['config'];
type ValueOf<M> = M extends ReadonlyMap<string, infer V> ? V : never;
export type Frontend = ValueOf<Config['frontends']>;
export type HealthCheck = ValueOf<Config['healthchecks']>;
