// Every bound of maglevt, by name. It knows nothing else.

// --- what is probed
export const configFileCountMax = 64;
export const configFileBytesMax = 16 * 1024 * 1024;
export const vipCountMax = 10_000;
export const inFlightMax = 16;
export const intervalMsMin = 10;
export const intervalMsMax = 3_600_000;
export const timeoutMsMin = 10;
export const timeoutMsMax = 600_000;
export const runDurationMsMax = 365 * 86_400_000;
export const probeCountMax = 1_000_000_000;
export const filterLengthMax = 1_000;
export const uriLengthMax = 4_096;
export const hostLengthMax = 300;

// --- answers
export const responseHeadBytesMax = 64 * 1024;
/** A longer body is cut: the answer counts as whole then. */
export const responseBodyBytesMax = 1024 * 1024;
export const chunkLineLengthMax = 256;
export const readBufferBytes = 64 * 1024;
export const tallyValueLengthMax = 64;
export const detailLengthMax = 200;
export const daemonAnswerBytesMax = 32 * 1024 * 1024;

// --- what is kept
export const windowSampleCount = 100;
/** Below this many samples nothing is called a spike. */
export const spikeSampleCountMin = 20;
export const spikeFactor = 3;
export const spikeExtraMs = 20;
export const stripSeconds = 60;
/** Distinct header values per VIP; further ones are counted together. */
export const tallyValueCountMax = 32;
export const tallyFreshMs = 5_000;
/** An outage is over when this long nothing failed. */
export const outageQuietMs = 2_000;
export const outageCountMax = 20;
export const errorCountMax = 200;
/** Equal errors of a VIP less than this apart share a line. */
export const errorGapMs = 5_000;
/** Results that wait in the probing thread for somebody to take them; then it probes no further. */
export const waitingResultCountMax = 50_000;
/** V8's young generation in the probing thread. */
export const proberNurseryMegabytes = 6;

// --- rhythm
export const jitterShare = 0.1;
export const reportIntervalMs = 50;
export const frameIntervalMs = 250;
export const lineIntervalMs = 1_000;
/** From here on our own lateness is shown in a loud colour, and said beside a spike. */
export const lagHighMs = 10;
/** A timer at least this often, to see that we run. */
export const watchIntervalMs = 10;
export const stallCountMax = 64;
export const daemonIntervalMs = 2_000;
export const daemonTimeoutMs = 2_000;
/** An older word of the daemon is not shown as its state. */
export const daemonFreshMs = 10_000;

// --- the screen
export const columnsMin = 40;
export const columnsMax = 1_000;
export const rowsMin = 8;
export const rowsMax = 1_000;
export const summaryVipCountMax = 20;
/** How long the last frame may take before the terminal is put back all the same. */
export const quietMsMax = 300;
