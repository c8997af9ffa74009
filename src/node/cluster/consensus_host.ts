/**
 * Runs the consensus engine: feeds it frames, time and what is durable, and does what it says.
 *
 * Batches are checked against their digests here, at the edge, so that the engine can take a digest
 * for the batch. The engine is stepped synchronously; outputs are executed before the next input.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Clock, Timer } from "../../base/clock.ts";
import { ByteWriter } from "../../base/codec.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import { Engine } from "../../consensus/engine.ts";
import type { EngineOptions, EngineStart, Input, Output } from "../../consensus/types.ts";
import type { DataDirectory } from "../../io/log/data_directory.ts";
import {
  type Bit,
  type ConsensusRecord,
  type Digest,
  type Header,
  type LogEntry,
  type Message,
  valueOf,
} from "../../protocol/consensus/message.ts";
import { encodeRecord } from "../../protocol/peer/message_codec.ts";
import type { Logger } from "../../sdk/logger.ts";
import { LiveRecords } from "./live_records.ts";
import type { PeerLinks } from "./peer_links.ts";

/** Type of a log record that holds a consensus record. */
export const consensusRecord = 2;
/** Ticks while something is under way, and otherwise. */
const busyTickMs = 4;
const idleTickMs = 200;
const busyForMs = 400;
/**
 * While more than this waits for the disk, messages of peers are dropped, as a network may do: the
 * others decide without this node, and it cannot pile up what it would have to write.
 */
const unsyncedBytesMax = 16 * 1024 * 1024;
const notesBytesMax = 64 * 1024;
/** A node that is so far behind asks for many slots, unless it gets on as fast as this already. */
const farBehindSlots = 64;
const fastProgressSlots = 256;
const askEveryMs = 100;
/** Peers whose last word is remembered, strangers among them. */
const heardMax = 1_000;

/** What the host needs. */
export interface ConsensusHostOptions {
  readonly engine: EngineOptions;
  readonly start: EngineStart;
  readonly data: DataDirectory | undefined;
  /** Undefined for a node that is alone. */
  readonly links: PeerLinks | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Greater than the number of any barrier of a former life. */
  readonly firstBarrier: number;
  onApply(entry: LogEntry): void;
  onRefused(digest: Digest): void;
  onNeedSnapshot(from: string): void;
  /** Called once, when the disk failed or something happened that must not: the node must stop. */
  onFailure(error: AetherError): void;
}

/** The engine of a node with everything around it. */
export class ConsensusHost {
  readonly engine: Engine;
  /** Slots without any batch that were applied in this life. */
  emptySlots = 0;
  readonly #options: ConsensusHostOptions;
  readonly #writer = new ByteWriter();
  readonly #barriers = new Map<number, PromiseWithResolvers<void>>();
  readonly #live = new LiveRecords();
  readonly #inputs: Input[] = [];
  /** The last word of each peer. */
  readonly #heard = new Map<string, number>();
  #decidedElsewhere = -1;
  /** When it asked for many slots, and from where on. */
  #askedAtMs = -Infinity;
  #askedFrom = -Infinity;
  #isStepping = false;
  /** Whether what is applied comes from the log. */
  #isStarting = false;
  #nextBarrier: number;
  /** Bytes that wait for the disk, and those of them that no sync was asked for yet. */
  #unsyncedBytes = 0;
  #appendedBytes = 0;
  #timer: Timer | undefined;
  #busyUntilMs = 0;
  #isClosed = false;

  constructor(options: ConsensusHostOptions) {
    this.#options = options;
    this.#nextBarrier = options.firstBarrier;
    this.engine = new Engine(options.engine, options.start);
    for (const record of options.start.records) this.#live.add(record);
    this.#live.removeBefore(options.start.firstSlot);
    this.#live.removeUnnamedBatches();
  }

  /** How many slots others have applied that are not applied here, as far as is known. */
  get slotsBehind(): number {
    return Math.max(0, this.#decidedElsewhere + 1 - this.engine.nextSlot);
  }

  /** Starts the clock; recovered slots are applied before this returns. */
  start(): void {
    this.#isStarting = true;
    this.step({ type: "tick" });
    this.#isStarting = false;
    this.#schedule(busyTickMs);
  }

  /** Feeds one input. Inputs that arise while outputs are executed follow in order. */
  step(input: Input): void {
    if (this.#isClosed) return;
    this.#inputs.push(input);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      while (!this.#isClosed) {
        const next = this.#inputs.shift();
        if (next === undefined) break;
        const now = this.#options.clock.monotonicMs();
        for (const output of this.engine.step(next, now)) this.#execute(output);
        if (next.type === "restored") this.#live.removeBefore(next.firstSlot);
      }
    } catch (thrown) {
      // Half of the outputs may be lost, and the state is not that of the log any more. Thrown on,
      // the error would end in whoever delivered the input, such as the link of a peer.
      this.#fail(toAetherError(thrown));
    } finally {
      this.#isStepping = false;
    }
  }

  /** Proposes a batch of this node; answers its digest. */
  submit(payload: Uint8Array): Digest {
    const digest = `${this.#options.engine.self}/${hashOf(payload)}`;
    this.#wake();
    this.step({ type: "submit", digest, payload });
    return digest;
  }

  /** A message of a peer. */
  receive(from: string, header: Header, message: Message): void {
    this.#decidedElsewhere = Math.max(this.#decidedElsewhere, header.decidedUpTo);
    if (this.#unsyncedBytes > unsyncedBytesMax) return;
    if (!this.#isGenuine(message)) {
      this.#options.log.error("A batch does not match its digest and is dropped", { from });
      return;
    }
    if (message.type !== "barrierAsk") this.#wake();
    this.step({ type: "message", from, header, message });
  }

  /** A peer says how far it is, without a message. */
  heard(from: string, header: Header): void {
    // An idle cluster need not step its engine for nothing.
    if (this.#heard.get(from) === header.decidedUpTo) return;
    if (this.#heard.size >= heardMax) this.#heard.clear();
    this.#heard.set(from, header.decidedUpTo);
    this.#decidedElsewhere = Math.max(this.#decidedElsewhere, header.decidedUpTo);
    if (header.decidedUpTo >= this.engine.nextSlot) this.#wake();
    this.step({ type: "heard", from, header });
  }

  /** Resolves when every write acknowledged before the call is applied here. */
  barrier(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new AetherError("NODE_STOPPING", "The node stops"));
    const id = this.#nextBarrier++;
    const waiting = Promise.withResolvers<void>();
    this.#barriers.set(id, waiting);
    this.#wake();
    this.step({ type: "barrier", id });
    return waiting.promise;
  }

  /** Ends the barriers that wait: their reads were not done, and may be asked for again. */
  refuseBarriers(error: AetherError): void {
    for (const { reject } of this.#barriers.values()) reject(error);
    this.#barriers.clear();
  }

  /** Bytes of the records that a log must hold beside a snapshot of the applied state. */
  liveRecords(): Uint8Array<ArrayBuffer>[] {
    return [...this.#live.all()].map((record) => encodeRecord(record, this.#writer).slice());
  }

  /** Stops; nothing is sent or applied any more. */
  close(): void {
    this.#isClosed = true;
    this.#inputs.length = 0;
    this.#timer?.cancel();
    this.refuseBarriers(new AetherError("NODE_STOPPING", "The node is stopping"));
  }

  #execute(output: Output): void {
    const { links, log } = this.#options;
    switch (output.type) {
      case "send": {
        const header = this.engine.header(output.resent);
        const frame = { kind: "consensus", header, message: output.message } as const;
        if (output.to === "all") links?.broadcast(frame);
        else links?.send(output.to, frame);
        break;
      }
      case "persist":
        this.#persist(output);
        break;
      case "note":
        this.#append(output.record);
        this.#syncNotes(notesBytesMax);
        break;
      case "apply":
        if (output.entry.batches.length === 0) this.emptySlots++;
        this.#keep(output.entry);
        this.#live.applied(output.entry);
        this.#options.onApply(output.entry);
        break;
      case "refused":
        this.#options.onRefused(output.digest);
        break;
      case "needSnapshot":
        this.#options.onNeedSnapshot(output.from);
        break;
      case "barrierDone":
        this.#endBarrier(output.id)?.resolve();
        break;
      case "barrierRefused":
        this.#endBarrier(output.id)?.reject(
          new AetherError("OVERLOADED", "Too many reads wait for the other nodes"),
        );
        break;
      case "alarm":
        log.error("Consensus refused something", { detail: output.detail });
        break;
    }
  }

  #endBarrier(id: number): PromiseWithResolvers<void> | undefined {
    const waiting = this.#barriers.get(id);
    this.#barriers.delete(id);
    return waiting;
  }

  #persist(output: Extract<Output, { type: "persist" }>): void {
    for (const record of output.records) this.#append(record);
    this.#sync(() => this.step({ type: "persisted", sequence: output.sequence }));
  }

  #sync(onSynced: () => void): void {
    const bytes = this.#appendedBytes;
    this.#appendedBytes = 0;
    this.#options.data?.log.sync().then(
      () => {
        this.#unsyncedBytes -= bytes;
        onSynced();
      },
      (error: AetherError) => this.#fail(error),
    );
  }

  #fail(error: AetherError): void {
    if (this.#isClosed) return;
    this.close();
    this.#options.onFailure(error);
  }

  /**
   * Writes the batches of a slot for which this node did not propose them: after a restart it would
   * have to ask others for each.
   */
  #keep({ slot, batches }: LogEntry): void {
    if (this.#isStarting || this.#options.data === undefined) return;
    const missing = batches.filter(({ digest }) => !this.#live.hasBatch(digest));
    if (missing.length === 0) return;
    for (const { digest, payload } of missing) this.#write({ type: "batch", digest, payload });
    // Behind them, since a value keeps the batches that come before it.
    this.#write({ type: "decided", slot, value: valueOf(batches.map(({ digest }) => digest)) });
    this.#syncNotes(notesBytesMax);
  }

  #append(record: ConsensusRecord): void {
    this.#write(record);
    this.#live.add(record);
  }

  #write(record: ConsensusRecord): void {
    const { data } = this.#options;
    if (data === undefined) return;
    const bytes = encodeRecord(record, this.#writer);
    data.log.append(consensusRecord, bytes);
    this.#unsyncedBytes += bytes.length;
    this.#appendedBytes += bytes.length;
  }

  /** A node that only learns persists nothing else. */
  #syncNotes(bytesMax: number): void {
    if (this.#appendedBytes > bytesMax) this.#sync(() => {});
  }

  #isGenuine(message: Message): boolean {
    if (message.type === "batch") return isGenuine(message.digest, message.payload);
    if (message.type !== "entries") return true;
    return message.entries.every(({ batches }) =>
      batches.every(({ digest, payload }) => isGenuine(digest, payload))
    );
  }

  /**
   * The engine asks for many slots only when nothing moves. A node that gets on slot by slot, by
   * what others answer to its own messages, would never catch up with a busy cluster.
   */
  #askForMany(): void {
    const now = this.#options.clock.monotonicMs();
    const { nextSlot } = this.engine;
    if (this.slotsBehind < farBehindSlots || now - this.#askedAtMs < askEveryMs) return;
    const isFast = nextSlot - this.#askedFrom >= fastProgressSlots;
    const [peer] = [...this.#heard].reduce((one, other) => other[1] > one[1] ? other : one, [
      "",
      -1,
    ]);
    this.#askedAtMs = now;
    this.#askedFrom = nextSlot;
    if (isFast || peer === "") return;
    const header = this.engine.header(false);
    const message = { type: "fetch", from: nextSlot } as const;
    this.#options.links?.send(peer, { kind: "consensus", header, message });
  }

  #wake(): void {
    const now = this.#options.clock.monotonicMs();
    const wasIdle = now > this.#busyUntilMs;
    this.#busyUntilMs = now + busyForMs;
    if (wasIdle && this.#timer !== undefined) this.#schedule(busyTickMs);
  }

  #schedule(delayMs: number): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.setTimer(delayMs, () => {
      this.step({ type: "tick" });
      if (this.#isClosed) return;
      this.#askForMany();
      const isBusy = this.engine.isBusy || clock.monotonicMs() < this.#busyUntilMs;
      if (!isBusy) this.#syncNotes(0);
      this.#schedule(isBusy ? busyTickMs : idleTickMs);
    });
  }
}

function isGenuine(digest: Digest, payload: Uint8Array): boolean {
  return digest.endsWith(`/${hashOf(payload)}`);
}

function hashOf(payload: Uint8Array): string {
  return createHash("sha256").update(payload).digest("hex").slice(0, 32);
}

/** The common coin of a cluster: unpredictable enough for crash faults, the same everywhere. */
export function clusterCoin(cluster: string): (slot: number, phase: number) => Bit {
  return (slot, phase) => {
    const digest = createHash("sha256").update(`${cluster}|${slot}|${phase}`).digest();
    return ((digest[0] ?? 0) & 1) as Bit;
  };
}
