/**
 * {@link Partition}: a partition of which this node is an owner; runs its replica and its log.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { SegmentLog } from "../../io/topics/segment_log.ts";
import { entryBytes, MemoryLog, type PartitionLog } from "../../messaging/log.ts";
import { Replica } from "../../messaging/replica.ts";
import { keptFrom } from "../../messaging/retention.ts";
import {
  decodeReply,
  encodeReply,
  encodeRequest,
  type NewMessage,
  type ReplicaRequest,
} from "../../protocol/messaging/replica_codec.ts";
import { type KnownPartition, topicLines } from "../../protocol/thread/topics.ts";
import type { StorageHost } from "../service.ts";
import { Deliveries } from "./deliveries.ts";
import type { ControlLine } from "./control_line.ts";

const askTimeoutMs = 3_000;
/** Messages that wait for a majority. */
const uncommittedBytesMax = 8 * 1024 * 1024;

interface Waiter {
  readonly end: number;
  readonly bytes: number;
  resolve(): void;
  reject(error: AetherError): void;
}

/** What a partition needs. */
export interface PartitionOptions {
  readonly host: StorageHost;
  readonly control: ControlLine;
  /** Of this node's storage. */
  readonly life: string;
  /** Where its files are; undefined to keep it in memory. */
  readonly folder: string | undefined;
  readonly known: KnownPartition;
}

/** One owned partition; see the module. */
export class Partition {
  readonly #options: PartitionOptions;
  readonly #log: PartitionLog;
  readonly #replica: Replica;
  readonly #deliveries: Deliveries;
  #known: KnownPartition;
  readonly #waiters: Waiter[] = [];
  #uncommittedBytes = 0;

  constructor(options: PartitionOptions) {
    const { host, known, life, folder, control } = options;
    this.#options = options;
    this.#known = known;
    const isKept = folder !== undefined && known.options.durability !== "transient";
    this.#log = isKept ? SegmentLog.open(folder) : new MemoryLog();
    this.#deliveries = new Deliveries({ host, control, log: this.#log, known: () => this.#known });
    this.#replica = new Replica({
      node: host.node,
      life,
      log: this.#log,
      isSynced: known.options.durability === "synced",
      ports: {
        ask: (node, request) => {
          this.#ask(node, request);
        },
        settle: (epoch) => control.settle(this.#known, epoch),
        onCommit: (commit) => this.#onCommit(commit),
        onLead: () => this.#deliveries.start(),
        onDepose: () => this.#onDepose(),
      },
    });
    this.own(known);
  }

  get known(): KnownPartition {
    return this.#known;
  }

  get isLeading(): boolean {
    return this.#replica.isLeading;
  }

  get deliveries(): Deliveries {
    return this.#deliveries;
  }

  /** The store says who owns it, or who subscribes. */
  own(known: KnownPartition): void {
    this.#known = known;
    this.#replica.own(known, this.#nowMs);
    this.#sync();
  }

  /**
   * Adds messages; resolves with the first one's offset once they are as safe as the topic says.
   *
   * @throws {AetherError} TOPIC_UNAVAILABLE and TOPIC_BUSY: nothing was added. PUBLISH_UNKNOWN.
   */
  async publish(messages: readonly NewMessage[]): Promise<number> {
    const { topic, number, options } = this.#known;
    const name = `Partition ${number} of topic "${topic}"`;
    if (!this.isLeading) {
      throw new AetherError("TOPIC_UNAVAILABLE", `${name} is not led by this node`);
    }
    const bytes = messages.reduce((sum, message) => sum + entryBytes(message), 0);
    if (this.#uncommittedBytes + bytes > uncommittedBytesMax) {
      throw new AetherError(
        "TOPIC_BUSY",
        `${name} has ${this.#uncommittedBytes} bytes that wait for other owners`,
      );
    }
    if (this.#deliveries.backlogBytes() > options.maxBytes) {
      throw new AetherError(
        "TOPIC_BUSY",
        `${name} holds ${options.maxBytes} bytes of messages that are not handled yet`,
      );
    }
    const timeMs = this.#options.host.clock.wallMs();
    const from = this.#replica.publish(messages.map((message) => ({ ...message, timeMs })));
    this.#sync();
    const end = from + messages.length;
    if (this.#replica.commit >= end) return from;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiters.push({ end, bytes, resolve, reject });
    this.#uncommittedBytes += bytes;
    await promise;
    return from;
  }

  /** Answers the leader's question, once what it holds is as safe as it must be. */
  async answer(request: ReplicaRequest): Promise<Uint8Array> {
    const reply = this.#replica.answer(request);
    if (request.kind === "append" && this.#known.options.durability === "synced") {
      await this.#durable();
    }
    return encodeReply(reply);
  }

  /** Repeats what is due; call it every 50 ms or so. */
  tick(): void {
    this.#replica.tick(this.#nowMs);
    this.#sync();
    if (this.isLeading) this.#deliveries.wake();
  }

  /** Makes what is written survive a power cut, for topics that do not wait for it. */
  async flush(): Promise<void> {
    if (this.#known.options.durability === "replicated") await this.#durable();
  }

  /** Forgets what is handled and old, or more than fits. */
  retain(): void {
    if (!this.isLeading) return;
    const { options } = this.#known;
    const handled = this.#deliveries.handledEnd();
    const nowMs = this.#options.host.clock.wallMs();
    const from = keptFrom(this.#log, { ...options, handled, nowMs });
    if (from > this.#log.first) this.#log.dropBefore(from);
  }

  /** What people may want to know. */
  figures(): { state: string; first: number; end: number; commit: number; bytes: number } {
    const { first, end, bytes } = this.#log;
    return { state: this.#replica.state, first, end, commit: this.#replica.commit, bytes };
  }

  /** Ends it; its files stay. */
  async close(): Promise<void> {
    this.#onDepose();
    await this.#durable();
    if (this.#log instanceof SegmentLog) this.#log.close();
  }

  get #nowMs(): number {
    return this.#options.host.clock.monotonicMs();
  }

  async #ask(node: string, request: ReplicaRequest): Promise<void> {
    const { host } = this.#options;
    const { topic, number } = this.#known;
    try {
      const body = encodeRequest({ topic, partition: number }, request);
      const reply = await host.peers.ask(node, topicLines.replica, body, askTimeoutMs);
      this.#replica.onReply(node, request, decodeReply(reply), this.#nowMs);
      this.#sync();
    } catch {
      this.#replica.onLost(node, request);
    }
  }

  /** Where only durable messages count, they have to become it. */
  #sync(): void {
    if (this.#known.options.durability !== "synced" || !this.#isLeader) return;
    if (this.#log.durableEnd >= this.#log.end) return;
    this.#durable().then(() => this.#replica.onDurable());
  }

  get #isLeader(): boolean {
    return this.#replica.state === "leading" || this.#replica.state === "settling";
  }

  async #durable(): Promise<void> {
    if (!(this.#log instanceof SegmentLog)) return;
    try {
      await this.#log.sync();
    } catch (error) {
      this.#options.host.log.error("Messages could not be synced", { error: String(error) });
      throw error;
    }
  }

  #onCommit(commit: number): void {
    for (let next = this.#waiters[0]; next !== undefined && next.end <= commit;) {
      this.#waiters.shift();
      this.#uncommittedBytes -= next.bytes;
      next.resolve();
      next = this.#waiters[0];
    }
    this.#deliveries.onCommit(commit);
  }

  #onDepose(): void {
    this.#deliveries.stop();
    const { topic, number } = this.#known;
    const message = `Another node leads partition ${number} of topic "${topic}" now`;
    const error = new AetherError("PUBLISH_UNKNOWN", message);
    for (const { reject } of this.#waiters.splice(0)) reject(error);
    this.#uncommittedBytes = 0;
  }
}
