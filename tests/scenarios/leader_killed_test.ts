import assert from "node:assert/strict";
import {
  recordOperations,
  replaceOperations,
  revisionsOf,
} from "../../src/node/deploy/revisions.ts";
import { changeLifecycle } from "../../src/node/deploy/registration.ts";
import { storedTargets } from "../../src/node/control/views.ts";
import { Rollouts } from "../../src/node/rollout/rollouts.ts";
import type { ExpandedBlueprint } from "../../src/protocol/blueprint.ts";
import { keys } from "../../src/protocol/keys.ts";
import type { RolloutStrategy } from "../../src/protocol/rollout.ts";
import { type ScenarioOptions, ScenarioWorld } from "./world.ts";

const app = "org.example:app";
const echo = "org.example:echo";
const old = `${echo}:1.0.0`;
const next = `${echo}:2.0.0`;
const nodes = ["n1", "n2", "n3"];

function blueprint(artifact: string, instances = 4, minAvailable = 3): ExpandedBlueprint {
  return {
    id: `${app}:1.0.0`,
    source: `artifact = "${artifact}"`,
    slices: [{ artifact, instances, minAvailable, isDependency: false, dependencies: [] }],
  };
}

function apply(world: ScenarioWorld, wanted: ExpandedBlueprint): void {
  const { state } = world.store;
  const current = storedTargets(state)[0]?.blueprint;
  const { operations } = recordOperations(state, { blueprint: wanted, appliedAtMs: 0 });
  world.store.write("operator", ...replaceOperations(state, current, wanted), ...operations);
}

/** A world in which four instances of the old version serve. */
async function serving(options: Partial<ScenarioOptions>): Promise<ScenarioWorld> {
  const world = new ScenarioWorld({ seed: 1, nodes, ...options });
  apply(world, blueprint(old));
  await world.until("the old version serves", () => world.count(old) === 4);
  return world;
}

function rolloutsOf(world: ScenarioWorld): Rollouts {
  return new Rollouts({
    store: world.store,
    check: (text) => Promise.resolve(blueprint(text.includes(next) ? next : old)),
    wallMs: () => 0,
  });
}

const request = {
  artifact: next,
  isManual: false,
  thresholds: { maxErrorRate: 0.01, maxLatencyMs: 500, minRequests: 10 },
  cleanup: "GRACE_PERIOD",
  graceMs: 1_000,
  observeMs: 1_000,
  percent: 50,
  stages: [{ percent: 10, observeMs: 1_000 }, { percent: 50, observeMs: 1_000 }],
} as const;

/** Runs a scenario with the leader killed at its first write, its second, and so on. */
async function killedEverywhere(
  run: (options: Partial<ScenarioOptions>) => Promise<ScenarioWorld>,
): Promise<number> {
  const undisturbed = await run({});
  const { writes } = undisturbed;
  undisturbed.close();
  for (let killAt = 0; killAt < writes; killAt++) {
    const world = await run({ killAt, seed: killAt });
    const lowest = world.lowest.get(echo) ?? 0;
    assert.ok(lowest >= 3, `Only ${lowest} ACTIVE when the leader died at write ${killAt}`);
    world.close();
  }
  return writes;
}

for (const strategy of ["immediate", "rolling", "canary"] as const satisfies RolloutStrategy[]) {
  Deno.test(`leader killed at every step of a rollout: ${strategy}`, async () => {
    const writes = await killedEverywhere(async (options) => {
      const world = await serving(options);
      await rolloutsOf(world).start({ ...request, strategy });
      await world.until("the new version has taken over", () => {
        const [rollout] = rolloutsOf(world).list();
        return rollout?.state === "COMPLETED" && world.count(next) === 4 && world.count(old) === 0;
      });
      const targets = storedTargets(world.store.state).map(({ artifact }) => artifact);
      assert.deepEqual(targets, [next], "the blueprint names the new version");
      return world;
    });
    assert.ok(writes > 5, `Only ${writes} writes`);
  });
}

Deno.test("leader killed at every step of a canary that fails: it is rolled back", async () => {
  await killedEverywhere(async (options) => {
    const world = await serving({
      ...options,
      figures: (artifact) => ({ requests: 100, errors: artifact === next ? 5 : 0, p99Ms: 1 }),
    });
    await rolloutsOf(world).start({ ...request, strategy: "canary" });
    await world.until("the old version is alone", () => {
      const [rollout] = rolloutsOf(world).list();
      return rollout?.state === "ROLLED_BACK" && world.count(next, "ACTIVE") === 0 &&
        world.count(old) === 4;
    });
    return world;
  });
});

Deno.test("leader killed at every step of a drain", async () => {
  await killedEverywhere(async (options) => {
    const world = await serving(options);
    await changeLifecycle(world.store, "n2", { from: ["ON_DUTY"], to: "DRAINING" });
    await world.until("n2 is decommissioned", () => {
      const entry = world.store.state.get(keys.member.key("n2"));
      return entry !== undefined &&
        keys.member.decode("", entry.value).state === "DECOMMISSIONED";
    });
    assert.equal(world.on("n2"), 0);
    await world.until("all instances serve", () => world.count(old) === 4);
    return world;
  });
});

Deno.test("leader killed at every step of an apply", async () => {
  await killedEverywhere(async (options) => {
    const world = await serving(options);
    apply(world, blueprint(next));
    await world.until("the new version serves", () => {
      return world.count(next) === 4 && world.count(old) === 0 &&
        revisionsOf(world.store.state, app).at(-1)?.value.state === "DEPLOYED";
    });
    return world;
  });
});

Deno.test("a node that flaps: its instances run elsewhere, and come back", async () => {
  for (let seed = 0; seed < 10; seed++) {
    const world = await serving({ seed });
    for (let round = 0; round < 3; round++) {
      world.dead.add("n3");
      await world.until("the others run all", () => world.count(old) === 4, 400);
      world.dead.delete("n3");
      for (let tick = 0; tick < 5; tick++) await world.tick();
    }
    await world.until("every node has its share", () => nodes.every((node) => world.on(node) > 0));
    await world.until("no more than wanted", () => world.count(old) === 4);
    world.close();
  }
});

Deno.test("a partition at any time of a canary: it goes on, and no leader of the minority", async () => {
  for (const victim of ["n1", "n3"]) {
    for (let cutAt = 0; cutAt < 40; cutAt += 2) {
      const world = await serving({ seed: cutAt });
      await rolloutsOf(world).start({ ...request, strategy: "canary" });
      for (let tick = 0; tick < cutAt; tick++) await world.tick();
      world.dead.add(victim);
      // If it led, it still believes so: what it writes is refused.
      world.depose();
      for (let tick = 0; tick < 20; tick++) await world.tick();
      world.dead.delete(victim);
      await world.until("the new version has taken over", () => {
        const [rollout] = rolloutsOf(world).list();
        return rollout?.state === "COMPLETED" && world.count(next) === 4 && world.count(old) === 0;
      });
      await world.until(
        "every node has its share",
        () => nodes.every((each) => world.on(each) > 0),
      );
      world.close();
    }
  }
});
