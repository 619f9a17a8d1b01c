// Every bound of the daemon, by name. A number that limits something lives here and nowhere else.

/** Names of frontends, pools, backends and health checks. */
export const nameLengthMax = 63;

// --- configuration file
export const configFileBytesMax = 16 * 1024 * 1024;
export const yamlAliasCountMax = 10_000;
export const configErrorCountMax = 200;
export const descriptionLengthMax = 1024;
export const backendCountMax = 100_000;
export const frontendCountMax = 10_000;
export const httpPathLengthMax = 2048;
export const httpHeaderCountMax = 64;
export const httpHeaderValueLengthMax = 4096;
export const responseRegexpLengthMax = 1024;
export const intervalMsMin = 10;
export const intervalMsMax = 24 * 3600 * 1000;
export const timeoutMsMin = 1;
export const timeoutMsMax = 10 * 60 * 1000;
export const riseFallMax = 1000;
export const transitionHistoryMax = 1000;
export const caFileBytesMax = 4 * 1024 * 1024;

// --- probes
/** Status line of a reply, without its line end. */
export const statusLineBytesMax = 8 * 1024;
/** Status line and headers of a reply together (interim 1xx replies count towards it). */
export const responseHeadBytesMax = 64 * 1024;
/** How much of a body `response-regexp` sees. */
export const responseBodyBytesMax = 64 * 1024;
/** Text of a result's detail. */
export const detailLengthMax = 256;
export const icmpPayloadBytes = 32;

// --- checker
/** Probes are started, and deadlines seen, on a grid of this many milliseconds. */
export const scheduleTickMs = 20;
/** A timer may fire this much before its time; what it was set for counts as due. */
export const timerEarlyMs = 1;
export const probesInFlightMax = 4096;
/** Probes started in one go before I/O is looked at again. */
export const probeStartsPerTickMax = 256;
/** A delay of our own loop below this is noise, not lateness. */
export const stallNoiseMs = 10;
/** Share of a probe's timeout that our own delay may take before its time-out proves nothing. */
export const stallShareMax = 0.25;
export const jitterShare = 0.1;

// --- overrides
export const overridesFileBytesMax = 16 * 1024 * 1024;
export const reasonLengthMax = 256;
/** Who did it, as the API names the caller. */
export const operatorLengthMax = 256;
/** Names looked at for a "did you mean". */
export const nearNameCandidatesMax = 5_000;
/** Files moved aside within one millisecond. */
export const asideNameTriesMax = 100;

// --- events
export const eventRingCountMax = 2000;
export const eventRingAgeMsMax = 30_000;

// --- api
export const requestBodyBytesMax = 64 * 1024;
export const requestTimeoutMs = 10_000;
export const headersTimeoutMs = 10_000;
export const keepAliveTimeoutMs = 65_000;
export const connectionsMax = 10_000;

// --- daemon
/** A stop that takes longer than this is forced. */
export const stopDeadlineMs = 5_000;
