/**
 * {@link ControlLine}: what the topics of the storage thread ask of control, which has the store.
 *
 * @module
 */
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import type { DeadLetter } from "../../protocol/messaging/values.ts";
import {
  type KnownPartition,
  type OffsetCommit,
  type OffsetsQuestion,
  type SettleReport,
  type StoredOffset,
  topicLines,
} from "../../protocol/thread/topics.ts";

/** Questions to control. */
export class ControlLine {
  readonly #line: Pick<ThreadLine, "ask">;

  constructor(line: Pick<ThreadLine, "ask">) {
    this.#line = line;
  }

  /** Says that an epoch is settled; it is said again as long as control does not confirm it. */
  settle({ topic, number, revision }: KnownPartition, epoch: number): void {
    const report: SettleReport = { topic, number, epoch, revision };
    this.#line.ask(topicLines.settle, report).catch(() => {});
  }

  /** How far the subscriptions of a partition are. */
  offsets({ topic, number }: KnownPartition): Promise<StoredOffset[]> {
    return this.#line.ask(topicLines.offsets, { topic, number } satisfies OffsetsQuestion);
  }

  /** Notes how far subscriptions are; false when another node owns one of their partitions. */
  commit(commits: readonly OffsetCommit[]): Promise<boolean> {
    return this.#line.ask(topicLines.commit, commits);
  }

  /** Keeps a dead letter. */
  bury(letter: DeadLetter): Promise<void> {
    return this.#line.ask(topicLines.bury, letter);
  }
}
