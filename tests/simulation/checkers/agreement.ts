/**
 * Agreement: one value per slot, one state per prefix, one configuration per slot, over all nodes
 * that ever lived.
 *
 * @module
 */
import type { Configuration } from "../../../src/consensus/quorum.ts";
import { type LogEntry, type Value, valueOf } from "../../../src/protocol/consensus/message.ts";
import type { Host } from "../host.ts";
import type { Fail } from "./checkers.ts";

/** Watches what nodes decide and apply. */
export class Agreement {
  readonly #fail: Fail;
  readonly #values = new Map<number, Value>();
  readonly #chains = new Map<number, number>();
  readonly #configurations = new Map<number, string>();
  readonly #next = new Map<Host, { life: number; next: number }>();
  /** Slots that decided nothing, and batches in the others. */
  emptySlots = 0;
  batches = 0;

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  /** Slots decided. */
  get slots(): number {
    return this.#values.size;
  }

  /** A node says what a slot decided. */
  decided(node: string, slot: number, value: Value): void {
    const known = this.#values.get(slot);
    if (known === undefined) {
      this.#values.set(slot, value);
      if (value === "") this.emptySlots++;
      else this.batches += value.split(" ").length;
    } else if (known !== value) {
      this.#fail("agreement", `${node} decided "${value}" in slot ${slot}, others "${known}"`);
    }
  }

  /** A node applied an entry; its replica has it already. */
  applied(host: Host, { slot, batches }: LogEntry): void {
    this.decided(host.id, slot, valueOf(batches.map(({ digest }) => digest)));
    const last = this.#next.get(host);
    if (last?.life === host.life && slot < last.next) {
      this.#fail("order", `${host.id} applied slot ${slot} again`);
    }
    this.#next.set(host, { life: host.life, next: slot + 1 });
    this.reached(host.id, host.replica.nextSlot, host.replica.chain);
  }

  /** A node's state before a slot has this hash. */
  reached(node: string, next: number, chain: number): void {
    const known = this.#chains.get(next);
    if (known === undefined) this.#chains.set(next, chain);
    else if (known !== chain) {
      this.#fail("state", `${node} has another state than others before slot ${next}`);
    }
  }

  /** All configurations that were ever decided, oldest first. */
  configurations(first: readonly string[]): Configuration[] {
    const later = [...this.#configurations].map(([from, members]) => ({
      from,
      members: members.split(","),
    }));
    return [{ from: 0, members: first }, ...later.sort((a, b) => a.from - b.from)];
  }

  /** A node learned a configuration. */
  configured(node: string, { from, members }: Configuration): void {
    const text = members.join();
    const known = this.#configurations.get(from);
    if (known === undefined) this.#configurations.set(from, text);
    else if (known !== text) {
      this.#fail("configuration", `${node} has members ${text} from slot ${from}, others ${known}`);
    }
  }
}
