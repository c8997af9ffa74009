/**
 * Consensus records that a log must still hold although a snapshot covers every applied slot.
 *
 * Those are what this node sent for slots that are not applied yet, with the batches that it
 * proposed there. They are written again before the log's older part is dropped.
 *
 * @module
 */
import {
  type ConsensusRecord,
  type Digest,
  digestsOf,
  type LogEntry,
} from "../../protocol/consensus/message.ts";

/** A batch and how many proposals of open slots name it. */
interface NamedBatch {
  record: ConsensusRecord | undefined;
  names: number;
}

/** Records of open slots, and the batches that they name. */
export class LiveRecords {
  readonly #batches = new Map<Digest, NamedBatch>();
  readonly #slots = new Map<number, ConsensusRecord[]>();

  /** A record was written. */
  add(record: ConsensusRecord): void {
    if (record.type === "batch") {
      this.#batchOf(record.digest).record = record;
      return;
    }
    for (const digest of namedBy(record)) this.#batchOf(digest).names++;
    const slot = record.type === "sent" ? record.message.slot : record.slot;
    const records = this.#slots.get(slot);
    if (records === undefined) this.#slots.set(slot, [record]);
    else records.push(record);
  }

  /** Whether a batch was written, for a slot that is not applied yet. */
  hasBatch(digest: Digest): boolean {
    return this.#batches.get(digest)?.record !== undefined;
  }

  /** A slot was applied. */
  applied({ slot }: LogEntry): void {
    this.#remove(slot);
  }

  /** A snapshot covers everything before a slot. */
  removeBefore(slot: number): void {
    for (const known of this.#slots.keys()) if (known < slot) this.#remove(known);
  }

  /** Removes batches that no slot names, which a torn write may leave. */
  removeUnnamedBatches(): void {
    for (const [digest, { names }] of this.#batches) if (names === 0) this.#batches.delete(digest);
  }

  /** All of them, batches first. */
  *all(): Generator<ConsensusRecord> {
    for (const { record } of this.#batches.values()) if (record !== undefined) yield record;
    for (const records of this.#slots.values()) yield* records;
  }

  #batchOf(digest: Digest): NamedBatch {
    let batch = this.#batches.get(digest);
    if (batch === undefined) this.#batches.set(digest, batch = { record: undefined, names: 0 });
    return batch;
  }

  /** A batch lives as long as a slot for which this node proposed it. */
  #remove(slot: number): void {
    for (const digest of (this.#slots.get(slot) ?? []).flatMap(namedBy)) {
      const batch = this.#batchOf(digest);
      batch.names--;
      if (batch.names <= 0) this.#batches.delete(digest);
    }
    this.#slots.delete(slot);
  }
}

/** The batches that a proposal names. */
function namedBy(record: ConsensusRecord): Digest[] {
  const isProposal = record.type === "sent" && record.message.type === "proposal";
  return isProposal ? digestsOf(record.message.value) : [];
}
