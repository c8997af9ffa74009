/**
 * Members by command: followers that stay, that are promoted one or two at a time or in place of a
 * voter, nodes that are removed and stop, and removed nodes that are added anew, with their disk or
 * without.
 *
 * A removed node stops when a majority of the new members has stored what came before that, as
 * `src/node/cluster/members/departure.ts` says, whether it works at that moment or not.
 *
 * @module
 */
import type { Fault } from "./faults.ts";
import type { Host } from "./host.ts";
import type { Simulation } from "./simulation.ts";

type MembersFault = Extract<Fault, { type: "members" }>;

const departurePollMs = 20;

/** What member faults need of the one who injects faults. */
export interface MemberFaultsContext {
  readonly simulation: Simulation;
  readonly nodesMax: number;
  later(delayMs: number, run: () => void): void;
  /** Whether new members could decide something although some forgot what they knew. */
  mayForm(ids: readonly string[]): boolean;
  /** Whether the cluster tolerates that one more node forgets everything. */
  mayForget(host: Host): boolean;
  /** Whether members with this node are proposed and may yet be decided. */
  isProposed(host: Host): boolean;
  /** Proposes members in place of those that are the newest at a node. */
  propose(proposer: Host, members: readonly string[]): void;
}

/** Carries out member faults. */
export class MemberFaults {
  readonly #context: MemberFaultsContext;

  constructor(context: MemberFaultsContext) {
    this.#context = context;
  }

  /** Carries out one. */
  inject({ action, node, isSecond, wipes }: MembersFault): void {
    switch (action) {
      case "follow":
        return this.#follow();
      case "promote":
        return this.#promote(node, isSecond ? 2 : 1, 0);
      case "swap":
        return this.#promote(node, 1, 1);
      case "leave":
        return this.#leave(node);
      case "return":
        return this.#return(node, wipes);
    }
  }

  get #hosts(): readonly Host[] {
    return this.#context.simulation.hosts;
  }

  /** A node that may propose, and knows the members that are in force. */
  get #proposer(): Host | undefined {
    return this.#hosts.find(({ isUp, engine }) => isUp && engine.isVoting);
  }

  #follow(): void {
    if (this.#hosts.length < this.#context.nodesMax) this.#context.simulation.addHost();
  }

  /** Makes followers members, in place of some if asked. */
  #promote(node: number, count: number, replaced: number): void {
    const proposer = this.#proposer;
    if (proposer === undefined) return;
    const { members } = proposer.replica.latest;
    const followers = this.#hosts.filter((host) =>
      host.isUp && !host.hasLeft && !host.isForgetful && !members.includes(host.id)
    );
    const added = Array.from(
      { length: Math.min(count, followers.length) },
      (_, index) => followers[(node + index) % followers.length]?.id ?? "",
    );
    if (added.length === 0) return;
    const kept = members.filter((_, index) => replaced === 0 || index !== node % members.length);
    this.#propose(proposer, [...new Set([...kept, ...added])]);
  }

  #leave(node: number): void {
    const proposer = this.#proposer;
    const host = this.#hosts[node % this.#hosts.length];
    if (proposer === undefined || host === undefined || host.hasLeft) return;
    const { members } = proposer.replica.latest;
    if (members.includes(host.id)) {
      this.#propose(proposer, members.filter((member) => member !== host.id));
    }
    this.#depart(host, 200);
  }

  /** Stops a removed node once the others can do without it. */
  #depart(host: Host, tries: number): void {
    const { later } = this.#context;
    later(departurePollMs, () => {
      if (host.hasLeft) return;
      if (this.#isDispensable(host)) host.leave();
      else if (tries > 0) this.#depart(host, tries - 1);
    });
  }

  #isDispensable(host: Host): boolean {
    const newest = this.#hosts.filter(({ isUp }) => isUp).map(({ replica }) => replica.latest)
      .reduce<Host["replica"]["latest"] | undefined>(
        (one, other) => one !== undefined && one.from >= other.from ? one : other,
        undefined,
      );
    if (newest === undefined || newest.members.includes(host.id)) return false;
    // In the store, a promotion and a removal of the same node exclude each other.
    if (this.#context.isProposed(host)) return false;
    // Applied is not enough: what the node alone had to store must be on the disks of others.
    const knowing = this.#hosts.filter(({ id, isUp, safeSlot, isForgetful }) =>
      newest.members.includes(id) && isUp && !isForgetful && safeSlot > newest.from
    );
    const { options } = this.#context.simulation;
    return knowing.length > newest.members.length / 2 &&
      (options.durable || this.#context.mayForget(host));
  }

  #return(node: number, wipes: boolean): void {
    const gone = this.#hosts.filter(({ hasLeft }) => hasLeft);
    const host = gone[node % Math.max(1, gone.length)];
    if (host === undefined) return;
    host.comeBack(wipes && this.#context.mayForget(host));
  }

  #propose(proposer: Host, ids: readonly string[]): void {
    const members = [...ids].sort();
    if (members.length === 0 || !this.#context.mayForm(members)) return;
    this.#context.propose(proposer, members);
  }
}
