/**
 * Versions of entries: readings of a hybrid logical clock, totally ordered and never given twice.
 *
 * @module
 */

/** When, and by whom, an entry was written. */
export interface Version {
  /** Wall clock of the writer or of what it has seen, whichever is later; ms since 1970. */
  readonly timeMs: number;
  /** Tells apart what happened within one millisecond, 0 to 65535. */
  readonly counter: number;
  /** Node and life of the writer; decides between equal times. */
  readonly writer: string;
}

/** Negative when `a` is older than `b`, 0 when they are the same, positive when it is newer. */
export function compareVersions(a: Version, b: Version): number {
  if (a.timeMs !== b.timeMs) return a.timeMs - b.timeMs;
  if (a.counter !== b.counter) return a.counter - b.counter;
  return a.writer < b.writer ? -1 : a.writer > b.writer ? 1 : 0;
}

/** The newer of two versions; one of them may be missing. */
export function newerVersion(a: Version | undefined, b: Version): Version {
  return a === undefined || compareVersions(a, b) < 0 ? b : a;
}

/** A version as text, for messages and digests: equal texts are equal versions. */
export function versionText({ timeMs, counter, writer }: Version): string {
  return `${timeMs}.${counter}.${writer}`;
}
