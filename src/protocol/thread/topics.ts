/**
 * What control and the storage thread tell each other about topics, and who publishes.
 *
 * Both ends are ours, so nothing is validated.
 *
 * @module
 */
import type { Problem } from "../../base/errors.ts";
import type { PartitionValue } from "../messaging/values.ts";
import type { SubscriptionOptions, TopicOptions } from "../slice/topics.ts";

/** Names of questions and news on lines and between storage threads. */
export const topicLines = {
  /** control -> storage, news: {@link TopicsState}. */
  state: "topics.state",
  /** control -> storage: hand out nothing any more, and say how far all are. */
  quiet: "topics.quiet",
  /** storage -> control, until it is answered: {@link TopicsHello}. */
  hello: "topics.hello",
  /** storage -> control: {@link SettleReport}. */
  settle: "topics.settle",
  /** storage -> control: {@link OffsetsQuestion}, answered by {@link StoredOffset}s. */
  offsets: "topics.offsets",
  /** storage -> control: {@link OffsetCommit}s. */
  commit: "topics.commit",
  /** storage -> control: a dead letter. */
  bury: "topics.bury",
  /** resources and control -> storage: {@link PublishQuestion}, answered by places. */
  publish: "topics.publish",
  /** control -> storage, and between storage threads: answered by {@link PartitionFigures}s. */
  figures: "topics.figures",
  /** control -> storage, and between storage threads: {@link SeekQuestion}. */
  seek: "topics.seek",
  /** Between storage threads: what the owners of a partition say to each other. */
  replica: "topics.replica",
} as const;

/** A partition with its owners. */
export interface KnownPartition extends PartitionValue {
  readonly topic: string;
  readonly number: number;
  readonly options: TopicOptions;
  readonly settledEpoch: number;
  /** Revision of the store at which the owners were decided. */
  readonly revision: number;
}

/** A subscription of a deployed slice. */
export interface KnownSubscription {
  readonly topic: string;
  readonly contract: string;
  readonly name: string;
  readonly options: SubscriptionOptions;
}

/** Everything that the storage thread must know. */
export interface TopicsState {
  readonly partitions: readonly KnownPartition[];
  readonly subscriptions: readonly KnownSubscription[];
}

/** The storage thread has started. */
export interface TopicsHello {
  readonly life: string;
}

/** A partition's leader has everything on a majority. */
export interface SettleReport {
  readonly topic: string;
  readonly number: number;
  readonly epoch: number;
  readonly revision: number;
}

/** How far are the subscriptions of a partition? */
export interface OffsetsQuestion {
  readonly topic: string;
  readonly number: number;
}

/** How far one is. */
export interface StoredOffset {
  readonly contract: string;
  readonly name: string;
  readonly next: number;
}

/** How far one is now, said by the owner of this revision. */
export interface OffsetCommit extends StoredOffset {
  readonly topic: string;
  readonly number: number;
  readonly revision: number;
}

/** Messages to be published; `keys` and `values` belong together. */
export interface PublishQuestion {
  readonly topic: string;
  readonly keys: readonly (string | undefined)[];
  readonly values: readonly Uint8Array[];
}

/** Where each message was put, or why it was not. */
export type PublishAnswer = readonly (
  | { readonly partition: number; readonly offset: number }
  | { readonly problem: Problem }
)[];

/** Where a subscription is to go on. */
export type SeekPosition =
  | { readonly kind: "oldest" }
  | { readonly kind: "newest" }
  | { readonly kind: "offset"; readonly offset: number }
  /** The first message that was published at this wall time or later. */
  | { readonly kind: "time"; readonly timeMs: number };

/** Lets a subscription go on from another place. */
export interface SeekQuestion {
  readonly topic: string;
  readonly contract: string;
  readonly name: string;
  readonly position: SeekPosition;
  /** Only this partition. @default {all} */
  readonly partition?: number;
}

/** A partition as its leader knows it. */
export interface PartitionFigures {
  readonly topic: string;
  readonly number: number;
  readonly state: string;
  readonly first: number;
  readonly end: number;
  readonly commit: number;
  readonly bytes: number;
  readonly subscriptions: readonly SubscriptionFigures[];
}

/** A subscription in a partition. */
export interface SubscriptionFigures {
  readonly contract: string;
  readonly name: string;
  readonly next: number;
  readonly lag: number;
  /** Age of the oldest message that is not handled, in milliseconds; 0 without one. */
  readonly lagMs: number;
  readonly underWay: number;
  readonly handled: number;
  readonly failed: number;
  readonly dead: number;
  readonly repeated: number;
}
