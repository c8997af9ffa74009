/**
 * Proposals of this node on their way through the log: batching, and answers to their callers.
 *
 * Commands of one turn travel together. Only a few batches are under way at a time: while they are,
 * further commands collect, so batches grow with the load and a lone command waits for nothing.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { assert } from "../../base/assert.ts";
import {
  type ByteReader,
  ByteReader as Reader,
  ByteWriter,
  DecodeError,
} from "../../base/codec.ts";
import { AetherError } from "../../base/errors.ts";
import type { Digest } from "../../protocol/consensus/message.ts";
import {
  type Applied,
  type Command,
  encodeCommand,
  readCommand,
  type Transaction,
  type Writer,
} from "../../protocol/store/command.ts";

const batchesMax = 2;
const commandsMax = 1_000;
const batchBytesMax = 512 * 1024;
const waitingMax = 20_000;
const waitingBytesMax = 64 * 1024 * 1024;
/** A batch of one command must fit into a frame between nodes. */
const commandBytesMax = 3 * 1024 * 1024;
/** What earlier versions may have written. */
const storedBytesMax = 16 * 1024 * 1024;

interface Waiting {
  readonly incarnation: number;
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly resolve: (applied: Applied) => void;
  readonly reject: (error: AetherError) => void;
}

/** What proposals need. */
export interface ProposalsOptions {
  readonly node: string;
  /** Number of this life of the node, greater than that of any former one. */
  readonly incarnation: number;
  /** Submits a batch; answers its digest. `onRefused` or `onApplied` follow, maybe at once. */
  submit(payload: Uint8Array): Digest;
}

/** The commands of this node that are not decided yet. */
export class Proposals {
  readonly #options: ProposalsOptions;
  readonly #queue: Waiting[] = [];
  readonly #underWay = new Map<number, Waiting>();
  readonly #batches = new Map<Digest, readonly Waiting[]>();
  /** Digests that were refused while they were being submitted. */
  readonly #refused = new Set<Digest>();
  #incarnation: number;
  #sequence = 0;
  /** Bytes of all commands that wait. */
  #bytes = 0;
  #scheduled = false;
  #closed: AetherError | undefined;

  constructor(options: ProposalsOptions) {
    this.#options = options;
    this.#incarnation = options.incarnation;
  }

  /** Number of this life of the node; may be raised, but what is under way keeps the former one. */
  get incarnation(): number {
    return this.#incarnation;
  }

  set incarnation(incarnation: number) {
    assert(incarnation > this.#incarnation, "The number of a life never goes back");
    this.#incarnation = incarnation;
  }

  /** Commands that wait for a decision or to be submitted. */
  get size(): number {
    return this.#queue.length + this.#underWay.size;
  }

  /**
   * Proposes a transaction; resolves when it is applied here.
   *
   * @throws {AetherError} NOT_PROPOSED: certainly not done. OUTCOME_UNKNOWN when the node stops.
   */
  propose(writer: Writer, transaction: Transaction): Promise<Applied> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (this.size >= waitingMax || this.#bytes >= waitingBytesMax) {
      return Promise.reject(
        new AetherError("NOT_PROPOSED", `${this.size} writes are waiting for a decision`),
      );
    }
    const sequence = ++this.#sequence;
    const [oldest] = this.#underWay.keys();
    const command: Command = {
      node: this.#options.node,
      incarnation: this.#incarnation,
      sequence,
      acknowledgedBelow: oldest ?? this.#queue[0]?.sequence ?? sequence,
      writer,
      transaction,
    };
    const bytes = encodeCommand(command);
    if (bytes.length > commandBytesMax) {
      return Promise.reject(
        new AetherError(
          "VALUE_TOO_LARGE",
          `A write of ${bytes.length} bytes exceeds the limit of ${commandBytesMax}: split it`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#bytes += bytes.length;
      this.#queue.push({ incarnation: this.#incarnation, sequence, bytes, resolve, reject });
      this.#schedule();
    });
  }

  /** A command of this node was applied. */
  onApplied({ incarnation, sequence }: Command, applied: Applied): void {
    const waiting = this.#underWay.get(sequence);
    // Another process with this node's id may use the same numbers.
    if (waiting?.incarnation !== incarnation) return;
    this.#underWay.delete(sequence);
    this.#bytes -= waiting.bytes.length;
    waiting.resolve(applied);
  }

  /** A batch was decided, by whatever slot. */
  onDecided(digest: Digest): void {
    if (this.#batches.delete(digest)) this.#schedule();
  }

  /** A batch was not taken: nothing of it will ever happen. */
  onRefused(digest: Digest): void {
    const commands = this.#batches.get(digest);
    if (commands === undefined) {
      this.#refused.add(digest);
      return;
    }
    this.#batches.delete(digest);
    this.#reject(commands);
  }

  /** Refuses what was not submitted yet: it will never happen. */
  refuseQueued(error: AetherError): void {
    for (const { bytes, reject } of this.#queue.splice(0)) {
      this.#bytes -= bytes.length;
      reject(error);
    }
  }

  /** Ends everything: what was submitted may or may not happen. */
  close(): void {
    const notDone = new AetherError("NODE_STOPPING", "The node is stopping");
    this.#closed = notDone;
    this.refuseQueued(notDone);
    const unknown = new AetherError(
      "OUTCOME_UNKNOWN",
      "The node is stopping before the write was decided",
    );
    for (const { reject } of this.#underWay.values()) reject(unknown);
    this.#underWay.clear();
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0 || this.#batches.size >= batchesMax) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#submit();
    });
  }

  #submit(): void {
    if (this.#closed !== undefined || this.#queue.length === 0) return;
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#queue) {
      bytes += waiting.bytes.length;
      if (count > 0 && (bytes > batchBytesMax || count >= commandsMax)) break;
      count++;
    }
    const commands = this.#queue.splice(0, count);
    for (const waiting of commands) this.#underWay.set(waiting.sequence, waiting);
    const digest = this.#options.submit(encodeBatch(commands.map((waiting) => waiting.bytes)));
    if (this.#refused.delete(digest)) this.#reject(commands);
    // A single voter decides at once; then the batch is done already.
    else if (commands.some(({ sequence }) => this.#underWay.has(sequence))) {
      this.#batches.set(digest, commands);
    }
    this.#schedule();
  }

  #reject(commands: readonly Waiting[]): void {
    const error = new AetherError("NOT_PROPOSED", "Too many writes are waiting for a decision");
    for (const { sequence, bytes, reject } of commands) {
      this.#underWay.delete(sequence);
      this.#bytes -= bytes.length;
      reject(error);
    }
    this.#schedule();
  }
}

/** Batches are written in one piece, so one buffer serves all. */
const batchWriter = new ByteWriter(64 * 1024, 2 ** 31);

/** The bytes of a batch of encoded commands. */
export function encodeBatch(commands: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  batchWriter.clear();
  batchWriter.list(commands, (bytes, to) => to.bytes(bytes));
  return batchWriter.take();
}

/**
 * The commands of a batch.
 *
 * @throws {DecodeError} when the bytes are no batch.
 */
export function decodeBatch(bytes: Uint8Array): Command[] {
  const reader: ByteReader = new Reader(bytes);
  const commands = reader.list(commandsMax, readSized);
  reader.end();
  return commands;
}

/** In place: a view for each command would cost as much as reading it. */
function readSized(reader: ByteReader): Command {
  const { offset } = reader;
  const length = reader.varint();
  const end = reader.offset + length;
  if (length > storedBytesMax) {
    throw new DecodeError(`Length ${length} exceeds the limit of ${storedBytesMax} bytes`, offset);
  }
  const command = readCommand(reader);
  if (reader.offset !== end) {
    throw new DecodeError(`A command of ${length} bytes is not so long`, offset);
  }
  return command;
}
