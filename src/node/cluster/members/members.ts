/**
 * What one node knows of the nodes of its cluster: who belongs to it, where each is and how far,
 * whom to let in, and whether this node itself was put out.
 *
 * It changes nothing; `member_changes.ts` does.
 *
 * @module
 */
import type { RefusalCode } from "../../../protocol/peer/frame.ts";
import type { Hello, NodeAddress } from "../../../protocol/peer/hello.ts";
import type { Asks } from "../asks.ts";
import type { Refusal } from "../greeting.ts";
import type { ReplicatedStore } from "../replicated_store.ts";
import { Departure } from "./departure.ts";
import { type Admission, admissionOf, rosterOf } from "./roster.ts";

/** What members are known from. */
export interface MembersOptions {
  readonly node: string;
  readonly founders: readonly NodeAddress[];
  /** Addresses that the operator names now; newer than what the store remembers. */
  readonly peers: readonly NodeAddress[];
  readonly store: Pick<
    ReplicatedStore,
    "state" | "voters" | "nextSlot" | "slotsBehind" | "isAbstaining" | "persist"
  >;
  readonly asks: Pick<Asks, "ask" | "handle">;
}

const standingTopic = "standing";
const standingTimeoutMs = 1_000;
const persistTopic = "persist";
const persistTimeoutMs = 5_000;

/** The nodes of a cluster, as one of them sees them. */
export class Members {
  readonly #options: MembersOptions;
  readonly #departure = new Departure();
  /** The last slot that each node has applied, as it said in its last heartbeat. */
  readonly #applied = new Map<string, number>();

  constructor(options: MembersOptions) {
    this.#options = options;
    const { asks, store } = options;
    asks.handle(
      standingTopic,
      () => Promise.resolve(Uint8Array.of(store.isAbstaining ? 0 : 1)),
    );
    asks.handle(
      persistTopic,
      async () => new TextEncoder().encode(String(await store.persist())),
    );
  }

  /** Every node that belongs to the cluster, in order, whether it has ever started or not. */
  get all(): string[] {
    const { store, founders } = this.#options;
    const { nodes } = rosterOf(store.state, founders);
    return [...new Set([...nodes, ...store.voters])].sort();
  }

  /** Those of which silence means something: voters, and whoever has ever been there. */
  get expected(): string[] {
    const { store, founders } = this.#options;
    const { started } = rosterOf(store.state, founders);
    return [...new Set([...started, ...store.voters, ...this.#applied.keys()])];
  }

  /** Those with which to be linked, each at one or several places. */
  get places(): NodeAddress[] {
    const { store, founders, peers } = this.#options;
    const named = peers.filter(({ id }) => this.admissionOf(id) !== "removed");
    // Everybody whom the store knows may be gone; then those of the configuration help on.
    return [...named, ...rosterOf(store.state, founders).places];
  }

  /** Whether a node belongs to the cluster. */
  admissionOf(node: string): Admission {
    const { store, founders } = this.#options;
    if (store.voters.includes(node)) return "added";
    return admissionOf(store.state, founders, node);
  }

  /** Where a node is, as it said itself, or else as an operator said; "" when nobody did. */
  addressOf(node: string): string {
    const { store, founders } = this.#options;
    const { places } = rosterOf(store.state, founders);
    return places.find(({ id, address }) => id === node && address !== "")?.address ?? "";
  }

  /** Slots that others have applied and a node has not; undefined while it was never heard. */
  slotsBehind(node: string): number | undefined {
    const { store } = this.#options;
    if (node === this.#options.node) return store.slotsBehind;
    const applied = this.#applied.get(node);
    if (applied === undefined) return undefined;
    return Math.max(store.nextSlot - 1, ...this.#applied.values()) - applied;
  }

  /** Asks a node whether its vote would count: one that came without memory abstains at first. */
  async mayVote(node: string): Promise<boolean> {
    const { asks, store } = this.#options;
    if (node === this.#options.node) return !store.isAbstaining;
    try {
      const answer = await asks.ask(node, standingTopic, new Uint8Array(), standingTimeoutMs);
      return answer[0] === 1;
    } catch {
      // It is not linked, or too busy: whoever asks takes that for a no.
      return false;
    }
  }

  /** Lets a node make durable what it has; answers the first slot that it lacks, -1 if it fails. */
  async persistedBy(node: string): Promise<number> {
    const { asks, store } = this.#options;
    if (node === this.#options.node) return await store.persist();
    try {
      const answer = await asks.ask(node, persistTopic, new Uint8Array(), persistTimeoutMs);
      return Number(new TextDecoder().decode(answer));
    } catch {
      return -1;
    }
  }

  /** What this node has against another that greets. */
  objectionTo({ node, stage, address }: Hello): Refusal | undefined {
    const admission = this.admissionOf(node);
    if (admission === "removed") {
      return { code: "removed", reason: `Node ${node} was removed from this cluster` };
    }
    // Who is a member already was let in by somebody, maybe in a slot that is not known here yet.
    if (admission === "added" || stage === "member") return undefined;
    const command = `aether cluster add ${node} ${address}`;
    return { code: "notAdded", reason: `Node ${node} is not in this cluster: ${command}` };
  }

  /** The store says something new of the members. */
  refresh(): void {
    const { node, store } = this.#options;
    const known = new Set(this.all);
    for (const other of this.#applied.keys()) if (!known.has(other)) this.#applied.delete(other);
    this.#departure.see(this.admissionOf(node) === "removed", store.nextSlot);
  }

  /** A node has applied everything up to this slot; answers whether it was never heard before. */
  heard(node: string, decidedUpTo: number): boolean {
    if (this.admissionOf(node) !== "added") return false;
    const isNew = !this.#applied.has(node);
    this.#applied.set(node, decidedUpTo);
    return isNew;
  }

  /** A node talks to this one. */
  accepted(node: string): void {
    this.#departure.accepted(node);
  }

  /** A node does not talk to this one. */
  refusedBy(node: string, code: RefusalCode): void {
    if (code === "removed") this.#departure.refused(node);
  }

  /** Whether this node was removed, and the cluster does not need it any more. */
  get isDismissed(): boolean {
    const { node, store: { voters, nextSlot, slotsBehind } } = this.#options;
    const isDue = this.#departure.isDue({
      voters,
      nextSlot,
      isBehind: slotsBehind > 0,
      appliedBy: (other) => this.#applied.get(other),
    });
    return isDue || this.#departure.isShutOut(this.all.filter((other) => other !== node));
  }
}
