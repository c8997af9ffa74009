/**
 * Consensus records that a log must still hold although a snapshot covers every applied slot.
 *
 * Those are what this node sent for slots that are not applied yet, and batches that are not
 * decided. They are written again before the log's older part is dropped.
 *
 * @module
 */
import type { ConsensusRecord, Digest, LogEntry } from "../../protocol/consensus/message.ts";

/** Records of open slots and waiting batches, by what ends their life. */
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
  applied({ slot, batches }: LogEntry): void {
    this.#slots.delete(slot);
    for (const { digest } of batches) this.#batches.delete(digest);
  }

  /** A snapshot covers everything before a slot. */
  removeBefore(slot: number): void {
    for (const known of this.#slots.keys()) if (known < slot) this.#slots.delete(known);
  }

  /** All of them, batches first. */
  *all(): Generator<ConsensusRecord> {
    yield* this.#batches.values();
    for (const records of this.#slots.values()) yield* records;
  }
}
