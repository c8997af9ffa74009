/**
 * Quorum sizes and the members of each slot.
 *
 * Sizes come from the configuration that is in force at a slot, never from who is connected.
 *
 * @module
 */
import { assert } from "../base/assert.ts";

/** Sizes for n members under crash faults, n >= 2f + 1. */
export interface QuorumSizes {
  readonly members: number;
  /** Crashes that are tolerated. */
  readonly faults: number;
  /** n - f: how many answers may be waited for. */
  readonly quorum: number;
  /** floor(n / 2) + 1. */
  readonly majority: number;
}

/** The sizes for a number of members. */
export function quorumSizes(members: number): QuorumSizes {
  const faults = Math.floor((members - 1) / 2);
  return { members, faults, quorum: members - faults, majority: Math.floor(members / 2) + 1 };
}

/** Members that are in force from a slot on. */
export interface Configuration {
  readonly from: number;
  /** Ids in a fixed order. */
  readonly members: readonly string[];
}

/** The configurations of all slots that are still of interest. */
export class Configurations {
  #list: Configuration[];

  /** Begins with one or more, oldest first. */
  constructor(known: readonly Configuration[]) {
    assert(known.length > 0, "There is always a configuration");
    this.#list = [];
    for (const each of known) this.add(each);
  }

  /** The configuration of a slot; its slots begin at or after the first one known. */
  at(slot: number): Configuration {
    const found = this.#list.findLast(({ from }) => from <= slot) ?? this.#list[0];
    assert(found !== undefined, "There is always a configuration");
    return found;
  }

  /** The newest one, in force or not yet. */
  get latest(): Configuration {
    const last = this.#list[this.#list.length - 1];
    assert(last !== undefined, "There is always a configuration");
    return last;
  }

  /** All, oldest first. */
  get all(): readonly Configuration[] {
    return this.#list;
  }

  /** Adds a configuration that a later slot begins with. */
  add(configuration: Configuration): void {
    const last = this.#list[this.#list.length - 1];
    assert(last === undefined || configuration.from > last.from, "Configurations come in order");
    this.#list.push(configuration);
  }

  /** Forgets configurations that no slot from here on uses. */
  forgetBefore(slot: number): void {
    const current = this.at(slot);
    this.#list = this.#list.filter(({ from }) => from >= current.from);
  }
}
