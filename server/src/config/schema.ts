// The shape of maglev.yaml: every key with its type, default, limits and meaning. From it come the check for
// unknown keys and wrong types, the defaults and limits of the readers, and the JSON Schema for editors.
// It must not know YAML; what no schema can say (references, families) is in the rules.
import { Type } from 'typebox';
import { durationPattern } from '../lib/duration.ts';
import * as limits from '../lib/limits.ts';

/** What the checks read of a schema; TypeBox's objects have exactly this shape. */
export interface SchemaNode {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** One pattern at most: the names of a section. */
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

/** Names of frontends, pools, backends and health checks. */
export const namePattern = `^[A-Za-z0-9][A-Za-z0-9._-]{0,${limits.nameLengthMax - 1}}$`;
/** RFC 9110, 5.6.2. */
export const headerNamePattern = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
/** What `ip netns` can make, without a way out of its folder. */
export const netnsPattern = `^[A-Za-z0-9_][A-Za-z0-9._@:+-]{0,${limits.netnsLengthMax - 1}}$`;

const closed = { additionalProperties: false };
const optional = Type.Optional;

function duration(description: string, options: { default?: string; examples?: string[] } = {}) {
  const examples = options.examples ?? [options.default ?? '2s'];
  return Type.String({ description, pattern: durationPattern, ...options, examples });
}

function integer(description: string, minimum: number, maximum: number, options = {}) {
  return Type.Integer({ description, minimum, maximum, ...options });
}

function flag(description: string, value?: boolean) {
  return Type.Boolean(value === undefined ? { description } : { description, default: value });
}

function address(description: string, ...examples: string[]) {
  return Type.String({ description, examples });
}

function named<T extends Type.TSchema>(
  description: string,
  schema: T,
  maxProperties: number,
  minProperties = 0,
) {
  const name = Type.String({ pattern: namePattern });
  return Type.Record(name, schema, { ...closed, description, minProperties, maxProperties });
}

const healthCheckerSchema = Type.Object(
  {
    'transition-history': optional(
      integer('Transitions kept per backend.', 1, limits.transitionHistoryMax, { default: 5 }),
    ),
    netns: optional(
      Type.String({
        description: 'Linux network namespace in which all probes run; absent: the one of maglevd.',
        pattern: netnsPattern,
        examples: ['dataplane'],
      }),
    ),
  },
  { ...closed, description: 'How maglevd probes, whatever the backend.' },
);

const lbSchema = Type.Object(
  {
    'ipv4-src-address': optional(
      address('Source of the GRE packets to IPv4 backends; required when a frontend has some.', '192.0.2.1'),
    ),
    'ipv6-src-address': optional(
      address(
        'Source of the GRE packets to IPv6 backends; required when a frontend has some.',
        '2001:db8::1',
      ),
    ),
    'sync-interval': optional(
      duration('How often all of what VPP holds is read back and compared.', { default: '30s' }),
    ),
    'sticky-buckets-per-core': optional(
      integer("Buckets of VPP's sticky table, per core; a power of two.", 1, limits.stickyBucketsPerCoreMax, {
        default: 65_536,
      }),
    ),
    'flow-timeout': optional(
      duration('How long VPP remembers an idle flow; whole seconds, 1s to 120s.', { default: '40s' }),
    ),
    'startup-min-delay': optional(
      duration('After its start maglevd leaves VPP alone for this long.', { default: '5s' }),
    ),
    'startup-max-delay': optional(
      duration('After this long every frontend is programmed, whatever is still unknown.', {
        default: '30s',
      }),
    ),
  },
  { ...closed, description: "The settings of VPP's lb plugin." },
);

const responseCodeSchema = Type.Union(
  [integer('One code.', 100, 599), Type.String({ maxLength: limits.responseCodeLengthMax })],
  {
    description: 'Codes that pass: a number, or a string with codes and ranges. http, https.',
    default: '200-299',
    examples: [204, '200-299', '200,204,300-399'],
  },
);

const paramsSchema = Type.Object(
  {
    method: optional(Type.String({ description: 'http, https.', enum: ['GET', 'HEAD'], default: 'GET' })),
    path: optional(
      Type.String({
        description: 'Path and query of the request. http, https.',
        maxLength: limits.httpPathLengthMax,
        default: '/',
        examples: ['/healthz'],
      }),
    ),
    host: optional(
      Type.String({
        description: "Host header; absent: the backend's address. http, https.",
        maxLength: limits.hostLengthMax,
        examples: ['www.example.org'],
      }),
    ),
    headers: optional(
      Type.Record(
        Type.String({ pattern: headerNamePattern }),
        Type.String({ maxLength: limits.httpHeaderValueLengthMax }),
        {
          ...closed,
          maxProperties: limits.httpHeaderCountMax,
          description: 'Further request headers. http, https.',
          examples: [{ 'X-Check': 'maglev' }],
        },
      ),
    ),
    'response-code': optional(responseCodeSchema),
    'response-regexp': optional(
      Type.String({
        description: 'RE2 pattern that the first 64 KiB of the body must match. http, https.',
        maxLength: limits.responseRegexpLengthMax,
        examples: ['^ok'],
      }),
    ),
    tls: optional(flag('A TLS handshake follows the connect. tcp.', false)),
    'server-name': optional(
      Type.String({
        description: 'SNI, and the name that the certificate must carry. https, tcp with tls.',
        maxLength: limits.serverNameLengthMax,
        examples: ['www.example.org'],
      }),
    ),
    'insecure-skip-verify': optional(flag('Takes any certificate. https, tcp with tls.', false)),
    'ca-file': optional(
      Type.String({
        description: "PEM certificates trusted besides the system's. https, tcp with tls.",
        maxLength: limits.caFilePathLengthMax,
        examples: ['/etc/ssl/internal.pem'],
      }),
    ),
  },
  { ...closed, description: 'What depends on the type; none for icmp.' },
);

export type HealthCheckTypeName = 'icmp' | 'tcp' | 'http' | 'https';

const tlsKeys = ['server-name', 'insecure-skip-verify', 'ca-file'];
const httpKeys = ['method', 'path', 'host', 'headers', 'response-code', 'response-regexp'];

/** Which of the parameters each type takes. */
export const paramsByType: Readonly<Record<HealthCheckTypeName, readonly string[]>> = {
  icmp: [],
  tcp: ['tls', ...tlsKeys],
  http: httpKeys,
  https: [...httpKeys, ...tlsKeys],
};

/**
 * Taken with a warning: they say nothing to a probe without TLS, and come with a check that was https once.
 */
export const idleParamsByType: Readonly<Record<HealthCheckTypeName, readonly string[]>> = {
  icmp: [],
  tcp: [],
  http: tlsKeys,
  https: [],
};

/** For editors: what a type requires and refuses. The rules say the same in better words. */
const conditions = Object.entries(paramsByType).map(([type, applying]) => {
  const keys = [...applying, ...idleParamsByType[type as HealthCheckTypeName]];
  const params = keys.length === 0 ? { maxProperties: 0 } : { propertyNames: { enum: keys } };
  const properties = type === 'icmp' ? { params, port: false } : { params };
  return {
    if: { properties: { type: { const: type } }, required: ['type'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties, required: type === 'icmp' ? [] : ['port'] },
  };
});

const healthCheckSchema = Type.Object(
  {
    type: Type.String({ description: 'How to probe.', enum: Object.keys(paramsByType) }),
    port: optional(integer('Port to probe; required for all types but icmp.', 1, 65_535)),
    interval: optional(duration('Between probes while up and steady.', { default: '2s' })),
    'fast-interval': optional(
      duration('Between probes while unknown or changing; absent: interval.', { examples: ['500ms'] }),
    ),
    'down-interval': optional(
      duration('Between probes while fully down; absent: interval.', { examples: ['10s'] }),
    ),
    timeout: optional(duration('For one probe, from its start to the verdict.', { default: '1s' })),
    rise: optional(integer('Passes in a row that make it up.', 1, limits.riseFallMax, { default: 2 })),
    fall: optional(integer('Failures in a row that make it down.', 1, limits.riseFallMax, { default: 3 })),
    'probe-ipv4-src': optional(address('Source of probes to IPv4 backends.', '192.0.2.9')),
    'probe-ipv6-src': optional(address('Source of probes to IPv6 backends.', '2001:db8::9')),
    params: optional(paramsSchema),
  },
  { ...closed, description: 'How a backend is probed, and how often.', allOf: conditions },
);

const backendSchema = Type.Object(
  {
    address: address('Where it is probed and where VPP sends its flows.', '192.0.2.10', '2001:db8::10'),
    healthcheck: optional(
      Type.String({ description: 'Name of its health check; absent: static, always up while enabled.' }),
    ),
    enabled: optional(flag('false: no probes, no flows.', true)),
  },
  { ...closed, description: 'A machine that serves.' },
);

const poolBackendSchema = Type.Object(
  {
    weight: optional(
      integer('Share of new flows, beside the others.', 0, limits.weightMax, { default: 100 }),
    ),
  },
  { ...closed, description: 'A backend of the pool.' },
);

const poolSchema = Type.Object(
  {
    name: Type.String({ description: 'Unique in its frontend.', pattern: namePattern }),
    backends: named('Backends of the pool, by name.', poolBackendSchema, limits.backendCountMax, 1),
  },
  { ...closed, description: 'Backends that serve together.' },
);

const frontendSchema = Type.Object(
  {
    description: optional(
      Type.String({ description: 'For people.', maxLength: limits.descriptionLengthMax }),
    ),
    address: address('The VIP, programmed as /32 or /128.', '198.51.100.80', '2001:db8:1::80'),
    protocol: optional(
      Type.String({
        description: 'Absent, as is the port: every protocol and port of the address.',
        enum: ['tcp', 'udp'],
      }),
    ),
    port: optional(integer('Port of the VIP; goes with protocol.', 1, 65_535)),
    'src-ip-sticky': optional(flag('Flows of one client address go to one backend.', false)),
    'flush-on-down': optional(flag('The sticky flows of a backend are dropped when it goes down.', true)),
    'new-flows-table-length': optional(
      integer('Buckets of the table for new flows; a power of two.', 1, limits.newFlowsTableLengthMax, {
        default: 16_384,
      }),
    ),
    'weight-steps': optional(
      integer('Resolution in which weights are programmed.', 1, limits.weightStepsMax, { default: 10 }),
    ),
    pools: Type.Array(poolSchema, {
      description: 'In order: the first pool with a usable backend serves.',
      minItems: 1,
      maxItems: limits.poolCountMax,
    }),
  },
  {
    ...closed,
    description: 'A VIP and who serves it.',
    dependentRequired: { port: ['protocol'], protocol: ['port'] },
  },
);

const maglevSchema = Type.Object(
  {
    healthchecker: optional(healthCheckerSchema),
    vpp: optional(Type.Object({ lb: optional(lbSchema) }, { ...closed, description: 'What VPP is told.' })),
    healthchecks: optional(named('Health checks, by name.', healthCheckSchema, limits.backendCountMax)),
    backends: optional(named('Backends, by name.', backendSchema, limits.backendCountMax)),
    frontends: optional(named('Frontends, by name.', frontendSchema, limits.frontendCountMax)),
  },
  { ...closed, description: 'Everything.' },
);

const fileSchema = Type.Object({ maglev: maglevSchema }, closed);

/** The schema of the whole file. */
export const rootSchema: SchemaNode = fileSchema as unknown as SchemaNode;

/** What `--print-schema` prints: JSON Schema, draft 2020-12. */
export function renderJsonSchema(): string {
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'maglev.yaml',
    description: 'Configuration of maglevd.',
  };
  return `${JSON.stringify(allowEmpty({ ...head, ...fileSchema }), null, 2)}\n`;
}

/** A section with nothing behind its key is an empty one, in JSON null; not where something is needed. */
function allowEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(allowEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const { required, minProperties } = value as SchemaNode;
  const mayBeEmpty = (required ?? []).length === 0 && (minProperties ?? 0) === 0;
  const entries = Object.entries(value).map(([key, child]) =>
    key === 'type' && child === 'object' && mayBeEmpty ? [key, ['object', 'null']] : [key, allowEmpty(child)],
  );
  return Object.fromEntries(entries);
}
