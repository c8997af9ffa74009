/**
 * What a step hands to the host, and the messages that wait until they are durable.
 *
 * @module
 */
import type { ConsensusRecord, Message, SlotMessage } from "../protocol/consensus/message.ts";
import type { Output } from "./types.ts";

interface Held {
  readonly sequence: number;
  readonly messages: readonly SlotMessage[];
}

/** The outputs of one engine. */
export class Outbox {
  readonly #durable: boolean;
  #outputs: Output[] = [];
  #records: ConsensusRecord[] = [];
  #holding: SlotMessage[] = [];
  #held: Held[] = [];
  #sequence = 0;

  /** @param durable whether there are records at all */
  constructor(durable: boolean) {
    this.#durable = durable;
  }

  /** Whether messages wait until they are durable. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Adds an output. */
  push(output: Output): void {
    this.#outputs.push(output);
  }

  /** Sends a message. */
  send(to: string | "all", message: Message, resent = false): void {
    this.#outputs.push({ type: "send", to, message, resent });
  }

  /** Makes a record durable with the next message that is held. */
  record(record: ConsensusRecord): void {
    if (this.#durable) this.#records.push(record);
  }

  /** Writes a record that nothing waits for. */
  note(record: ConsensusRecord): void {
    if (this.#durable) this.#outputs.push({ type: "note", record });
  }

  /** Holds a message until it is durable; false when there is nothing to wait for. */
  hold(message: SlotMessage): boolean {
    if (!this.#durable) return false;
    this.#records.push({ type: "sent", message });
    this.#holding.push(message);
    return true;
  }

  /** Messages that are durable now, in order. */
  persisted(sequence: number): SlotMessage[] {
    const messages: SlotMessage[] = [];
    for (;;) {
      const first = this.#held[0];
      if (first === undefined || first.sequence > sequence) return messages;
      messages.push(...first.messages);
      this.#held.shift();
    }
  }

  /** Everything since the last call; the disk first, which takes longest. */
  take(): Output[] {
    if (this.#records.length > 0) {
      const sequence = ++this.#sequence;
      this.#outputs.unshift({ type: "persist", sequence, records: this.#records });
      this.#held.push({ sequence, messages: this.#holding });
      this.#records = [];
      this.#holding = [];
    }
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }
}
