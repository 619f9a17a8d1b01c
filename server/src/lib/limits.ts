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
/** Levels of nesting; a configuration has eight. */
export const yamlDepthMax = 64;
/** Lexical tokens of a file; one of `configFileBytesMax` has about this many. */
export const yamlTokenCountMax = 6_000_000;
/** Errors after which the YAML parser gives up. */
export const yamlErrorCountMax = 1_000;
/** Values of a document with its aliases expanded. */
export const yamlValueCountMax = 4_000_000;
/** Text of a file that a message repeats. */
export const quotedLengthMax = 80;
export const durationLengthMax = 32;
export const syncIntervalMsMin = 100;
export const syncIntervalMsMax = 24 * 3600 * 1000;
export const flowTimeoutMsMin = 1000;
export const flowTimeoutMsMax = 120 * 1000;
export const startupDelayMsMax = 3600 * 1000;
export const stickyBucketsPerCoreMax = 2 ** 20;
export const newFlowsTableLengthMax = 2 ** 20;
export const weightMax = 100;
export const weightStepsMax = 100;
export const poolCountMax = 64;
export const netnsLengthMax = 255;
/** A Host header: a name of 255 characters, a colon and a port. */
export const hostLengthMax = 261;
export const serverNameLengthMax = 253;
export const responseCodeLengthMax = 1024;
export const caFilePathLengthMax = 4095;

// --- probes
/** Status line of a reply, without its line end. */
export const statusLineBytesMax = 8 * 1024;
/** Status line and headers of a reply together (interim 1xx replies count towards it). */
export const responseHeadBytesMax = 64 * 1024;
/** How much of a body `response-regexp` sees. */
export const responseBodyBytesMax = 64 * 1024;
/** Text of a result's detail. */
export const detailLengthMax = 256;
/** Bytes from the wire that a detail quotes. */
export const detailQuoteBytesMax = 40;
/** A first line that is not HTTP is known for it after this many bytes, without waiting for its end. */
export const notHttpBytesMin = 24;
/** Size of a chunk with its extensions, line end included. */
export const chunkLineBytesMax = 1024;
/** Names of a certificate that a detail lists. */
export const certificateNamesShownMax = 3;
/** Intermediate certificates that are looked at to explain an expired chain. */
export const certificateChainLengthMax = 10;
/** TLS contexts kept for reuse, one per distinct CA file; each holds all of the system's CAs. */
export const tlsContextsMax = 64;
/** Plain probes that one engine runs at a time: more than the checker ever asks for. */
export const engineSlotsMax = 32_768;
/** Bytes of replies that wait in an engine; when they are more, it does not read on. */
export const engineReceivedBytesMax = 4 * 1024 * 1024;
/** Bytes of starts whose requests an engine has not sent yet. */
export const engineStartedBytesMax = 64 * 1024 * 1024;
/** Starts of one turn that are handed to an engine together. */
export const engineBatchBytes = 64 * 1024;
/** Reports fetched from an engine in one call, and the buffer for what they received. */
export const engineReportsPerTake = 256;
export const receiveBufferBytes = 64 * 1024;
/** Reports of an engine that come within it wake JavaScript once; their times stay what they are. */
export const engineWakeDelayMs = 1;
export const icmpPayloadBytes = 32;
/** Payloads fetched from the random generator in one call. */
export const icmpPayloadsPerFetch = 128;
/** Bytes of ICMP messages that wait in an engine: one reply for each of its slots, and more. */
export const icmpWaitingBytesMax = 1024 * 1024;
/** Asked of the kernel for each raw ICMP socket; without CAP_NET_ADMIN it gives at most its own maximum. */
export const icmpSocketBufferBytes = 4 * 1024 * 1024;

// --- checker
/** Probes are started, and deadlines seen, on a grid of this many milliseconds. */
export const scheduleTickMs = 20;
/** A timer may fire this much before its time; what it was set for counts as due. */
export const timerEarlyMs = 1;
export const probesInFlightMax = 16_384;
/** Probes started in one go before I/O is looked at again. */
export const probeStartsPerTickMax = 256;
/** A delay of our own loop below this is noise, not lateness. */
export const stallNoiseMs = 10;
/** Share of a probe's timeout that our own delay may take before its time-out proves nothing. */
export const stallShareMax = 0.25;
export const jitterShare = 0.1;

// --- overrides
export const overridesFileBytesMax = 16 * 1024 * 1024;
/** Rest before what a reload dropped is saved again, where the disk did not take it. */
export const overridesRetryMs = 10_000;
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
/** Rest between two rounds of deliveries; an event after a quiet time goes out at once. */
export const eventRoundMs = 40;
/** Subscribers that are written to in one go before I/O is looked at again. */
export const eventWritesPerTurnMax = 100;
/** Events that a subscriber is handed in one piece. */
export const eventPortionMax = 256;
/** Encoded pieces that a round keeps for the next subscriber at the same place. */
export const eventChunksMax = 64;
export const eventSubscribersMax = 2_000;
/** Bytes that wait in a subscriber's connection before it gets nothing more. */
export const eventPendingBytesMax = 128 * 1024;
/** A subscriber that takes nothing for this long is dropped. */
export const eventStalledMsMax = 30_000;
/** A stream that was silent for this long says that it lives. */
export const eventHeartbeatMs = 15_000;
/** How often silent and stalled subscribers are looked for. */
export const eventSweepMs = 1_000;
/** First pictures of different moments that slow readers are in the middle of. */
export const eventPicturesMax = 8;
/** Told to browsers: the rest before they connect again. */
export const eventRetryMs = 2_000;

// --- api
export const requestBodyBytesMax = 64 * 1024;
export const requestTimeoutMs = 10_000;
export const headersTimeoutMs = 10_000;
export const keepAliveTimeoutMs = 65_000;
export const connectionsMax = 10_000;

/** A connection that has not said within this time which protocol it speaks, TLS included, is closed. */
export const portDecideMsMax = 10_000;
/** That connections are turned away for want of places is logged no more often than this. */
export const portFullLogIntervalMs = 60_000;
/** Connections that have not said it yet; one more closes the oldest of them. */
export const portUndecidedMax = 1_000;
/** How often HTTP/1 connections are held against `headersTimeoutMs` and `requestTimeoutMs`. */
export const http1LookIntervalMs = 1_000;
/** An answer over HTTP/1 of which the peer takes nothing for this long is given up. */
export const http1StuckMsMax = 60_000;
/** What ran at a stop may end by itself for this long; then its connection is cut. */
export const portDrainMsMax = 500;
/** More than the 200 streams that one gRPC client may well hold; a client at the bound waits. */
export const http2StreamsMax = 256;
/** Header names and values of one request, 32 bytes added for each pair as HTTP/2 counts them. */
export const http2HeaderBytesMax = 16 * 1024;
export const http2HeaderPairsMax = 128;
/** Of one session, in megabytes as Node takes it: what waits to be sent, headers, streams. */
export const http2SessionMegabytesMax = 10;
export const http2InvalidFramesMax = 100;
/**
 * Streams that the peer may open and reset: in a burst, which is more than it can have open, and a second.
 */
export const http2ResetBurstMax = 500;
export const http2ResetsPerSecondMax = 33;
/** The connection is looked at so often: one with open streams is pinged, one without may be idle. */
export const http2PingIntervalMs = 30_000;
export const http2PingAnswerMsMax = 20_000;
/** A session without streams for this long is closed; gRPC clients open another when they need it. */
export const http2IdleMsMax = 300_000;
/** Pings that a peer may send within `http2PingWindowMs`: without streams, and with. */
export const http2IdlePingsMax = 30;
/** gRPC's clients ping with every batch of data to measure the path. */
export const http2BusyPingsMax = 20_000;
export const http2PingWindowMs = 10_000;
/** Whether a daemon still answers on a Unix socket is known after this long. */
export const unixSocketProbeMsMax = 1_000;
export const tlsFileBytesMax = 1024 * 1024;
/** How often the files of `--tls-cert`, `--tls-key` and `--tls-client-ca` are looked at for renewal. */
export const tlsLookIntervalMs = 10_000;

// --- access
export const authFileBytesMax = 1024 * 1024;
export const authEntryCountMax = 1_000;
export const authErrorCountMax = 50;
/** The auth file is looked at so often, beside SIGHUP. */
export const authFilePollMs = 10_000;
/** Name of a certificate as an entry, a log line and an override show it. */
export const certificateNameLengthMax = 128;
export const passwordBytesMax = 1024;
/** Cost of new entries: 32 MiB and about 100 ms for each check. */
export const scryptLogCost = 15;
export const scryptLogCostMin = 10;
/** Bounds of what an auth file may ask of one check: memory is 128 * 2^ln * r bytes, work grows with p. */
export const scryptLogCostMax = 18;
export const scryptBlockSizeMax = 32;
export const scryptParallelismMax = 4;
export const scryptBytesMax = 128 * 1024 * 1024;
/** Passwords and tokens checked at the same time, each on a thread of libuv's four, and waiting for it. */
export const loginChecksAtOnceMax = 2;
export const loginChecksWaitingMax = 64;
/** Good credentials that need not be checked again, and how long after their last use. */
export const loginCacheMax = 1_000;
export const loginCacheAgeMsMax = 15 * 60 * 1000;
/** Wrong credentials from one address (IPv6: one /64), and from everywhere, in one window. */
export const loginFailuresMax = 10;
export const loginFailuresEverywhereMax = 300;
export const loginFailureWindowMs = 60_000;
/** Addresses whose failures are remembered; the oldest is forgotten for a new one. */
export const loginAddressesMax = 10_000;
/** Addresses of X-Forwarded-For that are looked at. */
export const forwardedHopsMax = 32;
export const trustedProxiesMax = 256;
export const requestIdLengthMax = 64;
/** Refused changes in the audit, in one window: a flood of them must not push all else out of the events. */
export const auditRefusalsMax = 60;
export const auditWindowMs = 60_000;

/** One message of a gRPC request, decompressed; REST's bodies have the same bound. */
export const rpcRequestBytesMax = requestBodyBytesMax;
/** What a timer of Node can hold. */
export const rpcDeadlineMsMax = 2 ** 31 - 1;
/** One message of a gRPC answer: a list of `backendCountMax` backends with some history. */
export const rpcResponseBytesMax = 256 * 1024 * 1024;

// --- daemon
/** Log lines that wait for a slow reader of standard output. */
export const logBufferBytesMax = 8 * 1024 * 1024;
/** At its end the daemon waits this long for the reader of its log. */
export const logFinishMsMax = 1_000;
/** A stop that takes longer than this is forced. */
export const stopDeadlineMs = 5_000;
/** A service manager that has no room for a notification is asked again so much later. */
export const notifyRetryMs = 100;
/** Of the line that `systemctl status` shows. */
export const notifyStatusCharsMax = 500;

// --- dataplane
/** Requests that VPP has not answered yet; more wait here. */
export const vppRequestsInFlightMax = 1024;
/** VPP answers in order; when nothing comes for this long while something is due, it does not respond. */
export const vppSilenceMsMax = 5_000;
/** VPP's default is 32 MiB; only address space is taken. */
export const statsSegmentBytesMax = 16 * 1024 * 1024 * 1024;
/** A layout that changes under the reader is read again so often. */
export const statsReadAttemptsMax = 8;
/** Looks at the header, about 1 us each, for a change of the layout to be over. */
export const statsHeaderLooksMax = 1_000;
/** Elements of one vector of the segment: directory entries, threads, counters. */
export const statsVectorLengthMax = 2 ** 22;
export const statsThreadsMax = 1_024;

/** Rest between two attempts to connect to VPP: doubled from the one to the other. */
export const vppReconnectMsMin = 1_000;
export const vppReconnectMsMax = 30_000;
export const vppPingIntervalMs = 10_000;
/** Longest message from VPP that is taken; its longest known is about 1.3 MB. */
export const vppFrameBytesMax = 64 * 1024 * 1024;
export const vppOutgoingBytesMax = 64 * 1024 * 1024;
/** For the handshake of the stats socket. */
export const vppStatsOpenMsMax = 2_000;
/** Operations sent ahead of their acknowledgement: what is behind a refused one is done all the same. */
export const vppApplyWindow = 256;
/** Dumps that do not fit each other, because VPP was changed in between, before that is a failure. */
export const vppObserveTriesMax = 4;
export const countersIntervalMs = 5_000;
/** Samples of a page of metrics that are written before other work has its turn. */
export const samplesPerTurnMax = 2_000;
/** Rest after a run that failed, doubled from the one to the other; a transition does not wait for it. */
export const reconcileRetryMsMin = 1_000;
export const reconcileRetryMsMax = 30_000;
/** Plans of one run, where something else is wanted while VPP is busy; what is left is the next run's. */
export const replansMax = 8;
/** A VIP that was changed is read back after this rest: one that changes all the time, no more often. */
export const readBackDelayMs = 250;
/** Addresses that are kept parsed. */
export const addressBookMax = 100_000;

// --- simulator
/** What kills a simulated VPP as its main heap would a real one. */
export const simulatedTableLengthMax = 2 ** 22;
export const simulatedStickyBucketsMax = 2 ** 22;
/** Size of a simulated stats segment; of it only what is written takes memory. */
export const simulatedStatsBytes = 32 * 1024 * 1024;
/** Clients of a simulated VPP at a time. */
export const simulatedConnectionsMax = 64;
/** Connections to one VIP that a simulated VPP forwards at a time. */
export const simulatedFlowsMax = 10_000;
