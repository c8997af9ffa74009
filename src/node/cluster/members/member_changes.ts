/**
 * Changes of the cluster's nodes: adding, removing, and making followers voters.
 *
 * Each is a command in the store. New voters are in force some slots after the one that decided
 * them, everywhere at the same slot, and one change at a time. Any node can carry these out.
 *
 * @module
 */
import { type Clock, pause } from "../../../base/clock.ts";
import { AetherError } from "../../../base/errors.ts";
import { voterChangeObjection } from "../../../membership/voter_change.ts";
import { configurationKey, keys } from "../../../protocol/keys.ts";
import type { Compare, Operation, Writer } from "../../../protocol/store/command.ts";
import type { Cluster } from "../cluster.ts";

const inForceTimeoutMs = 15_000;
/** How long a promotion waits for followers that are alive but have not caught up. */
const catchUpTimeoutMs = 5_000;
/** In this time whoever works is linked. */
const linkTimeoutMs = 1_500;
const pollMs = 10;
/** A node that is further behind than the others keep entries for needs a snapshot yet. */
const caughtUpSlots = 1_000;

/** New voters, in place of others or besides them. */
export interface Promotion {
  readonly nodes: readonly string[];
  /** Voters that become followers in the same change. @default {[]} */
  readonly insteadOf?: readonly string[];
  /** Whether to do it although it weakens the cluster. @default {false} */
  readonly isForced?: boolean;
  /** Further conditions, such as that somebody still leads. @default {[]} */
  readonly compare?: readonly Compare[];
}

/** Changes of the members of one cluster. */
export class MemberChanges {
  readonly #node: string;
  readonly #cluster: Cluster;
  readonly #clock: Clock;

  /** Changes that one node carries out. */
  constructor(node: string, cluster: Cluster, clock: Clock) {
    this.#node = node;
    this.#cluster = cluster;
    this.#clock = clock;
  }

  /** Whether new voters are decided that are not in force yet. */
  get isChanging(): boolean {
    const { configurations, nextSlot } = this.#cluster.store;
    return (configurations.at(-1)?.from ?? 0) > nextSlot;
  }

  /** Whether a node follows the log so closely that it can vote. */
  isCaughtUp(node: string): boolean {
    return (this.#cluster.members.slotsBehind(node) ?? Infinity) <= caughtUpSlots;
  }

  /**
   * Lets a node into the cluster, or says where a node is now.
   *
   * @throws {AetherError} MEMBERS_CHANGING when somebody else changes the same node; NOT_PROPOSED,
   *   OUTCOME_UNKNOWN.
   */
  async add(node: string, address: string): Promise<void> {
    await this.#cluster.store.readBarrier();
    const { members } = this.#cluster;
    const isKnown = members.admissionOf(node) === "added" && members.addressOf(node) === address;
    if (!isKnown) await this.#list(node, "added", address, []);
  }

  /**
   * Puts a node out of the cluster: first it votes no more, then it is let in no more.
   *
   * @throws {AetherError} NODE_NOT_FOUND, CHANGE_UNSAFE, MEMBERS_CHANGING; TIMEOUT when it votes
   *   no more but that is not in force yet; NOT_PROPOSED, OUTCOME_UNKNOWN.
   */
  async remove(node: string, isForced = false): Promise<void> {
    const { store, members } = this.#cluster;
    await store.readBarrier();
    const admission = members.admissionOf(node);
    if (admission === "unknown") throw unknownNode(node);
    if (this.#latest().includes(node)) {
      const ready = await this.#ready(this.#latest().filter((voter) => voter !== node));
      const next = this.#latest().filter((voter) => voter !== node);
      await this.#setVoters(next, isForced, [], ready);
    }
    if (members.admissionOf(node) === "added") {
      await this.#persisted();
      // Nobody may have made it a voter meanwhile, or do so before this is decided.
      if (this.#latest().includes(node)) throw changing();
      await this.#list(node, "removed", members.addressOf(node), [this.#unchanged()]);
    }
    // Of itself it leaves that to the leader: nobody listens to it any more.
    if (node !== this.#node) await this.forget(node);
  }

  /** Deletes what a removed node has said of itself; the leader does that for those that fail. */
  async forget(node: string): Promise<void> {
    const key = keys.member.key(node);
    if (this.#cluster.store.state.get(key) === undefined) return;
    await this.#write("node", [], [{ type: "delete", key }]);
  }

  /**
   * Makes followers voters, all in one change.
   *
   * @throws {AetherError} NODE_NOT_FOUND, CHANGE_UNSAFE, MEMBERS_CHANGING; TIMEOUT when it is
   *   decided but not in force yet; NOT_PROPOSED, OUTCOME_UNKNOWN.
   */
  async promote({ nodes, insteadOf = [], isForced = false, compare = [] }: Promotion) {
    const { store, members } = this.#cluster;
    await store.readBarrier();
    const wanted = [...nodes, ...insteadOf];
    const stranger = wanted.find((node) => members.admissionOf(node) !== "added");
    if (stranger !== undefined) throw unknownNode(stranger);
    const ready = await this.#ready([
      ...nodes,
      ...this.#latest().filter((voter) => !insteadOf.includes(voter)),
    ]);
    const kept = this.#latest().filter((voter) => !insteadOf.includes(voter));
    const next = [...new Set([...kept, ...nodes])].sort();
    if (next.join() === [...this.#latest()].sort().join()) return;
    // Nobody may have removed them meanwhile.
    const admitted = nodes.map((node): Compare => {
      const key = keys.roster.key(node);
      return { key, revision: store.state.get(key)?.revision ?? 0 };
    });
    await this.#setVoters(next, isForced, [...admitted, ...compare], ready);
  }

  /** The voters that are in force, or will be. */
  #latest(): readonly string[] {
    return this.#cluster.store.configurations.at(-1)?.members ?? [];
  }

  /** Holds while nobody has changed the voters. */
  #unchanged(): Compare {
    const entry = this.#cluster.store.state.get(configurationKey);
    return { key: configurationKey, revision: entry?.revision ?? 0 };
  }

  async #setVoters(
    next: readonly string[],
    isForced: boolean,
    compare: readonly Compare[],
    ready: ReadonlySet<string>,
  ): Promise<void> {
    if (this.isChanging) throw changing();
    const cluster = this.#cluster;
    const objection = voterChangeObjection({
      voters: this.#latest(),
      next,
      isAlive: (node) => cluster.isAlive(node) && cluster.members.slotsBehind(node) !== undefined,
      isReady: (node) => ready.has(node),
    });
    if (objection !== undefined && (objection.isFinal || !isForced)) {
      throw new AetherError("CHANGE_UNSAFE", objection.text);
    }
    const operation = keys.cluster.put(configurationKey, { voters: [...next] });
    await this.#write("operator", [this.#unchanged(), ...compare], [operation]);
    await this.#inForce();
  }

  async #list(
    node: string,
    status: "added" | "removed",
    address: string,
    compare: readonly Compare[],
  ): Promise<void> {
    const key = keys.roster.key(node);
    const revision = this.#cluster.store.state.get(key)?.revision ?? 0;
    const changedAtMs = this.#clock.wallMs();
    const operation = keys.roster.put(key, { status, address, changedAtMs });
    await this.#write("operator", [{ key, revision }, ...compare], [operation]);
  }

  async #write(
    writer: Writer,
    compare: readonly Compare[],
    then: readonly Operation[],
  ): Promise<void> {
    const { succeeded } = await this.#cluster.store.propose(writer, {
      compare,
      then,
      otherwise: [],
    });
    if (!succeeded) throw changing();
  }

  /** Waits until the newest voters are in force here. */
  async #inForce(): Promise<void> {
    if (await this.#comes(() => !this.isChanging, inForceTimeoutMs)) return;
    throw new AetherError(
      "TIMEOUT",
      `The new voters are decided, but not in force after ${inForceTimeoutMs / 1_000} s: see ` +
        "aether cluster status",
    );
  }

  /** Those of some nodes whose votes would count now; waits a little for those that are alive. */
  async #ready(nodes: readonly string[]): Promise<ReadonlySet<string>> {
    const { members, store } = this.#cluster;
    const linkedByMs = this.#clock.monotonicMs() + linkTimeoutMs;
    let ready = new Set<string>();
    const look = async () => {
      // One that has just started may not be linked with this node yet.
      const isLate = this.#clock.monotonicMs() >= linkedByMs;
      const awaited = [...new Set(nodes)].filter((node) =>
        this.#cluster.isAlive(node) || !store.voters.includes(node) && !isLate
      );
      const isReady = await Promise.all(
        awaited.map(async (node) => this.isCaughtUp(node) && await members.mayVote(node)),
      );
      ready = new Set(awaited.filter((_, index) => isReady[index]));
      return ready.size === awaited.length;
    };
    await this.#comes(look, catchUpTimeoutMs);
    return ready;
  }

  /**
   * Waits until a majority of the voters has on disk what was decided with former ones: those may
   * have been the only ones that had to.
   */
  async #persisted(): Promise<void> {
    const from = this.#cluster.store.configurations.at(-1)?.from ?? 0;
    const isDone = async () => {
      const voters = this.#latest();
      const slots = await Promise.all(
        voters.map((voter) => this.#cluster.members.persistedBy(voter)),
      );
      return slots.filter((slot) => slot >= from).length > voters.length / 2;
    };
    if (await this.#comes(isDone, inForceTimeoutMs)) return;
    throw new AetherError(
      "TIMEOUT",
      "The remaining voters have not stored what was decided before",
    );
  }

  /** Waits for something, as long as that may take; answers whether it came. */
  async #comes(
    check: () => boolean | Promise<boolean>,
    timeoutMs: number,
  ): Promise<boolean> {
    const endMs = this.#clock.monotonicMs() + timeoutMs;
    while (!await check()) {
      if (this.#clock.monotonicMs() > endMs) return false;
      await pause(this.#clock, pollMs);
    }
    return true;
  }
}

function unknownNode(node: string): AetherError {
  return new AetherError("NODE_NOT_FOUND", `Node "${node}" is not in this cluster`);
}

function changing(): AetherError {
  return new AetherError("MEMBERS_CHANGING", "Somebody else changes the members at this moment");
}
