// Every bound of the command line, by name. Values only.

/** A daemon that is not there is told of within 2 s; this leaves room for starting and writing. */
export const connectMsMax = 1_500;
/** For a whole call, unless --timeout says otherwise. */
export const callMsDefault = 10_000;
export const timeoutSecondsMax = 3_600;
/** Of the short answer to GetVersion. */
export const quickBytesMax = 16 * 1024;
/** Answers with 100,000 backends fit. */
export const messageBytesMax = 256 * 1024 * 1024;
/** Of a token file. */
export const tokenBytesMax = 16 * 1024;

/** Between two attempts to watch again, doubled up to the maximum. */
export const retryMsMin = 250;
export const retryMsMax = 5_000;
/** The daemon sends a heartbeat every 15 s: a stream that is silent for longer is dead. */
export const streamSilenceMsMax = 40_000;

export const watchSecondsDefault = 2;
export const watchSecondsMax = 3_600;

/** Lines that the history file keeps, and the longest one that is kept. */
export const historyLinesMax = 1_000;
export const historyLineLengthMax = 4_096;
/** Bytes of the file that are read at all. */
export const historyBytesMax = 1024 * 1024;

/** Live names are asked for again after this long. */
export const namesAgeMsMax = 2_000;
/** For completion in the middle of typing: nobody waits longer. */
export const completionMsMax = 3_000;
/** Candidates named in an error or listed by TAB; the rest is counted. */
export const candidatesShownMax = 40;

/** Columns for a table on a terminal that does not say how wide it is. */
export const columnsDefault = 80;
export const columnsMin = 20;
