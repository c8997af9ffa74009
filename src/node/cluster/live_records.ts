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

/** Records of open slots, and the batches that they name. */
export class LiveRecords {
  readonly #batches = new Map<Digest, ConsensusRecord>();
  readonly #slots = new Map<number, ConsensusRecord[]>();

  /** A record was written. */
  add(record: ConsensusRecord): void {
    if (record.type === "batch") {
      this.#batches.set(record.digest, record);
      return;
    }
    const slot = record.type === "sent" ? record.message.slot : record.slot;
    const records = this.#slots.get(slot);
    if (records === undefined) this.#slots.set(slot, [record]);
    else records.push(record);
  }

  /** A slot was applied. */
  applied({ slot }: LogEntry): void {
    const records = this.#slots.get(slot) ?? [];
    this.#slots.delete(slot);
    this.#forgetBatches(records);
  }

  /** A snapshot covers everything before a slot. */
  removeBefore(slot: number): void {
    for (const [known, records] of this.#slots) {
      if (known >= slot) continue;
      this.#slots.delete(known);
      this.#forgetBatches(records);
    }
  }

  /** Removes batches that no slot names, which a torn write may leave. */
  removeUnnamedBatches(): void {
    const named = new Set([...this.#slots.values()].flat().flatMap(batchesOf));
    for (const digest of this.#batches.keys()) if (!named.has(digest)) this.#batches.delete(digest);
  }

  /** All of them, batches first. */
  *all(): Generator<ConsensusRecord> {
    yield* this.#batches.values();
    for (const records of this.#slots.values()) yield* records;
  }

  /** A batch lives as long as a slot for which this node proposed it. */
  #forgetBatches(records: readonly ConsensusRecord[]): void {
    const gone = new Set(records.flatMap(batchesOf));
    if (gone.size === 0) return;
    for (const others of this.#slots.values()) {
      for (const digest of others.flatMap(batchesOf)) gone.delete(digest);
    }
    for (const digest of gone) this.#batches.delete(digest);
  }
}

function batchesOf(record: ConsensusRecord): Digest[] {
  const isProposal = record.type === "sent" && record.message.type === "proposal";
  return isProposal ? digestsOf(record.message.value) : [];
}
