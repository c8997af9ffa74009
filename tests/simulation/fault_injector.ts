/**
 * Makes the faults of a plan happen, as far as the fault model allows: in memory, or with disks
 * lost, no more nodes may be without memory at once than the cluster tolerates.
 *
 * @module
 */
import type { Configuration } from "../../src/consensus/quorum.ts";
import { quorumSizes } from "../../src/consensus/quorum.ts";
import type { Fault } from "./faults.ts";
import type { Host } from "./host.ts";
import { MemberFaults } from "./member_faults.ts";
import type { Barrier } from "./network.ts";
import type { MembersChange } from "./replica.ts";
import type { Simulation } from "./simulation.ts";

const nodesMax = 9;

type FaultOf<Type extends Fault["type"]> = Extract<Fault, { type: Type }>;

/** Carries out a plan. */
export class FaultInjector {
  readonly #simulation: Simulation;
  readonly #faults: readonly Fault[];
  readonly #barriers = new Set<Barrier>();
  readonly #proposed: MembersChange[] = [];
  readonly #members: MemberFaults;
  #isHealed = false;

  constructor(simulation: Simulation, faults: readonly Fault[]) {
    this.#simulation = simulation;
    this.#faults = faults;
    this.#members = new MemberFaults({
      simulation,
      nodesMax,
      later: (delayMs, run) => this.#later(delayMs, run),
      mayForm: (ids) => this.#mayForm(ids),
      mayForget: (host) => this.#mayForget(host),
      isProposed: ({ id }) => this.#coming().some(({ members }) => members.includes(id)),
      propose: (proposer, members) => this.#propose(proposer, members),
    });
  }

  /** Schedules the faults. */
  start(): void {
    for (const fault of this.#faults) this.#later(fault.atMs, () => this.#inject(fault));
  }

  /** Ends all faults; answers the nodes that must converge. */
  heal(): Host[] {
    this.#isHealed = true;
    const { network, hosts, random, options } = this.#simulation;
    network.isHealed = true;
    for (const barrier of this.#barriers) network.unblock(barrier);
    const dead = this.#spared(random.load.nextBelow(3) === 0);
    for (const host of hosts) {
      host.resume();
      host.setClock(0, 1);
      host.extraMs = 0;
      if (dead.has(host)) host.crash(!options.durable);
      else if (!host.isUp && !host.hasLeft) host.start();
    }
    return hosts.filter((host) => !dead.has(host) && !host.hasLeft);
  }

  /** Nodes that may stay down in the liveness phase. */
  #spared(isWanted: boolean): ReadonlySet<Host> {
    const latest = this.#configurations();
    const [only] = latest;
    // Only the members of the one configuration in force know what there is to know.
    if (!isWanted || only === undefined || latest.length > 1) return new Set();
    const members = this.#membersOf(only);
    if (members.some((host) => host.isForgetful)) return new Set();
    return new Set(members.slice(0, quorumSizes(members.length).faults));
  }

  #later(delayMs: number, run: () => void): void {
    this.#simulation.queue.after(delayMs, () => {
      if (!this.#isHealed) run();
    });
  }

  #inject(fault: Fault): void {
    switch (fault.type) {
      case "partition":
        return this.#partition(fault);
      case "crash":
        return this.#crash(fault);
      case "powerCut":
        return this.#powerCut(fault);
      case "pause":
        return this.#host(fault.node).pause(fault.forMs);
      case "slow":
        return this.#slow(fault);
      case "clock":
        return this.#host(fault.node).setClock(fault.jumpMs, fault.rate);
      case "configure":
        return this.#configure(fault);
      case "members":
        return this.#members.inject(fault);
      case "suspect":
        return this.#suspect(fault);
    }
  }

  #host(number: number): Host {
    const { hosts } = this.#simulation;
    return hosts[number % hosts.length] as Host;
  }

  #partition({ sides, isOneWay, bridge, forMs }: FaultOf<"partition">): void {
    const barrier: Barrier = (from, to) => {
      if (from === bridge || to === bridge) return true;
      const [a, b] = [sides[from] ?? 0, sides[to] ?? 0];
      return isOneWay ? a >= b : a === b;
    };
    const { network } = this.#simulation;
    network.block(barrier);
    this.#barriers.add(barrier);
    this.#later(forMs, () => {
      network.unblock(barrier);
      this.#barriers.delete(barrier);
    });
  }

  #crash({ node, wipes, forMs }: FaultOf<"crash">): void {
    const host = this.#host(node);
    if (!host.isUp || (wipes && !this.#mayForget(host))) return;
    host.crash(wipes);
    this.#later(forMs, () => {
      if (!host.isUp && !host.hasLeft) host.start();
    });
  }

  #powerCut({ forMs }: FaultOf<"powerCut">): void {
    const { hosts, options } = this.#simulation;
    if (!options.durable) return;
    for (const host of hosts) host.crash(false);
    for (const host of hosts) {
      this.#later(forMs * (1 + this.#simulation.random.disk.nextFloat()), () => {
        if (!host.isUp && !host.hasLeft) host.start();
      });
    }
  }

  #slow({ node, forMs, extraMs }: FaultOf<"slow">): void {
    const host = this.#host(node);
    host.extraMs = extraMs;
    this.#later(forMs, () => host.extraMs = 0);
  }

  #suspect({ node, suspected }: FaultOf<"suspect">): void {
    const host = this.#host(node);
    if (host.isUp) host.suspect(new Set(suspected.map((number) => this.#host(number).id)));
  }

  /** Whether the cluster tolerates that one more node forgets everything. */
  #mayForget(host: Host): boolean {
    return this.#configurations().every((configuration) => {
      const members = this.#membersOf(configuration);
      if (!members.includes(host)) return true;
      const forgetful = members.filter((member) =>
        member !== host && (member.isForgetful || member.hasLeft)
      ).length;
      return forgetful + 1 <= quorumSizes(members.length).faults;
    });
  }

  /** Whether new members could decide something although some of them forgot what they knew. */
  #mayForm(ids: readonly string[]): boolean {
    const members = this.#membersOf({ from: 0, members: ids });
    const forgetful = members.filter((member) => member.isForgetful || member.hasLeft)
      .length;
    return members.length > 0 && forgetful <= quorumSizes(members.length).faults;
  }

  #membersOf({ members }: Configuration): Host[] {
    return this.#simulation.hosts.filter(({ id }) => members.includes(id));
  }

  /** Configurations whose members alone may know something, and those that may come next. */
  #configurations(): Configuration[] {
    const { hosts, checkers } = this.#simulation;
    const all = checkers.agreement.configurations(hosts[0]?.replica.firstMembers ?? []);
    const latest = all[all.length - 1];
    const coming = this.#coming().map(({ members }) => ({ from: Infinity, members }));
    const known = all.filter((configuration, index) => {
      const successor = all[index + 1];
      if (successor === undefined) return true;
      const heirs = hosts.filter(({ id }) =>
        successor.members.includes(id) || latest?.members.includes(id)
      );
      return configuration !== latest && heirs.some(({ safeSlot }) => safeSlot < successor.from);
    });
    return [...known, ...coming];
  }

  /** Proposed members that may yet be decided. */
  #coming(): readonly MembersChange[] {
    const { hosts, checkers } = this.#simulation;
    const all = checkers.agreement.configurations(hosts[0]?.replica.firstMembers ?? []);
    const from = all[all.length - 1]?.from ?? 0;
    return this.#proposed.filter(({ replaces }) => replaces >= from);
  }

  #configure({ change, node, learnMs }: FaultOf<"configure">): void {
    const { hosts } = this.#simulation;
    const proposer = hosts.find(({ isUp, engine }) => isUp && engine.isVoting);
    if (proposer === undefined) return;
    const { members } = proposer.replica.latest;
    const isGrowing = change !== "shrink";
    const removed = change === "shrink" || change === "replace"
      ? members[node % members.length]
      : undefined;
    const added = change === "growByTwo" ? 2 : isGrowing ? 1 : 0;
    if (hosts.length + added > nodesMax || (members.length === 1 && !isGrowing)) return;
    const newcomers = Array.from({ length: added }, () => this.#simulation.addHost());
    this.#later(learnMs, () => {
      if (!proposer.isUp) return;
      const { latest } = proposer.replica;
      const kept = latest.members.filter((member) => member !== removed);
      // Others may have let them vote, or removed them, while they learned.
      const joining = newcomers.filter(({ hasLeft }) => !hasLeft).map(({ id }) => id);
      const members = [...new Set([...kept, ...joining])].sort();
      if (!this.#mayForm(members)) return;
      this.#propose(proposer, members);
    });
  }

  #propose(proposer: Host, members: readonly string[]): void {
    const change = { replaces: proposer.replica.latest.from, members };
    this.#proposed.push(change);
    proposer.change(change);
  }
}
