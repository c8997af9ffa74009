/**
 * Uniqueness: no node ever sends two different messages of one type and phase for a slot, whatever
 * crashes lie between.
 *
 * @module
 */
import type { SlotMessage } from "../../../src/protocol/consensus/message.ts";
import { stepOf } from "../../../src/consensus/slot/slot_protocol.ts";
import type { Fail } from "./checkers.ts";

/** Watches what nodes send. */
export class Uniqueness {
  readonly #fail: Fail;
  /** By node and slot: contents by step. */
  readonly #sent = new Map<string, Map<number, string[]>>();

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  /** A node sends a message. */
  sent(node: string, message: SlotMessage): void {
    let slots = this.#sent.get(node);
    if (slots === undefined) this.#sent.set(node, slots = new Map());
    let steps = slots.get(message.slot);
    if (steps === undefined) slots.set(message.slot, steps = []);
    const step = stepOf(message);
    const content = contentOf(message);
    const known = steps[step];
    if (known === undefined) steps[step] = content;
    else if (known !== content) {
      this.#fail(
        "uniqueness",
        `${node} sent ${message.type} "${content}" for slot ${message.slot}, before "${known}"`,
      );
    }
  }
}

function contentOf(message: SlotMessage): string {
  if (message.type === "proposal") return message.value;
  const bit = message.type === "vote" ? message.vote : message.bit;
  return `${bit}:${message.value ?? "?"}`;
}
