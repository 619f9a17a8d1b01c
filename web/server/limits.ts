// Every bound and interval of the dashboard's server, by name.

// --- asking a maglevd
/** What may change while somebody watches is asked for so often. Backends: their probes. */
export const backendsIntervalMs = 1_000;
/** Frontends: buckets that VPP gives their backends. */
export const frontendsIntervalMs = 2_000;
/** VPP's connection, and how many API calls went to it and fro. */
export const vppIntervalMs = 1_000;
/** Counters of the VIPs; the daemon reads them as often. */
export const countersIntervalMs = 5_000;
/** Reading what VPP holds is work for VPP: seldom, and more often only while something differs. */
export const driftIntervalMs = 30_000;
export const driftAgainMs = 5_000;
/** After an event, what it changed is asked for; events that come within this are asked for together. */
export const settleMs = 50;
/** Rest between two rounds of questions, or the time that the last one took, if that is longer. */
export const roundRestMsMin = 200;
/** Rest before a maglevd that was lost is asked again: doubled from the one to the other. */
export const reconnectMsMin = 250;
export const reconnectMsMax = 5_000;
/** A maglevd that has not begun to answer within this time is not there. */
export const answerMsMax = 4_000;
/** A silent peer: pinged this long after its last word, and given this long to answer. Together under 5 s. */
export const pingIntervalMs = 1_500;
export const pingAnswerMsMax = 2_000;
/** Deadlines of questions and of changes. */
export const questionMsMax = 10_000;
export const changeMsMax = 30_000;
/** One answer of a maglevd: a list of 100,000 backends. */
export const answerBytesMax = 256 * 1024 * 1024;
export const maglevdsMax = 64;

// --- streams to browsers
/** Browsers at a time. */
export const streamsMax = 200;
/** Messages kept for those who come back. */
export const ringCountMax = 4_000;
export const ringBytesMax = 16 * 1024 * 1024;
/** Messages that come within this time reach browsers in one piece. */
export const streamRoundMs = 25;
/** Longest piece that is put together for a write. */
export const pieceBytesMax = 256 * 1024;
/** Bytes that wait in a browser's connection before it gets nothing more; a picture may exceed it. */
export const streamPendingBytesMax = 256 * 1024;
/** A browser that takes nothing for this long is dropped. */
export const streamStalledMsMax = 30_000;
/**
 * A page takes a stream that says nothing for some of these for dead, and a waking laptop finds out by it.
 */
export const streamHeartbeatMs = 1_000;
/** Told to browsers: the rest before they connect again. */
export const streamRetryMs = 1_000;
/** The first browser after a quiet time waits this long at most for a picture that is fresh. */
export const freshMsMax = 700;
/** After the last browser has left, everything is kept up for this long. */
export const lingerMs = 30_000;

// --- requests of browsers
export const changeBodyBytesMax = 16 * 1024;
export const reasonLengthMax = 256;
export const userLengthMax = 64;
export const addressLengthMax = 64;

// --- maglevd-frontend
export const connectionsMax = 2_000;
export const requestTimeoutMs = 10_000;
export const keepAliveTimeoutMs = 65_000;
/** A stop that takes longer than this is forced. */
export const stopMsMax = 900;
export const tokenFileBytesMax = 4_096;
export const caFileBytesMax = 4 * 1024 * 1024;
