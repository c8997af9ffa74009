import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import type { ExpandedBlueprint } from "../../protocol/blueprint.ts";
import { MemoryStore } from "../control/store_fixture_test.ts";
import { replaceOperations } from "../deploy/revisions.ts";
import { Rollouts } from "./rollouts.ts";

const app = "org.shop:app:1.0.0";
const a1 = "org.shop:a:1.0.0";
const a2 = "org.shop:a:2.0.0";
const b1 = "org.shop:b:1.0.0";
const b2 = "org.shop:b:2.0.0";

function blueprint(...artifacts: string[]): ExpandedBlueprint {
  const more = { instances: 2, minAvailable: 1, isDependency: false, dependencies: [] };
  const slices = artifacts.map((artifact) => ({ artifact, ...more }));
  return { id: app, source: JSON.stringify(artifacts), slices };
}

class World {
  readonly store = new MemoryStore();
  /** Happens while the new version is checked. */
  meanwhile = () => {};
  readonly rollouts = new Rollouts({
    store: this.store,
    check: (text) => {
      this.meanwhile();
      return Promise.resolve(blueprint(...JSON.parse(text) as string[]));
    },
    wallMs: () => 0,
  });

  constructor() {
    this.apply(blueprint(a1, b1));
  }

  apply(next: ExpandedBlueprint): void {
    this.store.write("operator", ...replaceOperations(this.store.state, app, next));
  }

  start(artifact: string) {
    return this.rollouts.start({
      artifact,
      strategy: "rolling",
      isManual: false,
      thresholds: { maxErrorRate: 0.01, maxLatencyMs: 500, minRequests: 10 },
      cleanup: "IMMEDIATE",
      graceMs: 0,
      observeMs: 0,
      percent: 50,
    });
  }
}

function named(name: string) {
  return (error: unknown) => error instanceof AetherError && error.name === name;
}

Deno.test("Rollouts.start() refuses a second rollout of the same blueprint", async () => {
  const world = new World();
  const first = await world.start(a2);
  await assert.rejects(() => world.start(b2), named("ROLLOUT_ACTIVE"));
  await world.rollouts.change(first.id, "rollback");
  await assert.rejects(() => world.start(b2), named("ROLLOUT_ACTIVE"));
  assert.deepEqual(world.rollouts.list().map(({ to }) => to), [a2]);
});

Deno.test("Rollouts.start() lets one of two at the same time win", async () => {
  const world = new World();
  const results = await Promise.allSettled([a2, b2].map((each) => world.start(each)));
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected"]);
  assert.ok(results[1]?.status === "rejected" && named("REVISION_CONFLICT")(results[1].reason));
});

Deno.test("Rollouts.start() loses against a blueprint that is applied meanwhile", async () => {
  const world = new World();
  world.meanwhile = () => world.apply(blueprint(a1, b2));
  await assert.rejects(() => world.start(a2), named("REVISION_CONFLICT"));
  assert.deepEqual(world.rollouts.list(), []);
});
