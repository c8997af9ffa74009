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
import { assignments, storedInstances, storedTargets } from "../../src/node/control/views.ts";
import { RolloutDriver } from "../../src/node/rollout/rollout_driver.ts";
import { artifactBase } from "../../src/protocol/coordinates.ts";
import { type InstanceState, instanceStates } from "../../src/protocol/instance_state.ts";
import { type InstanceValue, keys } from "../../src/protocol/keys.ts";
import { noCounts } from "../../src/protocol/figures.ts";
import type { VersionFigures } from "../../src/protocol/rollout.ts";
import type { Transaction, Writer } from "../../src/protocol/store/command.ts";

const tickMs = 200;
export const perNode = 4;

/** What a scenario chooses. */
export interface ScenarioOptions {
  readonly seed: number;
  readonly nodes: readonly string[];
  /** The leader dies at this write of its own, counted over all leaders; undefined: never. */
  readonly killAt?: number;
  /** Calls of a version since its step began, as the gateways would count them. */
  figures?(artifact: string): VersionFigures;
}

/** A cluster in a test. */
export class ScenarioWorld {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  readonly dead = new Set<string>();
  /** Writes of leaders so far. */
  writes = 0;
  /** Lowest number of ACTIVE instances seen of each base, once it was complete. */
  readonly lowest = new Map<string, number>();
  readonly #options: ScenarioOptions;
  readonly #random: SeededRandom;
  #leader: { readonly leader: Leader; term: number; isDead: boolean } | undefined;
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
    if (this.#leader?.isDead) this.#lead();
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

  /** Ends the world. */
  close(): void {
    this.#leader?.leader.stop();
  }

  #lead(): void {
    this.#leader?.leader.stop();
    const node = this.#options.nodes[this.#leaders++ % this.#options.nodes.length] ?? "n1";
    const state = { term: elect(this.store, node), isDead: false };
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
        return this.store.propose(writer, transaction);
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
      if (assigned.has(key)) this.#advance(key, report);
      else this.#unload(key, report);
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
    if (isStarting && next !== undefined) this.#report(key, { ...report, state: next });
    else if (report.state === "UNLOADING") this.#remove(key);
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
    this.store.write("node", { type: "delete", key });
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
