/**
 * {@link ScenarioWorld}: a cluster's deployment without network, processes and real time.
 *
 * One store, the real leader with the real reconciler and rollouts, and nodes that carry out what
 * is assigned to them, a state at a time. The leader can be killed at any of its writes; the next
 * one knows only what is in the store. Rules that always hold are checked after every write.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ManualClock } from "../../src/base/clock.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { defaultDeadlines } from "../../src/deployment/states.ts";
import { Leader } from "../../src/node/control/leader.ts";
import {
  addMember,
  elect,
  MemoryStore,
  recordingLogger,
  turn,
} from "../../src/node/control/store_fixture_test.ts";
import {
  assignments,
  storedInstances,
  storedTargets,
  storedValue,
} from "../../src/node/control/views.ts";
import { RolloutDriver } from "../../src/node/rollout/rollout_driver.ts";
import { artifactBase } from "../../src/protocol/coordinates.ts";
import { type InstanceState, instanceStates } from "../../src/protocol/instance_state.ts";
import { type InstanceValue, keys } from "../../src/protocol/keys.ts";
import { noCounts } from "../../src/protocol/figures.ts";
import type { VersionFigures } from "../../src/protocol/rollout.ts";
import { stateAfterRestart } from "../../src/protocol/node_lifecycle.ts";
import type { Applied, Operation, Transaction, Writer } from "../../src/protocol/store/command.ts";

const tickMs = 200;
export const perNode = 4;

/** What a scenario chooses. */
export interface ScenarioOptions {
  readonly seed: number;
  readonly nodes: readonly string[];
  /** The leader dies at this write of its own, counted over all leaders; undefined: never. */
  readonly killAt?: number;
  /** Share of starts that fail. @default {0} */
  readonly failRate?: number;
  /** Calls of a version since its step began, as the gateways would count them. */
  figures?(artifact: string): VersionFigures;
}

/** A cluster in a test. */
export class ScenarioWorld {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  /** Nodes that the leader believes dead: they crashed, or are cut off. */
  readonly dead = new Set<string>();
  /** Writes of leaders so far. */
  writes = 0;
  /** Lowest number of ACTIVE instances seen of each base, once it was complete. */
  readonly lowest = new Map<string, number>();
  readonly #options: ScenarioOptions;
  readonly #random: SeededRandom;
  #leader:
    | { readonly leader: Leader; readonly node: string; term: number; isDead: boolean }
    | undefined;
  #violation: string | undefined;
  readonly #former: (Leader | undefined)[] = [];
  #leaders = 0;

  constructor(options: ScenarioOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    for (const node of options.nodes) addMember(this.store, node);
    this.#lead();
  }

  /** Lets things happen until the condition holds; fails after so many ticks. */
  async until(what: string, isSo: () => boolean, ticksMax = 3_000): Promise<void> {
    for (let tick = 0; tick < ticksMax; tick++) {
      if (isSo()) return;
      await this.tick();
    }
    assert.fail(`It never happened: ${what}; ${this.#picture()}`);
  }

  /** Some time passes: nodes work, the leader decides, and a dead leader is replaced. */
  async tick(): Promise<void> {
    assert.equal(this.#violation, undefined);
    if (this.#leader?.isDead) this.#lead();
    if (this.#random.nextFloat() < 0.3) this.#former.shift()?.stop();
    this.#work();
    this.clock.advance(tickMs);
    await turn();
    this.#check();
  }

  /** Instances by artifact and state, e.g. `echo:1.0.0 ACTIVE`. */
  count(artifact: string, state: InstanceState = "ACTIVE"): number {
    return this.#instances().filter((each) => each.artifact === artifact && each.state === state)
      .length;
  }

  /** Instances on a node, whatever their state. */
  on(node: string): number {
    return this.#instances().filter((each) => each.node === node).length;
  }

  /** A node dies, and with it the leader if that is it. */
  crash(node: string): void {
    this.dead.add(node);
    if (this.#leader?.node === node) this.#leader.isDead = true;
  }

  /** A node that died starts anew: it runs nothing, and a drain goes on. */
  restart(node: string): void {
    const own = storedInstances(this.store.state).filter(({ value }) => value.node === node);
    for (const { key } of own) this.#remove(key);
    const key = keys.member.key(node);
    const member = storedValue(this.store.state, keys.member, key)?.value;
    assert.ok(member !== undefined, `${node} is a member`);
    const life = { ...member, incarnation: member.incarnation + 1 };
    const state = stateAfterRestart(member.state);
    this.#write(keys.member.put(key, { ...life, state }));
    if (state === "JOINING") this.#write(keys.member.put(key, { ...life, state: "ON_DUTY" }));
    this.dead.delete(node);
  }

  /** The leader dies before it writes anything more. */
  killLeader(): void {
    if (this.#leader !== undefined) this.#leader.isDead = true;
  }

  /** Another node leads, and the former leader does not know it yet: it goes on for some ticks. */
  depose(): void {
    this.#former.push(this.#leader?.leader);
    this.#leader = undefined;
    this.#lead();
  }

  /** Ends the world. */
  close(): void {
    this.#leader?.leader.stop();
    for (const former of this.#former) former?.stop();
  }

  #lead(): void {
    this.#leader?.leader.stop();
    const alive = this.#options.nodes.filter((node) => !this.dead.has(node));
    const node = alive[this.#leaders++ % alive.length] ?? "n1";
    const state = { node, term: elect(this.store, node), isDead: false };
    const store = {
      state: this.store.state,
      onChange: this.store.onChange.bind(this.store),
      propose: (writer: Writer, transaction: Transaction) => {
        // Whatever it was about to write never happens.
        if (state.isDead) return new Promise<never>(() => {});
        if (this.writes++ === this.#options.killAt) {
          state.isDead = true;
          return new Promise<never>(() => {});
        }
        return this.#checked(writer, () => this.store.propose(writer, transaction));
      },
    };
    const { log } = recordingLogger();
    const isAlive = (other: string) => !this.dead.has(other);
    const figures = this.#options.figures ?? (() => ({ requests: 1_000, errors: 0, p99Ms: 1 }));
    const leader = new Leader({
      store,
      clock: this.clock,
      log,
      leadership: () => ({ node, term: state.term }),
      isAlive,
      tasks: [
        new RolloutDriver({
          store,
          clock: this.clock,
          log,
          instancesPerNode: perNode,
          isAlive,
          figures: {
            gather: () => Promise.resolve(),
            mark: () => new Map([["", noCounts("")]]),
            counts: noCounts,
            since: (artifact) => figures(artifact),
          },
        }),
      ],
      instancesPerNode: perNode,
      deadlines: () => defaultDeadlines,
    });
    this.#leader = Object.assign(state, { leader });
  }

  /** Every living node takes a step with some of its instances. */
  #work(): void {
    const assigned = new Map(
      assignments(this.store.state).flatMap(({ value }) =>
        value.instances.map(({ number, attempt }) =>
          [keys.instance.key(value.node, value.artifact, number), {
            ...value,
            number,
            attempt,
          }] as const
        )
      ),
    );
    const reported = new Map(
      storedInstances(this.store.state).map(({ key, value }) => [key, value]),
    );
    for (const [key, report] of reported) {
      if (this.dead.has(report.node) || this.#random.nextFloat() < 0.4) continue;
      const wanted = assigned.get(key);
      if (wanted === undefined) this.#unload(key, report);
      else if (wanted.attempt > report.attempt) {
        const { attempt } = wanted;
        this.#report(key, { ...report, attempt, state: "DOWNLOADING" });
      } else this.#advance(key, report);
    }
    for (const [key, { artifact, node, number, attempt }] of assigned) {
      if (this.dead.has(node) || reported.has(key)) continue;
      const life = { changedAtMs: 0, failures: 0 };
      this.#report(key, { artifact, node, number, attempt, state: "DOWNLOADING", ...life });
    }
  }

  #advance(key: string, report: InstanceValue): void {
    const next = instanceStates[instanceStates.indexOf(report.state) + 1];
    const isStarting = ["DOWNLOADING", "LOADING", "STARTING"].includes(report.state);
    const { failRate = 0 } = this.#options;
    if (isStarting && failRate > 0 && this.#random.nextFloat() < failRate) {
      const failures = report.failures + 1;
      this.#report(key, { ...report, state: "FAILED", failures, reason: "By chance" });
    } else if (isStarting && next !== undefined) {
      const failures = next === "ACTIVE" ? 0 : report.failures;
      this.#report(key, { ...report, state: next, failures });
    }
    if (report.state === "UNLOADING") this.#remove(key);
  }

  #unload(key: string, report: InstanceValue): void {
    if (report.state === "UNLOADING") this.#remove(key);
    else this.#report(key, { ...report, state: "UNLOADING" });
  }

  #report(key: string, value: InstanceValue): void {
    const { outcome } = this.store.write("node", keys.instance.put(key, value));
    assert.equal(outcome, "done", `${key} cannot be ${value.state}`);
  }

  #remove(key: string): void {
    this.#write({ type: "delete", key });
  }

  #write(operation: Operation): void {
    const { outcome } = this.store.write("node", operation);
    assert.equal(outcome, "done", JSON.stringify(operation));
  }

  /** No write of a leader takes a base below `minAvailable` by itself. */
  async #checked(writer: Writer, propose: () => Promise<Applied>): Promise<Applied> {
    if (writer !== "leader") return await propose();
    const before = this.serving();
    const applied = await propose();
    const after = this.serving();
    for (const { artifactBase: base, minAvailable } of storedTargets(this.store.state)) {
      const [had = 0, has = 0] = [before.get(base), after.get(base)];
      // The leader would only log what is thrown here.
      if (has < Math.min(had, minAvailable)) {
        this.#violation ??= `${base} fell from ${had} to ${has}, below ${minAvailable}`;
      }
    }
    return applied;
  }

  /** ACTIVE instances on living nodes that are still wanted there, by base. */
  serving(): Map<string, number> {
    const assigned = new Set(
      assignments(this.store.state).flatMap(({ value }) =>
        value.instances.map(({ number }) => keys.instance.key(value.node, value.artifact, number))
      ),
    );
    const serving = storedInstances(this.store.state).filter(({ key, value }) =>
      value.state === "ACTIVE" && assigned.has(key) && !this.dead.has(value.node)
    );
    const byBase = Map.groupBy(serving, ({ value }) => artifactBase(value.artifact));
    return new Map([...byBase].map(([base, each]) => [base, each.length]));
  }

  /** Instances of every version, with where they are. */
  get instances(): readonly InstanceValue[] {
    return this.#instances();
  }

  #instances(): InstanceValue[] {
    return storedInstances(this.store.state).map(({ value }) => value)
      .filter(({ node }) => !this.dead.has(node));
  }

  /** What must hold at any time, whoever leads. */
  #check(): void {
    const active = this.#instances().filter(({ state }) => state === "ACTIVE");
    const byBase = Map.groupBy(active, ({ artifact }) => artifactBase(artifact));
    for (const { artifactBase: base, minAvailable } of storedTargets(this.store.state)) {
      const count = byBase.get(base)?.length ?? 0;
      const lowest = this.lowest.get(base);
      if (lowest === undefined && count < minAvailable) continue;
      this.lowest.set(base, Math.min(lowest ?? count, count));
    }
    for (const { value } of assignments(this.store.state)) {
      assert.ok(value.instances.length <= 2 * perNode, `${value.node} has too many`);
    }
  }

  #picture(): string {
    return this.#instances().map(({ node, artifact, number, state }) =>
      `${node}/${artifact}/${number} ${state}`
    ).join(", ");
  }
}
