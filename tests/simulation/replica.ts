/**
 * The state machine of a simulated node: the real store, and the members of the cluster.
 *
 * @module
 */
import { assert } from "../../src/base/assert.ts";
import type { Configuration } from "../../src/consensus/quorum.ts";
import type { Digest, LogEntry } from "../../src/protocol/consensus/message.ts";
import type { Applied, Command } from "../../src/protocol/store/command.ts";
import { StoreState } from "../../src/store/state.ts";

/** A change of the members, if nobody has made another one meanwhile. */
export interface MembersChange {
  /** First slot of the configuration that it replaces. */
  readonly replaces: number;
  readonly members: readonly string[];
}

/** What the bytes of a batch stand for. */
export interface BatchContent {
  readonly node: string;
  readonly commands: readonly Command[];
  readonly change: MembersChange | undefined;
}

/** The state before a slot. */
export interface Snapshot {
  readonly firstSlot: number;
  readonly store: Uint8Array;
  readonly configurations: readonly Configuration[];
  readonly chain: number;
}

/** What applying a command did at a node. */
export interface Execution {
  readonly command: Command;
  readonly applied: Applied;
  /** Revision of the change; undefined when nothing changed. */
  readonly revision: number | undefined;
}

/** A replica of the state. */
export class Replica {
  readonly store = new StoreState({ maxBytes: 2 ** 30 });
  readonly #contents: ReadonlyMap<Digest, BatchContent>;
  readonly #alpha: number;
  #configurations: readonly Configuration[];
  /** Members that the cluster began with. */
  readonly firstMembers: readonly string[];
  /** Hash over everything applied. */
  chain = 0;
  nextSlot = 0;

  constructor(
    contents: ReadonlyMap<Digest, BatchContent>,
    alpha: number,
    first: Configuration,
  ) {
    this.#contents = contents;
    this.#alpha = alpha;
    this.#configurations = [first];
    this.firstMembers = first.members;
  }

  /** The newest configuration. */
  get latest(): Configuration {
    return this.#configurations[this.#configurations.length - 1] as Configuration;
  }

  /** Configurations from the next slot on. */
  get configurations(): readonly Configuration[] {
    const current = this.#configurations.findLastIndex(({ from }) => from <= this.nextSlot);
    return this.#configurations.slice(Math.max(0, current));
  }

  /** Applies an entry; answers what its commands did and the new configuration, if any. */
  apply({ slot, batches }: LogEntry): {
    readonly executions: Execution[];
    readonly configuration: Configuration | undefined;
  } {
    const executions: Execution[] = [];
    let configuration: Configuration | undefined;
    this.chain = mix(this.chain, slot);
    for (const { digest } of batches) {
      const content = this.#contents.get(digest);
      assert(content !== undefined, `Batch ${digest} is applied but was never submitted`);
      for (const command of content.commands) {
        const { applied, change } = this.store.apply(command);
        executions.push({ command, applied, revision: change?.revision });
        this.chain = mix(this.chain, applied.revision);
      }
      configuration = this.#change(slot, content.change) ?? configuration;
      for (let index = 0; index < digest.length; index++) {
        this.chain = mix(this.chain, digest.charCodeAt(index));
      }
    }
    this.nextSlot = slot + 1;
    return { executions, configuration };
  }

  #change(slot: number, change: MembersChange | undefined): Configuration | undefined {
    // One change at a time: the one before must be in force.
    if (change?.replaces !== this.latest.from || this.latest.from > slot) return undefined;
    const configuration = { from: slot + this.#alpha, members: change.members };
    this.#configurations = [...this.configurations, configuration];
    return configuration;
  }

  /** The state as it is. */
  snapshot(): Snapshot {
    return {
      firstSlot: this.nextSlot,
      store: this.store.snapshot(),
      configurations: this.configurations,
      chain: this.chain,
    };
  }

  /** Takes over a snapshot. */
  restore(snapshot: Snapshot): void {
    this.store.restore(snapshot.store);
    this.nextSlot = snapshot.firstSlot;
    this.#configurations = snapshot.configurations;
    this.chain = snapshot.chain;
  }
}

/** Mixes a number into a hash. */
export function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x9e3779b1);
  mixed ^= mixed >>> 15;
  return Math.imul(mixed, 0x85ebca6b) ^ (mixed >>> 13);
}
