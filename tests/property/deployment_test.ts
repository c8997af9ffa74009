import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError } from "../../src/base/errors.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { loadOrder } from "../../src/deployment/load_order.ts";
import { makeCatalog, makeManifest } from "../../src/deployment/manifest_fixture_test.ts";
import { parseBlueprint } from "../../src/deployment/parse_blueprint.ts";
import { planBlueprint } from "../../src/deployment/plan.ts";
import { reconcile } from "../../src/deployment/reconcile.ts";
import { Sightings } from "../../src/deployment/reconcile/sightings.ts";
import { resolveBlueprint } from "../../src/deployment/resolve.ts";
import { defaultRetryLimits } from "../../src/deployment/states.ts";
import { type Instance, isActive, isPresent, type Target } from "../../src/deployment/targets.ts";
import { artifactBase } from "../../src/protocol/coordinates.ts";
import { instanceStates, judge } from "../../src/protocol/instance_state.ts";
import type { NodeLifecycle } from "../../src/protocol/node_lifecycle.ts";

// The same cases in every run; another number explores others.
fc.configureGlobal({ seed: 1 });

/** Edges as pairs of node numbers; `acyclic` keeps those that point to a smaller number. */
function graphs(acyclic: boolean) {
  return fc.tuple(
    fc.integer({ min: 1, max: 12 }),
    fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 40 }),
  ).map(([size, pairs]) => {
    const graph = new Map<string, Set<string>>();
    for (let node = 0; node < size; node++) graph.set(`s${node}`, new Set());
    for (const [from, to] of pairs) {
      if (acyclic && to >= from) continue;
      if (from < size && to < size) graph.get(`s${from}`)?.add(`s${to}`);
    }
    return new Map([...graph].map(([node, needs]) => [node, [...needs]] as const));
  });
}

function isCyclic(graph: ReadonlyMap<string, readonly string[]>): boolean {
  const left = new Map(graph);
  for (;;) {
    const free = [...left].filter(([, needs]) => needs.every((need) => !left.has(need)));
    if (free.length === 0) return left.size > 0;
    for (const [node] of free) left.delete(node);
  }
}

function inputOf(graph: ReadonlyMap<string, readonly string[]>, listed: readonly string[]) {
  const manifests = [...graph].map(([node, needs]) =>
    makeManifest(`org.shop:${node}:1.0.0`, {
      dependencies: Object.fromEntries(needs.map((need) => [`org.shop:${need}`, "^1.0.0"])),
    })
  );
  const slices = listed.map((node) => `[[slices]]\nartifact = "org.shop:${node}:1.0.0"\n`);
  const blueprint = parseBlueprint(`id = "org.shop:app:1.0.0"\n${slices.join("")}`);
  return { blueprint, catalog: makeCatalog(...manifests) };
}

Deno.test("resolveBlueprint() loads every dependency before its dependents, for any DAG", () => {
  fc.assert(fc.property(graphs(true), fc.infiniteStream(fc.boolean()), (graph, coin) => {
    const some = [...graph.keys()].filter(() => coin.next().value);
    const listed = some.length === 0 ? ["s0"] : some;
    const { blueprint, catalog } = inputOf(graph, listed);
    const { slices } = resolveBlueprint(blueprint, catalog);
    const seen = new Set<string>();
    for (const slice of slices) {
      assert.ok(slice.dependencies.every((need) => seen.has(need)), slice.artifact);
      assert.equal(slice.isDependency, !listed.includes(slice.artifact.split(":")[1] ?? ""));
      const name = slice.artifact.split(":")[1] ?? "";
      assert.equal(slice.dependencies.length, graph.get(name)?.length);
      seen.add(slice.artifact);
    }
    assert.equal(seen.size, slices.length);
    assert.ok(listed.every((node) => seen.has(`org.shop:${node}:1.0.0`)));
    assert.deepEqual(resolveBlueprint(blueprint, catalog).slices, slices);
  }));
});

Deno.test("resolveBlueprint() reports a cycle exactly when there is one", () => {
  let cyclicCount = 0;
  fc.assert(fc.property(graphs(false), (graph) => {
    const { order, cycles } = loadOrder(graph);
    assert.equal(cycles.length > 0, isCyclic(graph));
    assert.equal(new Set(order).size, graph.size);
    for (const cycle of cycles) {
      assert.equal(cycle[0], cycle.at(-1));
      for (const [index, node] of cycle.slice(0, -1).entries()) {
        assert.ok(graph.get(node)?.includes(cycle[index + 1] ?? ""), cycle.join(" -> "));
      }
    }
    if (cycles.length === 0) return;
    cyclicCount++;
    const { blueprint, catalog } = inputOf(graph, [...graph.keys()]);
    assert.throws(() => resolveBlueprint(blueprint, catalog), (error) => {
      assert.ok(error instanceof AetherError && error.name === "DEPENDENCY_CYCLE");
      return error.message.includes(" -> ");
    });
  }));
  assert.ok(cyclicCount > 10, `Only ${cyclicCount} graphs had a cycle`);
});

Deno.test("planBlueprint() of a blueprint against itself changes nothing", () => {
  fc.assert(fc.property(graphs(true), (graph) => {
    const { blueprint, catalog } = inputOf(graph, [...graph.keys()]);
    const expanded = resolveBlueprint(blueprint, catalog);
    const plan = planBlueprint(expanded, resolveBlueprint(blueprint, catalog), {
      revision: 1,
      manifest: catalog.manifest,
      placement: { instances: [], nodes: [], instancesPerNode: 1 },
    });
    assert.equal(plan.changeCount, 0);
    assert.ok(plan.changes.every((change) => change.action === "keep"));
  }));
});

const perNode = 16;
const bases = ["org.shop:a", "org.shop:b", "org.shop:c"];

/** A cluster that carries out actions, in which starts take time and may fail. */
class Cluster {
  nowMs = 0;
  readonly #instances = new Map<string, Instance>();
  readonly #random: SeededRandom;
  readonly #sightings = new Sightings();

  constructor(
    readonly targets: readonly Target[],
    readonly nodes: { id: string; lifecycle: NodeLifecycle }[],
    instances: readonly Instance[],
    seed: number,
  ) {
    this.#random = new SeededRandom(seed);
    for (const instance of instances) this.#instances.set(instance.id, instance);
  }

  get instances(): Instance[] {
    return [...this.#instances.values()];
  }

  isAlive(node: string): boolean {
    return this.nodes.some((each) => each.id === node);
  }

  /** Reconciles once, checks the rules that always hold, and carries the actions out. */
  reconcile(): number {
    const input = {
      targets: this.targets,
      instances: this.#sightings.look(this.instances, this.nowMs),
      nodes: this.nodes,
      nowMs: this.nowMs,
      limits: { ...defaultRetryLimits, instancesPerNode: perNode },
    };
    const { actions, wakeAtMs } = reconcile(input);
    assert.deepEqual(reconcile(input).actions, actions);
    const before = this.#activeByBase();
    for (const action of actions) {
      if (action.type === "start") this.#start(action);
      else if (action.type === "stop") this.#stop(action.id);
      else if (action.type === "forget") this.#instances.delete(action.id);
      else this.#decommission(action.node);
    }
    const after = this.#activeByBase();
    for (const { artifactBase: base, minAvailable } of this.targets) {
      const [had = 0, has = 0] = [before.get(base), after.get(base)];
      assert.ok(has >= Math.min(had, minAvailable), `${base} fell from ${had} to ${has} ACTIVE`);
    }
    // What was decided is visible at once: deciding again must not repeat any of it.
    const instances = this.#sightings.look(this.instances, this.nowMs);
    const again = reconcile({ ...input, instances }).actions;
    // A record that has just gone lets a drain go on.
    const isForgotten = actions.some(({ type }) => type === "forget");
    assert.deepEqual(again.filter(({ type }) => type !== "drained" && !isForgotten), []);
    this.nowMs = Math.max(this.nowMs + 100, wakeAtMs ?? 0);
    return actions.length;
  }

  /** Lets a random part of the instances take their next step. */
  progress(failRate: number): void {
    for (const instance of this.instances) {
      if (!this.isAlive(instance.node) || this.#random.nextFloat() < 0.3) continue;
      const next = instanceStates[instanceStates.indexOf(instance.state) + 1];
      const isStarting = ["DOWNLOADING", "LOADING", "STARTING"].includes(instance.state);
      const fails = isStarting && instance.attempt < 4 && this.#random.nextFloat() < failRate;
      if (fails) {
        const failed = { state: "FAILED" } as const;
        this.#instances.set(instance.id, { ...instance, ...failed });
      } else if (isStarting && next !== undefined) {
        this.#instances.set(instance.id, { ...instance, state: next });
      } else if (!isPresent(instance)) this.#instances.delete(instance.id);
    }
  }

  #activeByBase(): Map<string, number> {
    const serving = this.instances.filter((each) => isActive(each) && this.isAlive(each.node));
    const groups = Map.groupBy(serving, (each) => artifactBase(each.artifact));
    return new Map([...groups].map(([base, each]) => [base, each.length]));
  }

  #start(action: { artifact: string; node: string; n: number; attempt: number }): void {
    const { artifact, node, n, attempt } = action;
    const id = `${node}/${artifact}/${n}`;
    assert.equal(this.nodes.find((each) => each.id === node)?.lifecycle, "ON_DUTY");
    const target = this.targets.find((each) => each.artifact === artifact);
    const running = new Set(this.instances.filter(isActive).map((each) => each.artifact));
    assert.ok(target?.dependencies.every((need) => running.has(need)), `${artifact} is early`);
    const stored = this.#instances.get(id);
    assert.equal(judge(stored, { state: "DOWNLOADING", attempt }), "apply");
    this.#instances.set(id, { id, artifact, node, n, state: "DOWNLOADING", attempt });
  }

  #decommission(id: string): void {
    const node = this.nodes.find((each) => each.id === id);
    assert.equal(node?.lifecycle, "DRAINING");
    node.lifecycle = "DECOMMISSIONED";
  }

  #stop(id: string): void {
    const instance = this.#instances.get(id);
    assert.ok(instance !== undefined, `${id} is stopped but does not exist`);
    if (!this.isAlive(instance.node)) this.#instances.delete(id);
    else {
      assert.ok(isPresent(instance), `${id} is stopped twice`);
      this.#instances.set(id, { ...instance, state: "UNLOADING" });
    }
  }
}

const lifecycles: NodeLifecycle[] = [
  "ON_DUTY",
  "ON_DUTY",
  "JOINING",
  "DRAINING",
  "SHUTTING_DOWN",
  "DECOMMISSIONED",
];

const instanceArbitrary = fc.record({
  base: fc.constantFrom(...bases, "org.shop:orphan"),
  version: fc.constantFrom("1.0.0", "2.0.0"),
  node: fc.constantFrom("n1", "n2", "n3", "n4", "gone"),
  n: fc.integer({ min: 1, max: 4 }),
  state: fc.constantFrom(...instanceStates, "ACTIVE" as const, "ACTIVE" as const),
  attempt: fc.integer({ min: 1, max: 4 }),
}).map(({ base, version, ...rest }): Instance => {
  const artifact = `${base}:${version}`;
  return { id: `${rest.node}/${artifact}/${rest.n}`, artifact, ...rest };
});

const targetsArbitrary = fc.tuple(
  ...bases.map((base, index) =>
    fc.record({
      instances: fc.integer({ min: 1, max: 7 }),
      floor: fc.nat(6),
      needs: fc.subarray(bases.slice(0, index)),
    }).map(({ instances, floor, needs }): Target => ({
      artifactBase: base,
      artifact: `${base}:2.0.0`,
      instances,
      minAvailable: 1 + floor % instances,
      dependencies: needs.map((need) => `${need}:2.0.0`),
    }))
  ),
);

const sceneArbitrary = fc.record({
  seed: fc.nat(),
  lifecycles: fc.array(fc.constantFrom(...lifecycles), { minLength: 1, maxLength: 4 }),
  targets: targetsArbitrary,
  instances: fc.uniqueArray(instanceArbitrary, { maxLength: 24, selector: (each) => each.id }),
});

Deno.test("reconcile() converges from any state, never below minAvailable by itself", () => {
  fc.assert(
    fc.property(sceneArbitrary, ({ seed, lifecycles, targets, instances }) => {
      const nodes = lifecycles.map((lifecycle, index) => ({ id: `n${index + 1}`, lifecycle }));
      const cluster = new Cluster(targets, nodes, instances, seed);
      for (let round = 0; round < 20; round++) {
        cluster.reconcile();
        cluster.progress(0.2);
      }
      for (const node of cluster.nodes) {
        if (node.lifecycle === "JOINING") node.lifecycle = "ON_DUTY";
      }
      let quiet = 0;
      for (let round = 0; quiet < 20; round++) {
        assert.ok(round < 400, "Did not converge in 400 rounds");
        quiet = cluster.reconcile() === 0 ? quiet + 1 : 0;
        cluster.progress(0);
      }
      checkConverged(cluster);
    }),
    { numRuns: 300 },
  );
});

function checkConverged(cluster: Cluster): void {
  const onDuty = cluster.nodes.filter((node) => node.lifecycle === "ON_DUTY").map(({ id }) => id);
  const { instances, targets } = cluster;
  assert.ok(instances.every((each) => cluster.isAlive(each.node)), "A record of a gone node stays");
  assert.ok(instances.every((each) => !each.artifact.includes("orphan")), "An orphan stays");
  for (const target of targets) {
    const own = instances.filter((each) => artifactBase(each.artifact) === target.artifactBase);
    if (onDuty.length === 0) {
      // Nowhere to go: what serves stays, whatever its version.
      assert.ok(own.every(isActive));
      continue;
    }
    assert.equal(own.length, target.instances);
    assert.ok(own.every((each) => isActive(each) && each.artifact === target.artifact));
    const counts = onDuty.map((id) => own.filter((each) => each.node === id).length);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `Uneven: ${counts.join(", ")}`);
  }
}
