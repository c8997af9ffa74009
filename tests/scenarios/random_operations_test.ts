import assert from "node:assert/strict";
import { AetherError } from "../../src/base/errors.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { rolloutCommands } from "../../src/deployment/rollout/engine.ts";
import { Blueprints } from "../../src/node/control/blueprints.ts";
import { storedBlueprints, storedTargets } from "../../src/node/control/views.ts";
import { NodeLives } from "../../src/node/deploy/node_lives.ts";
import { recordOperations, replaceOperations } from "../../src/node/deploy/revisions.ts";
import { Rollouts } from "../../src/node/rollout/rollouts.ts";
import { scaleWrite } from "../../src/node/scaling/scale.ts";
import type { ExpandedBlueprint } from "../../src/protocol/blueprint.ts";
import { artifactBase } from "../../src/protocol/coordinates.ts";
import { cleanupPolicies, rolloutStrategies } from "../../src/protocol/rollout.ts";
import { perNode, ScenarioWorld } from "./world.ts";

const nodes = ["n1", "n2", "n3", "n4", "n5"];
const apps = ["a", "b", "c"];
/** Time in which everything must be as wanted, once nothing disturbs it any more. */
const healTicks = 2_000;
/** A majority lives: without one nothing would be written at all. */
const deadMax = 2;

/** What an operator would get as an answer. */
const refusals = new Set([
  "BLUEPRINT_CONFLICT",
  "REVISION_CONFLICT",
  "ROLLOUT_ACTIVE",
  "ROLLOUT_REFUSED",
  "ROLLOUT_STATE",
  "SCALE_REFUSED",
  "SLICE_NOT_APPLIED",
  "TRANSITION_ILLEGAL",
]);

/** Somebody who does anything at any time. */
class Operator {
  readonly world: ScenarioWorld;
  readonly #random: SeededRandom;
  readonly #rollouts: Rollouts;
  readonly #blueprints: Blueprints;
  readonly #lives: NodeLives;
  /** How often each operation was done, and refused. */
  readonly done = new Map<string, number>();

  constructor(seed: number) {
    this.#random = new SeededRandom(`operator ${seed}`);
    this.world = new ScenarioWorld({ seed, nodes, failRate: 0.03 });
    const { store } = this.world;
    const isAlive = (node: string) => !this.world.dead.has(node);
    this.#lives = new NodeLives(store, isAlive);
    this.#blueprints = new Blueprints({
      store,
      catalog: { manifest: () => undefined } as never,
      check: () => {},
      instancesPerNode: perNode,
      wallMs: () => 0,
      isAlive,
    });
    this.#rollouts = new Rollouts({
      store,
      check: (text) => Promise.resolve(JSON.parse(text) as ExpandedBlueprint),
      wallMs: () => 0,
    });
  }

  /** One random operation, also one that makes no sense. */
  async operate(): Promise<void> {
    const operations: Readonly<Record<string, () => Promise<unknown> | unknown>> = {
      apply: () => this.#apply(),
      delete: () => this.#blueprints.delete(`org.example:${this.#one(apps)}:1.0.0`),
      scale: () => this.#scale(),
      roll: () => this.#roll(),
      steer: () => this.#steer(),
      drain: () => this.#lives.change(this.#one(nodes), "drain"),
      activate: () => this.#lives.change(this.#one(nodes), "activate"),
      crash: () => this.#crash(),
      cutOff: () => this.#cutOff(),
      restart: () => this.#restart(),
      killLeader: () => this.world.killLeader(),
      depose: () => this.world.depose(),
    };
    const name = this.#one(Object.keys(operations));
    try {
      await operations[name]?.();
      this.#count(name);
    } catch (error) {
      const isRefused = error instanceof AetherError && refusals.has(error.name);
      const isUnknown = error instanceof AetherError && error.name === "BLUEPRINT_NOT_FOUND";
      if (!isRefused && !isUnknown) throw error;
      this.#count(`${name} refused`);
    }
  }

  /** Ends every disturbance. */
  async heal(): Promise<void> {
    for (const node of [...this.world.dead]) this.world.restart(node);
    for (const { id, state } of this.#lives.list()) {
      if (state !== "ON_DUTY") await this.#lives.change(id, "activate");
    }
    for (const { id, state } of this.#rollouts.list()) {
      if (["DEPLOYING", "ROUTING", "COMPLETING"].includes(state)) {
        await this.#rollouts.change(id, "rollback");
      }
    }
  }

  #count(name: string): void {
    this.done.set(name, (this.done.get(name) ?? 0) + 1);
  }

  #below(limit: number): number {
    return Math.floor(this.#random.nextFloat() * limit);
  }

  #one<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }

  #apply(): void {
    const { store } = this.world;
    const { state } = store;
    const app = this.#one(apps);
    const id = `org.example:${app}:1.0.0`;
    const rolling = this.#rollouts.list().some((rollout) =>
      rollout.blueprint === id &&
      !["COMPLETED", "ROLLED_BACK", "FAILED"].includes(rollout.state)
    );
    if (rolling) throw new AetherError("ROLLOUT_ACTIVE", "As Blueprints.apply() says");
    // The second one needs the first.
    const names = [`${app}-one`, `${app}-two`].slice(0, 1 + this.#below(2));
    const versions = names.map(() => 1 + this.#below(2));
    const slices = names.map((name, index) => {
      const instances = 1 + this.#below(8);
      return {
        artifact: `org.example:${name}:${versions[index]}.0.0`,
        instances,
        minAvailable: 1 + this.#below(instances),
        isDependency: false,
        dependencies: index === 0 ? [] : [`org.example:${app}-one:${versions[0]}.0.0`],
      };
    });
    const blueprint = sourced({ id, source: "", slices });
    const current = storedBlueprints(state).find((each) => each.id === id)?.id;
    const { operations } = recordOperations(state, { blueprint, appliedAtMs: 0 });
    store.write("operator", ...replaceOperations(state, current, blueprint), ...operations);
  }

  async #scale(): Promise<void> {
    const { store } = this.world;
    const base = `org.example:${this.#one(apps)}-${this.#one(["one", "two"])}`;
    const { compare, then } = scaleWrite(store.state, base, 1 + this.#below(12));
    await store.propose("operator", { compare, then, otherwise: [] });
  }

  async #roll(): Promise<void> {
    const target = this.#one(storedTargets(this.world.store.state));
    if (target === undefined) return;
    const version = target.artifact.endsWith("1.0.0") ? "2.0.0" : "1.0.0";
    await this.#rollouts.start({
      artifact: `${target.artifactBase}:${version}`,
      strategy: this.#one(rolloutStrategies),
      isManual: this.#random.nextFloat() < 0.2,
      thresholds: { maxErrorRate: 0.01, maxLatencyMs: 500, minRequests: 10 },
      cleanup: this.#one(cleanupPolicies),
      graceMs: 1_000,
      observeMs: 1_000,
      percent: 50,
      stages: [{ percent: 10, observeMs: 1_000 }, { percent: 50, observeMs: 1_000 }],
    });
  }

  async #steer(): Promise<void> {
    const rollout = this.#one(this.#rollouts.list());
    if (rollout !== undefined) await this.#rollouts.change(rollout.id, this.#one(rolloutCommands));
  }

  #crash(): void {
    if (this.world.dead.size < deadMax) this.world.crash(this.#one(nodes));
  }

  /** The others take the node for dead; what runs on it goes on. */
  #cutOff(): void {
    if (this.world.dead.size < deadMax) this.world.dead.add(this.#one(nodes));
  }

  #restart(): void {
    const node = [...this.world.dead][0];
    if (node === undefined) return;
    if (this.#random.nextFloat() < 0.5) this.world.restart(node);
    else this.world.dead.delete(node);
  }
}

/** A blueprint whose text can be read again, with artifacts that a rollout can replace. */
function sourced(blueprint: ExpandedBlueprint): ExpandedBlueprint {
  return { ...blueprint, source: JSON.stringify({ ...blueprint, source: "" }) };
}

/** Whether everything is as wanted, with nothing else anywhere. */
function isConverged(world: ScenarioWorld): boolean {
  const targets = storedTargets(world.store.state);
  if (targets.some(({ isPart }) => isPart === true)) return false;
  const { instances } = world;
  if (!instances.every(({ state }) => state === "ACTIVE")) return false;
  const wanted = targets.reduce(
    (sum, target) => sum + Math.min(target.instances, nodes.length * perNode),
    0,
  );
  return instances.length === wanted && targets.every((target) => {
    const own = instances.filter(({ artifact }) => artifact === target.artifact);
    const counts = nodes.map((node) => own.filter((each) => each.node === node).length);
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    return own.length === target.instances && most - least <= 1 && most <= perNode;
  });
}

async function operations(seed: number, count: number): Promise<Map<string, number>> {
  const operator = new Operator(seed);
  const { world } = operator;
  for (let index = 1; index <= count; index++) {
    await operator.operate();
    for (let ticks = index % 4; ticks > 0; ticks--) await world.tick();
    if (index % 250 > 0) continue;
    await operator.heal();
    await world.until(
      `all as wanted after ${index} operations`,
      () => isConverged(world),
      healTicks,
    );
    const bases = new Set(storedTargets(world.store.state).map((each) => each.artifactBase));
    const strangers = world.instances.filter(({ artifact }) => !bases.has(artifactBase(artifact)));
    assert.deepEqual(strangers, [], "an instance of a deleted blueprint is left");
  }
  world.close();
  return operator.done;
}

for (let seed = 1; seed <= 4; seed++) {
  Deno.test(`2,500 random operations over 5 nodes with crashes, seed ${seed}`, async () => {
    const done = await operations(seed, 2_500);
    for (const name of ["apply", "delete", "scale", "roll", "steer", "drain", "activate"]) {
      assert.ok((done.get(name) ?? 0) > 20, `${name}: ${done.get(name)}`);
    }
    for (const name of ["delete", "scale", "roll", "steer", "drain"]) {
      assert.ok(done.has(`${name} refused`), `${name} was never refused`);
    }
  });
}
