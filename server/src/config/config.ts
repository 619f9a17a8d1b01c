// The shape of a checked configuration: defaults filled in, references resolved to names, order kept.
// It must not know YAML, files, or who reads it.

export type IpFamily = 4 | 6;

/** Inclusive range of HTTP status codes. */
export interface CodeRange {
  readonly first: number;
  readonly last: number;
}

export interface TlsParams {
  /** SNI and the name the certificate must carry; absent: derived from `host`, else the backend's address. */
  readonly serverName?: string;
  readonly insecureSkipVerify: boolean;
  readonly caFile?: string;
  /** Content of `caFile`, read when the configuration was loaded. PEM, one or more certificates. */
  readonly caPem?: string;
}

export interface HttpParams {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  /** Host header; absent: the backend's address (IPv6 in brackets), with `:port` unless it is the default. */
  readonly host?: string;
  /** In file order; names as written. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Sorted as written; a status matches when any range holds it. */
  readonly responseCode: readonly CodeRange[];
  /** RE2 syntax, matched on the first 64 KiB of the body. */
  readonly responseRegexp?: string;
}

interface HealthCheckCommon {
  readonly name: string;
  readonly intervalMs: number;
  readonly fastIntervalMs: number;
  readonly downIntervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  readonly probeIpv4Src?: string;
  readonly probeIpv6Src?: string;
}

export interface IcmpHealthCheck extends HealthCheckCommon {
  readonly type: 'icmp';
}
export interface TcpHealthCheck extends HealthCheckCommon {
  readonly type: 'tcp';
  readonly port: number;
  /** Present: a TLS handshake follows the connect. */
  readonly tls?: TlsParams;
}
export interface HttpHealthCheck extends HealthCheckCommon {
  readonly type: 'http';
  readonly port: number;
  readonly http: HttpParams;
}
export interface HttpsHealthCheck extends HealthCheckCommon {
  readonly type: 'https';
  readonly port: number;
  readonly http: HttpParams;
  readonly tls: TlsParams;
}
export type HealthCheck = IcmpHealthCheck | TcpHealthCheck | HttpHealthCheck | HttpsHealthCheck;
export type HealthCheckType = HealthCheck['type'];

export interface Backend {
  readonly name: string;
  /** Canonical text (RFC 5952 for IPv6). */
  readonly address: string;
  readonly family: IpFamily;
  /** Name of its health check; absent: static. */
  readonly healthcheck?: string;
  readonly enabled: boolean;
}

export interface PoolBackend {
  readonly name: string;
  /** 0..100 */
  readonly weight: number;
}

export interface Pool {
  readonly name: string;
  readonly backends: readonly PoolBackend[];
}

export interface Frontend {
  readonly name: string;
  readonly description?: string;
  /** Canonical text. */
  readonly address: string;
  readonly family: IpFamily;
  readonly protocol: 'tcp' | 'udp' | 'any';
  /** Absent iff protocol is `any`. */
  readonly port?: number;
  readonly srcIpSticky: boolean;
  readonly flushOnDown: boolean;
  readonly newFlowsTableLength: number;
  readonly weightSteps: number;
  readonly pools: readonly Pool[];
}

export interface LbConfig {
  readonly ipv4SrcAddress?: string;
  readonly ipv6SrcAddress?: string;
  readonly syncIntervalMs: number;
  readonly stickyBucketsPerCore: number;
  readonly flowTimeoutMs: number;
  readonly startupMinDelayMs: number;
  readonly startupMaxDelayMs: number;
}

/** A whole, valid configuration. Deeply frozen; Maps keep the file's order. */
export interface Config {
  readonly healthchecker: { readonly transitionHistory: number; readonly netns?: string };
  readonly lb: LbConfig;
  readonly healthchecks: ReadonlyMap<string, HealthCheck>;
  readonly backends: ReadonlyMap<string, Backend>;
  readonly frontends: ReadonlyMap<string, Frontend>;
}

export interface ConfigProblem {
  readonly kind: 'structural' | 'semantic';
  /** Where in the document, e.g. `maglev.backends.nginx0.address`; empty for the file as a whole. */
  readonly path: string;
  /** 1-based; 0 when there is no place (the file cannot be read). */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** What a check of a file gives: either a configuration or errors, and warnings in both cases. */
export type ConfigResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly ConfigProblem[] }
  | {
      readonly ok: false;
      readonly errors: readonly ConfigProblem[];
      readonly warnings: readonly ConfigProblem[];
    };
