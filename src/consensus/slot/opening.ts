/**
 * When to open a slot that nobody has opened, and with which batches.
 *
 * There must be a reason: a batch that no open slot proposes, a gap below a slot that somebody
 * opened, or slots that have to pass before a configuration or a node comes into force. An idle
 * cluster opens none. Only the lowest such slot is opened on one's own: it belongs to the node that
 * {@link Openers} names, and to the others one by one when nothing happens. When slots decide
 * nothing because several nodes opened them at once, they wait longer and longer for each other.
 *
 * @module
 */
import {
  emptyValue,
  type LogEntry,
  type Value,
  valueOf,
} from "../../protocol/consensus/message.ts";
import type { BatchStore } from "../batches/batch_store.ts";
import type { DecidedLog } from "../decided_log.ts";
import { Openers } from "./openers.ts";
import type { Slot, SlotTable } from "./slots.ts";
import type { EngineOptions } from "../types.ts";

/** The parts of an engine that opening a slot depends on. */
export interface OpeningParts {
  readonly options: EngineOptions;
  readonly batches: BatchStore;
  readonly slots: SlotTable;
  readonly log: DecidedLog;
  readonly membersAt: (slot: number) => readonly string[];
}

/** Opens slots at one node. */
export class Opening {
  readonly #parts: OpeningParts;
  readonly #openers: Openers;
  #fillUpTo = -1;
  /** The slot that somebody should open, and since when. */
  #awaited: { readonly slot: number; readonly sinceMs: number } | undefined;
  /** Slots in a row that decided nothing although this node proposed something. */
  #collisions = 0;
  /** How long the last of them took: some message delays. */
  #collisionMs = 0;

  constructor(parts: OpeningParts) {
    this.#parts = parts;
    this.#openers = new Openers(parts.options.window, parts.options.lateMs);
  }

  /** Slots up to this one are to be decided, with batches or without. */
  fillUpTo(slot: number): void {
    this.#fillUpTo = Math.max(this.#fillUpTo, slot);
  }

  /** Whether slots from `next` on are to be decided in any case. */
  isFilling(next: number): boolean {
    return next <= this.#fillUpTo;
  }

  /** Nodes that seem to be down need not be waited for. */
  suspect(nodes: ReadonlySet<string>): void {
    this.#openers.suspect(nodes);
  }

  /** Whether one of the nodes seems to be down. */
  isSuspected(nodes: readonly string[]): boolean {
    return this.#openers.isSuspected(nodes);
  }

  /** What to propose in a slot that nobody has opened; undefined: nothing now. */
  initiate(slot: number, nowMs: number): Value | undefined {
    const { options, batches, slots, log, membersAt } = this.#parts;
    const free = batches.free();
    const isGap = slot <= Math.max(slots.highest, log.highest, this.#fillUpTo);
    if (free.length === 0 && !isGap) {
      this.#awaited = undefined;
      return undefined;
    }
    if (this.#awaited?.slot !== slot) this.#awaited = { slot, sinceMs: nowMs };
    if (slots.initiated >= options.depth) return undefined;
    if (nowMs - this.#awaited.sinceMs < this.#turnMs(slot, nowMs)) return undefined;
    this.#openers.overtaken(options.self, slot, membersAt(slot), nowMs);
    return valueOf(free);
  }

  /** How long to wait for a majority of proposals when a quorum disagrees. */
  get patienceMs(): number {
    return Math.max(this.#parts.options.graceMs, this.#stepMs);
  }

  /** How long this node lets the others go first. */
  #turnMs(slot: number, nowMs: number): number {
    const { options, membersAt } = this.#parts;
    const { self, takeoverMs } = options;
    const members = membersAt(slot);
    if (this.#stepMs === 0) {
      if (this.#isOverdue(nowMs)) return 0;
      return this.#openers.rankOf(self, slot, members, nowMs) * takeoverMs;
    }
    // Whom each passes over may be what they disagree on: now it is simply one after the other.
    return this.#stepMs * ((members.indexOf(self) + slot) % members.length);
  }

  /** Time between two turns after collisions: it grows beyond any delay; 0 without collisions. */
  get #stepMs(): number {
    const { takeoverMs, resendMaxMs } = this.#parts.options;
    if (this.#collisions < 2) return 0;
    const stepMs = Math.max(1, takeoverMs, this.#collisionMs) * 2 ** (this.#collisions - 2);
    return Math.min(stepMs, 10 * resendMaxMs);
  }

  /** Whether an own batch was left out for so long that the opener seems not to know it. */
  #isOverdue(nowMs: number): boolean {
    const { options, batches } = this.#parts;
    const sinceMs = batches.oldestOwnFree();
    return sinceMs !== undefined && nowMs - sinceMs > options.resendMs;
  }

  /** A proposal of another node came in. */
  proposalSeen(slot: Slot, from: string, nowMs: number): void {
    if (slot.protocol.isOpen || slot.protocol.favourite !== undefined) return;
    this.#openers.present(from);
    const { slot: awaited, sinceMs } = this.#awaited ?? { slot: -1, sinceMs: 0 };
    if (awaited !== slot.number || nowMs - sinceMs < this.#parts.options.takeoverMs / 2) return;
    this.#openers.overtaken(from, slot.number, slot.members, nowMs);
  }

  /** A slot is decided. Who opened it and lost to another is out of step and stands back. */
  decided(slot: Slot, value: Value, nowMs: number): void {
    if (slot.isDecided) return;
    if (value !== emptyValue) this.#collisions = 0;
    else if (slot.proposed.length > 0) {
      this.#collisions = Math.min(this.#collisions + 1, 30);
      this.#collisionMs = nowMs - slot.openedAtMs;
    }
    if (!slot.isInitiated || value === emptyValue || value === valueOf(slot.proposed)) return;
    this.#openers.late(this.#parts.options.self, nowMs);
  }

  /** A slot is applied. */
  applied({ slot, batches }: LogEntry): void {
    this.#openers.applied(slot, batches.map(({ digest }) => digest));
  }
}
