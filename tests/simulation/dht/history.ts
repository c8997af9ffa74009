/**
 * What clients did and saw, and whether it may be so.
 *
 * Versions make this simple: a read may show nothing older than the newest write that was
 * acknowledged before it began, removes included; and writes that follow each other have versions
 * in the same order.
 *
 * @module
 */
import type { DhtResult } from "../../../src/protocol/dht/result.ts";
import { compareVersions, type Version, versionText } from "../../../src/protocol/dht/version.ts";

/** A put or a remove. */
interface WriteRecord {
  readonly startMs: number;
  /** Text of the value; undefined for a remove. */
  readonly value: string | undefined;
  endMs: number;
  /** Set when it was acknowledged. */
  version: Version | undefined;
}

/** How a promise was broken. */
export interface Broken {
  readonly checker: string;
  readonly detail: string;
}

/** Everything about one key of a scope. */
export class KeyHistory {
  readonly #name: string;
  readonly #writes: WriteRecord[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  /** A write begins. */
  write(startMs: number, value: string | undefined): WriteRecord {
    const record = { startMs, value, endMs: Infinity, version: undefined };
    this.#writes.push(record);
    return record;
  }

  /** A write was acknowledged. */
  acknowledge(record: WriteRecord, endMs: number, version: Version): Broken | undefined {
    record.endMs = endMs;
    record.version = version;
    for (const other of this.#writes) {
      if (other.version === undefined || other === record || other.endMs >= record.startMs) {
        continue;
      }
      if (compareVersions(other.version, version) < 0) continue;
      const [first, second] = [versionText(other.version), versionText(version)];
      return this.#broken("order", `A write of version ${second} followed one of ${first}`);
    }
    return undefined;
  }

  /** Looks whether a read may have this result. */
  check(startMs: number, result: DhtResult): Broken | undefined {
    const newest = this.#newestBefore(startMs);
    if (result.type === "found") return this.#checkFound(result, newest);
    if (result.type !== "absent" || newest?.version === undefined) return undefined;
    const { version } = newest;
    if (result.version !== undefined && compareVersions(result.version, version) < 0) {
      return this.#broken("stale", `A remove older than ${versionText(version)} was read`);
    }
    if (newest.value === undefined) return undefined;
    const mayBeRemoved = this.#writes.some((other) =>
      other.value === undefined &&
      (other.version === undefined || compareVersions(other.version, version) > 0)
    );
    if (mayBeRemoved) return undefined;
    return this.#broken("lost write", `"${newest.value}" of ${versionText(version)} is absent`);
  }

  #checkFound(
    { value, version }: Extract<DhtResult, { type: "found" }>,
    newest: WriteRecord | undefined,
  ): Broken | undefined {
    const text = String(value);
    if (!this.#writes.some((other) => other.value === text)) {
      return this.#broken("invented", `"${text}" was never written`);
    }
    if (newest?.version === undefined || compareVersions(version, newest.version) >= 0) {
      return undefined;
    }
    const [seen, acknowledged] = [versionText(version), versionText(newest.version)];
    const checker = newest.value === undefined ? "resurrection" : "lost write";
    return this.#broken(checker, `${seen} was read after ${acknowledged} was acknowledged`);
  }

  #newestBefore(startMs: number): WriteRecord | undefined {
    let newest: WriteRecord | undefined;
    for (const write of this.#writes) {
      if (write.version === undefined || write.endMs >= startMs) continue;
      const isNewer = newest?.version === undefined ||
        compareVersions(newest.version, write.version) < 0;
      if (isNewer) newest = write;
    }
    return newest;
  }

  #broken(checker: string, detail: string): Broken {
    return { checker, detail: `${this.#name}: ${detail}` };
  }
}
