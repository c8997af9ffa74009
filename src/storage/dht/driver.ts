/**
 * {@link DhtDriver}: runs the DHT machine of a node on its store, its links and its clock.
 *
 * Requests of one turn go to the store together, so that they share a sync; large values wait a
 * moment for more of their kind, since a file comes chunk by chunk. What links lose the machine
 * sends again.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../../base/clock.ts";
import { ByteReader, ByteWriter } from "../../base/codec.ts";
import type { DhtInput, DhtNote, DhtOutput, Instant, StorageRequest } from "../../dht/types.ts";
import { readDhtMessage, writeDhtMessage } from "../../protocol/dht/codec.ts";
import { dhtError, type DhtResult } from "../../protocol/dht/result.ts";
import type { ScopeName } from "../../protocol/dht/scope.ts";
import type { StoragePeers } from "../peers.ts";
import type { Dht, PutOptions, StoredCopies, VersionedValue } from "./dht.ts";
import type { EntryStore } from "./entry_store.ts";

const topic = "dht";
const tickMs = 50;
/** Values of this size wait so long for others, until there are so many bytes. */
const gathered = { fromBytes: 16 * 1024, waitMs: 4, bytesMax: 1024 * 1024 } as const;
/** As long after the last sign of work the machine is left alone for longer. */
const restAfterMs = 1_000;
/** It compares and collects every few minutes, which may be late by so much. */
const restTickMs = 1_000;

/** The machine, from `src/dht`. */
export interface SteppedMachine {
  step(input: DhtInput, now: Instant): readonly DhtOutput[];
}

/** What a driver needs. */
export interface DhtDriverOptions {
  readonly machine: SteppedMachine;
  readonly store: EntryStore;
  readonly peers: Pick<StoragePeers, "tell" | "listen">;
  readonly clock: Clock;
  /** The node holds what the open transition of this revision gives it; said again. */
  onSettled(revision: number): void;
  onNote(note: DhtNote): void;
}

type Operation = Extract<DhtInput, { type: "put" | "get" | "remove" }>;
/** Of each kind of operation, what its caller gives. */
type Asked = Operation extends infer O ? O extends Operation ? Omit<O, "operationId"> : never
  : never;

/** Runs one machine until it is closed. */
export class DhtDriver implements Dht {
  readonly #options: DhtDriverOptions;
  readonly #waiting = new Map<number, (result: DhtResult) => void>();
  readonly #writer = new ByteWriter();
  #batch: { readonly requestId: number; readonly request: StorageRequest }[] = [];
  #batchBytes = 0;
  #isFlushDue = false;
  #gathering: Timer | undefined;
  #timer: Timer | undefined;
  #workedAtMs = -Infinity;
  #isResting = false;
  #nextId = 1;
  #closed = false;

  constructor(options: DhtDriverOptions) {
    this.#options = options;
    options.store.onDamaged = ({ scope, key }) => this.give({ type: "damaged", scope, key });
    options.peers.listen(topic, (body, from) => {
      const reader = new ByteReader(body);
      const message = readDhtMessage(reader);
      reader.end();
      this.give({ type: "message", from, message });
    });
    this.#tick();
  }

  async put(
    scope: ScopeName,
    key: string,
    value: Uint8Array,
    { timeoutMs, copies }: PutOptions,
  ): Promise<StoredCopies> {
    const result = await this.#operate({ type: "put", scope, key, value, timeoutMs, copies });
    if (result.type === "failed") throw dhtError(result.failure, key);
    return result.type === "stored" ? result : { copies: 0, owners: 0 };
  }

  async get(scope: ScopeName, key: string, timeoutMs: number): Promise<Uint8Array | undefined> {
    return (await this.read(scope, key, timeoutMs))?.value;
  }

  /** As {@link get}, with the version. */
  async read(
    scope: ScopeName,
    key: string,
    timeoutMs: number,
  ): Promise<VersionedValue | undefined> {
    const result = await this.#operate({ type: "get", scope, key, timeoutMs });
    if (result.type === "failed") throw dhtError(result.failure, key);
    return result.type === "found" ? result : undefined;
  }

  async remove(scope: ScopeName, key: string, timeoutMs: number): Promise<void> {
    const result = await this.#operate({ type: "remove", scope, key, timeoutMs });
    if (result.type === "failed") throw dhtError(result.failure, key);
  }

  /** Gives the machine something and does what it says. */
  give(input: DhtInput): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    const outputs = this.#options.machine.step(input, now);
    if (input.type !== "tick" || outputs.length > 0) this.#wake(now.monotonicMs);
    for (const output of outputs) this.#do(output);
  }

  /** Stops; what is under way is never answered. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#gathering?.cancel();
  }

  #operate(asked: Asked): Promise<DhtResult> {
    const operationId = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(operationId, resolve);
      this.give({ ...asked, operationId } as Operation);
    });
  }

  #do(output: DhtOutput): void {
    switch (output.type) {
      case "send": {
        this.#writer.clear();
        writeDhtMessage(this.#writer, output.message);
        this.#options.peers.tell(output.to, topic, this.#writer.view());
        break;
      }
      case "store":
        this.#store(output);
        break;
      case "done": {
        const resolve = this.#waiting.get(output.operationId);
        this.#waiting.delete(output.operationId);
        resolve?.(output.result);
        break;
      }
      case "settled":
        this.#options.onSettled(output.revision);
        break;
      case "note":
        this.#options.onNote(output.note);
        break;
    }
  }

  #store(output: Extract<DhtOutput, { type: "store" }>): void {
    const { request } = output;
    this.#batch.push(output);
    const bytes = request.op === "merge" ? request.entry.value?.length ?? 0 : 0;
    this.#batchBytes += bytes;
    if (this.#isFlushDue) return;
    if (bytes >= gathered.fromBytes && this.#batchBytes < gathered.bytesMax) {
      const { clock } = this.#options;
      this.#gathering ??= clock.setTimer(gathered.waitMs, () => this.#flush());
      return;
    }
    this.#isFlushDue = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#closed) return;
    this.#gathering?.cancel();
    this.#gathering = undefined;
    this.#isFlushDue = false;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    const replies = this.#options.store.handle(batch.map(({ request }) => request));
    batch.forEach(({ requestId }, index) => {
      const reply = replies[index];
      if (reply !== undefined) this.give({ type: "stored", requestId, reply });
    });
  }

  #wake(nowMs: number): void {
    this.#workedAtMs = nowMs;
    if (this.#isResting) this.#tick();
  }

  #tick(): void {
    const { clock } = this.#options;
    this.#isResting = clock.monotonicMs() - this.#workedAtMs >= restAfterMs;
    this.#timer?.cancel();
    this.#timer = clock.setTimer(this.#isResting ? restTickMs : tickMs, () => {
      this.give({ type: "tick" });
      if (!this.#closed) this.#tick();
    });
  }
}
