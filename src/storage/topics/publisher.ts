/**
 * {@link Publisher}: brings messages to the leaders of their partitions, wherever those are.
 *
 * Of one partition one batch is under way at a time, so that messages stay in the order in which
 * they came from this node. While leaders change, messages wait and are sent again; then one may be
 * published twice, never lost without an error.
 *
 * @module
 */
import { crc32c } from "../../base/crc32.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import { ByteReader, ByteWriter } from "../../base/codec.ts";
import { entryBytes } from "../../messaging/log.ts";
import { encodePublish, type NewMessage } from "../../protocol/messaging/replica_codec.ts";
import { type KnownPartition, topicLines } from "../../protocol/thread/topics.ts";
import type { StorageHost } from "../service.ts";
import type { Partition } from "./partition.ts";

const encoder = new TextEncoder();
const batchBytesMax = 1024 * 1024;
const waitingBytesMax = 16 * 1024 * 1024;
const askTimeoutMs = 5_000;
/** How long a message waits for a leader. */
const patienceMs = 10_000;
const retryMs = 50;
/** Nothing was added, and it is useless to wait. */
const finalErrors: readonly string[] = ["TOPIC_BUSY", "MESSAGE_TOO_LARGE", "TOPIC_NOT_FOUND"];
/** Nothing was added. */
const harmlessErrors: readonly string[] = ["TOPIC_UNAVAILABLE", "UNREACHABLE", "NOT_BUILT"];

/** Where a message was put. */
export interface Placed {
  readonly partition: number;
  readonly offset: number;
}

interface Waiting extends NewMessage {
  readonly bytes: number;
  readonly untilMs: number;
  /** An attempt may have added it. */
  mayBeThere: boolean;
  resolve(placed: Placed): void;
  reject(error: AetherError): void;
}

interface Queue {
  readonly topic: string;
  readonly partition: number;
  readonly waiting: Waiting[];
  bytes: number;
  isSending: boolean;
}

/** What a publisher needs. */
export interface PublisherOptions {
  readonly host: Pick<StorageHost, "node" | "clock" | "peers">;
  /** Partitions of a topic as known now. */
  partitions(topic: string): readonly KnownPartition[];
  /** A partition of which this node is an owner. */
  owned(topic: string, number: number): Partition | undefined;
}

/** Publishes for this node's slices; see the module. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #queues = new Map<string, Queue>();
  #turn = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /**
   * Publishes messages; each promise is settled on its own.
   *
   * @throws {AetherError} TOPIC_NOT_FOUND
   */
  publish(topic: string, messages: readonly NewMessage[]): Promise<Placed>[] {
    const count = this.#options.partitions(topic).length;
    if (count === 0) {
      throw new AetherError(
        "TOPIC_NOT_FOUND",
        `Topic "${topic}" has no partitions: no deployed slice declares it, or they are just made`,
      );
    }
    // Messages without a key go together, to another partition each time.
    const turn = this.#turn++ % count;
    const touched = new Set<Queue>();
    const placed = messages.map((message) => {
      const partition = message.key === undefined ? turn : partitionOf(message.key, count);
      const queue = this.#queue(topic, partition);
      const bytes = entryBytes(message);
      if (queue.bytes + bytes > waitingBytesMax) {
        const text = `${queue.bytes} bytes wait to be published to topic "${topic}" on this node`;
        return Promise.reject(new AetherError("TOPIC_BUSY", text));
      }
      const { promise, resolve, reject } = Promise.withResolvers<Placed>();
      const untilMs = this.#options.host.clock.monotonicMs() + patienceMs;
      queue.waiting.push({ ...message, bytes, untilMs, mayBeThere: false, resolve, reject });
      queue.bytes += bytes;
      touched.add(queue);
      return promise;
    });
    for (const queue of touched) this.#send(queue);
    return placed;
  }

  #queue(topic: string, partition: number): Queue {
    const id = `${topic}/${partition}`;
    let queue = this.#queues.get(id);
    if (queue === undefined) {
      queue = { topic, partition, waiting: [], bytes: 0, isSending: false };
      this.#queues.set(id, queue);
    }
    return queue;
  }

  async #send(queue: Queue): Promise<void> {
    if (queue.isSending) return;
    queue.isSending = true;
    // What comes in the same turn goes along.
    await Promise.resolve();
    while (queue.waiting.length > 0) {
      const batch = takeBatch(queue.waiting);
      try {
        const first = await this.#toLeader(queue, batch);
        queue.waiting.splice(0, batch.length);
        for (const [i, each] of batch.entries()) {
          queue.bytes -= each.bytes;
          each.resolve({ partition: queue.partition, offset: first + i });
        }
      } catch (thrown) {
        await this.#onFailure(queue, batch, toAetherError(thrown));
      }
    }
    queue.isSending = false;
  }

  /** Those whose time is over, or for whom it is useless, get the error; the others go again. */
  async #onFailure(queue: Queue, batch: readonly Waiting[], error: AetherError): Promise<void> {
    const isFinal = finalErrors.includes(error.name);
    const isHarmless = isFinal || harmlessErrors.includes(error.name);
    const nowMs = this.#options.host.clock.monotonicMs();
    for (const each of batch) {
      if (!isHarmless) each.mayBeThere = true;
      if (!isFinal && each.untilMs > nowMs) continue;
      queue.waiting.splice(queue.waiting.indexOf(each), 1);
      queue.bytes -= each.bytes;
      each.reject(
        each.mayBeThere && !isFinal
          ? new AetherError("PUBLISH_UNKNOWN", `The message may be published: ${error.message}`)
          : error,
      );
    }
    if (isFinal) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#options.host.clock.setTimer(retryMs, resolve);
    await promise;
  }

  async #toLeader(queue: Queue, batch: readonly NewMessage[]): Promise<number> {
    const { host, partitions, owned } = this.#options;
    const { topic, partition } = queue;
    const known = partitions(topic).find(({ number }) => number === partition);
    if (known === undefined) {
      throw new AetherError("TOPIC_NOT_FOUND", `Topic "${topic}" has no partition ${partition}`);
    }
    if (known.leader === host.node) {
      const own = owned(topic, partition);
      if (own === undefined) throw new AetherError("TOPIC_UNAVAILABLE", "It is being opened");
      return own.publish(batch);
    }
    if (known.leader === null) {
      throw new AetherError(
        "TOPIC_UNAVAILABLE",
        `Partition ${partition} of "${topic}" has no leader`,
      );
    }
    const body = encodePublish({ topic, partition }, batch);
    const answer = await host.peers.ask(known.leader, topicLines.publish, body, askTimeoutMs);
    return new ByteReader(answer).varint();
  }
}

/** The answer to another node's messages: where the first one is. */
export function encodePlace(offset: number): Uint8Array<ArrayBuffer> {
  return new ByteWriter().varint(offset).take();
}

/** The partition of a key; the same on every node. */
function partitionOf(key: string, count: number): number {
  return crc32c(encoder.encode(key)) % count;
}

function takeBatch(waiting: readonly Waiting[]): Waiting[] {
  let bytes = 0;
  const batch: Waiting[] = [];
  for (const each of waiting) {
    bytes += each.bytes;
    if (batch.length > 0 && bytes > batchBytesMax) break;
    batch.push(each);
  }
  return batch;
}
