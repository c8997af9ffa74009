/**
 * A simulated disk of one node: a log of records with an unsynced tail, and a snapshot.
 *
 * @module
 */
import type { SeededRandom } from "../../src/base/random.ts";
import type { ConsensusRecord } from "../../src/protocol/consensus/message.ts";
import type { Snapshot } from "./replica.ts";

/** Records that were appended together. */
interface Group {
  readonly records: readonly ConsensusRecord[];
  readonly highestSlot: number;
}

/** What survives a crash. */
export class Disk {
  #groups: Group[] = [];
  #unsynced: Group[] = [];
  /** The newest snapshot; written whole or not at all. */
  snapshot: Snapshot | undefined;
  /** Set on a disk that was emptied, until a snapshot covers all that was forgotten. */
  isRejoining = false;

  /** Hands records to the system. */
  append(records: readonly ConsensusRecord[]): void {
    const highestSlot = Math.max(...records.map(slotOf));
    this.#unsynced.push({ records, highestSlot });
  }

  /** How much is unsynced; what {@link synced} takes later. */
  get unsyncedGroups(): number {
    return this.#unsynced.length;
  }

  /** A sync of the first groups has ended. */
  synced(groups: number): void {
    this.#groups.push(...this.#unsynced.splice(0, groups));
  }

  /** The power is cut: of what was not synced a random beginning is left. */
  crash(random: SeededRandom): void {
    const kept = random.nextBelow(this.#unsynced.length + 1);
    this.#groups.push(...this.#unsynced.slice(0, kept));
    this.#unsynced = [];
  }

  /** Everything is lost. */
  wipe(): void {
    this.#groups = [];
    this.#unsynced = [];
    this.snapshot = undefined;
    this.isRejoining = true;
  }

  /** Keeps a snapshot and drops the files that it makes needless. */
  keep(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    let needless = 0;
    for (const { highestSlot } of this.#groups) {
      if (highestSlot >= snapshot.firstSlot) break;
      needless++;
    }
    this.#groups.splice(0, needless);
  }

  /** The records in order. */
  records(): ConsensusRecord[] {
    return this.#groups.flatMap(({ records }) => records);
  }
}

function slotOf(record: ConsensusRecord): number {
  if (record.type === "batch") return -1;
  return record.type === "sent" ? record.message.slot : record.slot;
}
