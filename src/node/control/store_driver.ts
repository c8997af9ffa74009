/**
 * Drives the replicated store: commands into the log, the log into the state, changes to listeners.
 *
 * A single voter decides alone: a command is decided when it is durable in the log of the data
 * directory, or at once in a node without one. Commands apply in the order of the log; reads see
 * only what has been applied, so an acknowledged write is never missing from a later read.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { DataDirectory } from "../../io/log/data_directory.ts";
import {
  type Applied,
  type Command,
  decodeCommand,
  encodeCommand,
  type Transaction,
  type Writer,
} from "../../protocol/store/command.ts";
import { type StoreChange, StoreState } from "../../store/state.ts";

/** Type of a log record that holds a command. */
const commandRecord = 1;
const pendingMax = 10_000;

/** What a driver needs. */
export interface StoreDriverOptions {
  readonly node: string;
  /** Undefined: everything is lost with the process. */
  readonly data: DataDirectory | undefined;
  readonly maxBytes: number;
  readonly snapshotEveryBytes: number;
  /** The disk failed: the node must stop, since it cannot know what is durable. */
  onFailure(error: AetherError): void;
}

interface Proposal {
  readonly command: Command;
  readonly index: number;
  readonly resolve: (applied: Applied) => void;
}

/** Called after each change, in order. */
export type ChangeListener = (change: StoreChange) => void;

/** The store of this node. */
export class StoreDriver {
  readonly state: StoreState;
  readonly #options: StoreDriverOptions;
  readonly #incarnation: number;
  readonly #listeners = new Set<ChangeListener>();
  readonly #waiting: Proposal[] = [];
  #sequence = 0;
  #appliedIndex = 0;
  #bytesSinceSnapshot = 0;
  #saving: Promise<void> = Promise.resolve();
  #isSaving = false;
  #closed = false;

  /**
   * Restores the state from the data directory.
   *
   * @throws {AetherError} STORAGE_CORRUPT when a record or the snapshot cannot be read.
   */
  constructor(options: StoreDriverOptions) {
    this.#options = options;
    this.state = new StoreState({ maxBytes: options.maxBytes });
    if (options.data !== undefined) this.#restore(options.data);
    options.data?.releaseReplay();
    this.#incarnation = this.state.incarnationOf(options.node) + 1;
  }

  /** Whether acknowledged writes survive the process. */
  get durable(): boolean {
    return this.#options.data !== undefined;
  }

  /** Number of this life of the node, from 1; it grows with every restart. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** Calls the listener after each change until the returned function is called. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Proposes a transaction; resolves when it is decided, durable and applied.
   *
   * @throws {AetherError} NOT_PROPOSED or STORE_FULL: certainly not done. OUTCOME_UNKNOWN: the disk
   *   failed meanwhile. FORBIDDEN when the writer may not write one of the keys.
   */
  async propose(writer: Writer, transaction: Transaction): Promise<Applied> {
    if (this.#closed) throw new AetherError("NODE_STOPPING", "The node's store is closed");
    if (this.#waiting.length >= pendingMax) {
      throw new AetherError("NOT_PROPOSED", `${pendingMax} writes are waiting for the disk`);
    }
    const sequence = ++this.#sequence;
    const command: Command = {
      node: this.#options.node,
      incarnation: this.#incarnation,
      sequence,
      acknowledgedBelow: this.#waiting[0]?.command.sequence ?? sequence,
      writer,
      transaction,
    };
    const applied = await this.#decide(command);
    if (applied.outcome === "full") {
      throw new AetherError(
        "STORE_FULL",
        `The store holds ${this.state.bytes} of ${this.#options.maxBytes} bytes`,
      );
    }
    if (applied.outcome === "forbidden") {
      throw new AetherError("FORBIDDEN", `A ${writer} may not write one of the keys`);
    }
    return applied;
  }

  /** A read that sees every write acknowledged before it began. */
  readBarrier(): Promise<void> {
    // The only voter has applied whatever it has acknowledged.
    return Promise.resolve();
  }

  /** Waits for what is under way and closes the data directory. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#saving;
    await this.#options.data?.close();
  }

  async #decide(command: Command): Promise<Applied> {
    const { data } = this.#options;
    if (data === undefined) return this.#apply(command);
    const bytes = encodeCommand(command);
    const index = data.log.append(commandRecord, bytes);
    this.#bytesSinceSnapshot += bytes.length;
    const { promise, resolve } = Promise.withResolvers<Applied>();
    this.#waiting.push({ command, index, resolve });
    try {
      await data.log.sync();
    } catch (cause) {
      const error = new AetherError(
        "OUTCOME_UNKNOWN",
        "The disk failed while the write was being made durable",
        { cause },
      );
      this.#options.onFailure(error);
      throw error;
    }
    this.#applyUpTo(index);
    this.#saveSnapshotIfDue(data);
    return await promise;
  }

  #applyUpTo(index: number): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined || next.index > index) return;
      this.#waiting.shift();
      this.#appliedIndex = next.index;
      next.resolve(this.#apply(next.command));
    }
  }

  #apply(command: Command): Applied {
    const { applied, change } = this.state.apply(command);
    if (change !== undefined) {
      for (const listener of this.#listeners) listener(change);
    }
    return applied;
  }

  #restore(data: DataDirectory): void {
    try {
      if (data.snapshot !== undefined) {
        this.state.restore(data.snapshot.body);
        this.#appliedIndex = data.snapshot.index;
      }
      for (const record of data.records) {
        if (record.type !== commandRecord) {
          throw new Error(`Record ${record.index} has the unknown type ${record.type}`);
        }
        this.state.apply(decodeCommand(record.body));
        this.#appliedIndex = record.index;
        this.#bytesSinceSnapshot += record.body.length;
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AetherError("STORAGE_CORRUPT", `The stored state cannot be read: ${reason}`, {
        cause,
      });
    }
  }

  #saveSnapshotIfDue(data: DataDirectory): void {
    if (this.#isSaving || this.#bytesSinceSnapshot < this.#options.snapshotEveryBytes) return;
    this.#isSaving = true;
    this.#bytesSinceSnapshot = 0;
    const snapshot = { index: this.#appliedIndex, body: this.state.snapshot() };
    this.#saving = data.saveSnapshot(snapshot).catch((error: AetherError) => {
      this.#options.onFailure(error);
    }).finally(() => {
      this.#isSaving = false;
    });
  }
}
