import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { requireCeiling } from "../../deployment/ceiling.ts";
import type { ManifestOptions } from "../../deployment/manifest_fixture_test.ts";
import { begun } from "../../deployment/rollout/rollout_fixture_test.ts";
import { keys } from "../../protocol/keys.ts";
import { scaleWrite } from "../scaling/scale.ts";
import { Blueprints } from "./blueprints.ts";
import { Network, packed, streamOf } from "./catalog_fixture_test.ts";
import { addMember, MemoryStore, reportInstance, turn } from "./store_fixture_test.ts";
import { storedTargets } from "./views.ts";

const echo = "org.example:echo:1.0.0";
const audit = "org.example:audit:1.0.0";
const shop = "org.example:shop:1.0.0";
const ceiling = { net: [], read: [], write: [], env: [], sys: [], run: false, ffi: false };

interface Text {
  readonly id?: string;
  readonly slices?: Readonly<Record<string, number>>;
}

/** The text of a blueprint with instances by artifact. */
function textOf({ id = shop, slices = { [echo]: 1 } }: Text = {}): string {
  const tables = Object.entries(slices).map(([artifact, instances]) =>
    `[[slices]]\nartifact = "${artifact}"\ninstances = ${instances}\n`
  );
  return `id = "${id}"\n${tables.join("")}`;
}

class World {
  readonly store = new MemoryStore();
  readonly network = new Network(this.store);

  /** Blueprints on a node that has these slices. */
  async with(slices: Readonly<Record<string, ManifestOptions>>): Promise<Blueprints> {
    const { catalog, repository } = await this.network.add("n1");
    for (const [artifact, options] of Object.entries(slices)) {
      const { path, bytes } = packed(artifact, options);
      await repository.put(path, streamOf(bytes));
    }
    return new Blueprints({
      store: this.store,
      catalog,
      check: (manifests) => requireCeiling(manifests, ceiling),
      instancesPerNode: 4,
      wallMs: () => 1_000,
      isAlive: () => true,
    });
  }

  /** A rollout of echo begins. */
  roll(): void {
    const rollout = begun("rolling", { artifactBase: "org.example:echo", blueprint: shop });
    this.store.write("operator", keys.rollout.put(keys.rollout.key(rollout.artifactBase), rollout));
  }

  /** Targets, as `artifact x instances of blueprint`. */
  get targets(): string[] {
    return storedTargets(this.store.state).map(({ artifact, instances, blueprint }) =>
      `${artifact} x ${instances} of ${blueprint}`
    );
  }
}

function named(name: string) {
  return (error: unknown) => {
    assert.ok(error instanceof AetherError, String(error));
    assert.equal(error.name, name, error.message);
    return true;
  };
}

Deno.test("Blueprints.apply() writes the blueprint and its targets in one change", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {} });
  const before = world.store.state.revision;
  const applied = await blueprints.apply(textOf({ slices: { [echo]: 2 } }));
  assert.equal(applied.status, "applied");
  assert.deepEqual([applied.id, applied.slices], [shop, 1]);
  assert.equal(applied.revision, before + 1);
  assert.equal(world.store.state.revision, before + 1);
  assert.deepEqual(world.targets, [`${echo} x 2 of ${shop}`]);
  assert.equal(blueprints.get(shop).source, textOf({ slices: { [echo]: 2 } }));
});

Deno.test("Blueprints.apply() resolves dependencies and puts them first", async () => {
  const world = new World();
  const blueprints = await world.with({
    [echo]: {},
    [audit]: { dependencies: { "org.example:echo": "^1.0.0" } },
  });
  const { plan } = await blueprints.apply(textOf({ slices: { [audit]: 1 } }));
  assert.deepEqual(plan.changes.map(({ action, artifact }) => `${action} ${artifact}`), [
    `create ${echo}`,
    `create ${audit}`,
  ]);
  assert.deepEqual(world.targets, [`${echo} x 1 of ${shop}`, `${audit} x 1 of ${shop}`]);
});

Deno.test("Blueprints.apply() of the same text changes nothing", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {} });
  const first = await blueprints.apply(textOf());
  const before = world.store.state.revision;
  const again = await blueprints.apply(textOf());
  assert.deepEqual([again.status, again.revision], ["unchanged", first.revision]);
  const commented = await blueprints.apply(`# The same\n${textOf()}`);
  assert.equal(commented.status, "unchanged");
  assert.equal(world.store.state.revision, before + 1, "only the text is new");
  assert.match(blueprints.get(shop).source, /^# The same/);
});

Deno.test("Blueprints.apply() replaces the former version and drops what is not listed", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {}, [audit]: {} });
  await blueprints.apply(textOf({ slices: { [echo]: 1, [audit]: 1 } }));
  const id = "org.example:shop:1.1.0";
  await blueprints.apply(textOf({ id, slices: { [echo]: 3 } }));
  assert.deepEqual(world.targets, [`${echo} x 3 of ${id}`]);
  assert.deepEqual(blueprints.list().map((status) => status.id), [id]);
  assert.throws(() => blueprints.get(shop), named("BLUEPRINT_NOT_FOUND"));
});

Deno.test("Blueprints.plan() says what would change, and changes nothing", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {} });
  const before = world.store.state.revision;
  const plan = await blueprints.plan(textOf());
  assert.deepEqual([plan.changeCount, plan.revision], [1, 0]);
  assert.equal(world.store.state.revision, before);
  const { revision } = await blueprints.apply(textOf(), plan.revision);
  const next = await blueprints.plan(textOf({ slices: { [echo]: 2 } }));
  assert.equal(next.revision, revision);
  assert.deepEqual(next.changes[0]?.changes, ["instances 1 -> 2"]);
});

Deno.test("Blueprints.apply() refuses a plan that is out of date", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {} });
  const plan = await blueprints.plan(textOf());
  await blueprints.apply(textOf());
  const late = blueprints.apply(textOf({ slices: { [echo]: 2 } }), plan.revision);
  await assert.rejects(() => late, named("REVISION_CONFLICT"));
  assert.deepEqual(world.targets, [`${echo} x 1 of ${shop}`]);
});

Deno.test("Blueprints.apply() lets one of two at the same time win", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {} });
  const texts = [textOf(), textOf({ slices: { [echo]: 2 } })];
  const results = await Promise.allSettled(texts.map((text) => blueprints.apply(text)));
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected"]);
  assert.ok(results[1]?.status === "rejected");
  named("REVISION_CONFLICT")(results[1].reason);
  assert.deepEqual(world.targets, [`${echo} x 1 of ${shop}`]);
});

Deno.test("Blueprints.apply() gives a slice to one of two blueprints at the same time", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {} });
  const texts = [textOf(), textOf({ id: "org.example:other:1.0.0" })];
  const results = await Promise.allSettled(texts.map((text) => blueprints.apply(text)));
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected"]);
  assert.deepEqual(world.targets, [`${echo} x 1 of ${shop}`]);
  assert.deepEqual(blueprints.list().map(({ id }) => id), [shop]);
});

Deno.test("Blueprints.check() refuses what cannot run, before anything is written", async () => {
  const world = new World();
  const blueprints = await world.with({
    [echo]: { routes: ["GET /echo"] },
    [audit]: { routes: ["GET /echo"] },
    "org.example:net:1.0.0": { permissions: { net: ["api.example.com:443"] } },
    "org.example:lost:1.0.0": { dependencies: { "org.example:none": "^1.0.0" } },
  });
  const other = textOf({ id: "org.example:other:1.0.0" });
  const cases: [string, string][] = [
    ["id = 5", "BLUEPRINT_INVALID"],
    [textOf({ slices: { "org.example:none:1.0.0": 1 } }), "ARTIFACT_NOT_FOUND"],
    [textOf({ slices: { "org.example:lost:1.0.0": 1 } }), "DEPENDENCY_MISSING"],
    [textOf({ slices: { "org.example:net:1.0.0": 1 } }), "PERMISSION_REFUSED"],
    [textOf({ slices: { [echo]: 1, [audit]: 1 } }), "ROUTE_CONFLICT"],
  ];
  const before = world.store.state.revision;
  for (const [text, name] of cases) {
    await assert.rejects(() => blueprints.apply(text), named(name), name);
  }
  assert.equal(world.store.state.revision, before);
  await blueprints.apply(textOf());
  await assert.rejects(() => blueprints.apply(other), named("BLUEPRINT_CONFLICT"));
  const route = textOf({ id: "org.example:other:1.0.0", slices: { [audit]: 1 } });
  await assert.rejects(() => blueprints.apply(route), named("ROUTE_CONFLICT"));
});

Deno.test("Blueprints.history() and revert() lead back to what was deployed before", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {} });
  assert.throws(() => blueprints.history(shop), named("BLUEPRINT_NOT_FOUND"));
  const two = textOf({ slices: { [echo]: 2 } });
  for (const text of [textOf(), two]) assert.ok((await blueprints.apply(text)).number > 0);
  await assert.rejects(() => blueprints.revert(shop), named("REVISION_NOT_FOUND"));
  await assert.rejects(() => blueprints.revert(shop, 9), named("REVISION_NOT_FOUND"));
  const reverted = await blueprints.revert(shop, 1);
  assert.deepEqual([reverted.number, reverted.plan.changeCount], [3, 1]);
  assert.deepEqual(world.targets, [`${echo} x 1 of ${shop}`]);
  const [newest] = blueprints.history(shop);
  assert.deepEqual([newest?.number, newest?.state, newest?.appliedAtMs], [3, "DEPLOYING", 1_000]);
  assert.equal(blueprints.status(shop, 3).status, "PENDING");
  assert.throws(() => blueprints.status(shop, 4), named("REVISION_NOT_FOUND"));
});

Deno.test("Blueprints.plan() says where instances would run", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {} });
  for (const node of ["n1", "n2"]) addMember(world.store, node);
  const { placement } = await blueprints.plan(textOf({ slices: { [echo]: 3 } }));
  assert.deepEqual(placement, [
    { artifact: echo, node: "n1", before: 0, after: 2 },
    { artifact: echo, node: "n2", before: 0, after: 1 },
  ]);
});

Deno.test("Blueprints.delete() removes a blueprint with its targets, and nothing else", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {}, [audit]: {} });
  const other = "org.example:other:1.0.0";
  await blueprints.apply(textOf());
  await blueprints.apply(textOf({ id: other, slices: { [audit]: 1 } }));
  const revision = await blueprints.delete(shop);
  assert.equal(revision, world.store.state.revision);
  assert.deepEqual(world.targets, [`${audit} x 1 of ${other}`]);
  await assert.rejects(() => blueprints.delete(shop), named("BLUEPRINT_NOT_FOUND"));
  await blueprints.apply(textOf({ id: other }));
});

Deno.test("Blueprints.delete() loses against a change at the same time", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {} });
  await blueprints.apply(textOf());
  const changing = blueprints.apply(textOf({ slices: { [echo]: 2 } }));
  const deleting = blueprints.delete(shop);
  const results = await Promise.allSettled([changing, deleting]);
  assert.equal(results.filter(({ status }) => status === "rejected").length, 1);
});

Deno.test("Blueprints.status() follows what the nodes report", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {} });
  assert.throws(() => blueprints.status(shop), named("BLUEPRINT_NOT_FOUND"));
  const { revision } = await blueprints.apply(textOf());
  assert.deepEqual(blueprints.status(shop), {
    id: shop,
    status: "PENDING",
    revision,
    slices: [{ artifact: echo, status: "PENDING", instances: 1, active: 0 }],
  });
  const instances = [{ number: 1, attempt: 1 }];
  const key = keys.assignment.key("n1", echo);
  world.store.write("leader", keys.assignment.put(key, { artifact: echo, node: "n1", instances }));
  assert.equal(blueprints.status(shop).status, "IN_PROGRESS");
  reportInstance(world.store, { artifact: echo, node: "n1" });
  assert.equal(blueprints.status(shop).status, "DEPLOYED");
  assert.deepEqual(blueprints.list(), [blueprints.status(shop)]);
});

Deno.test("Blueprints.apply() and delete() lose against a new rollout", async () => {
  const changes: ((blueprints: Blueprints) => Promise<unknown>)[] = [
    (blueprints) => blueprints.apply(textOf({ slices: { [echo]: 2 } })),
    (blueprints) => blueprints.delete(shop),
  ];
  for (const change of changes) {
    const world = new World();
    const blueprints = await world.with({ [echo]: {} });
    await blueprints.apply(textOf());
    world.store.isHeld = true;
    const changing = assert.rejects(() => change(blueprints), named("REVISION_CONFLICT"));
    while (world.store.waiting === 0) await turn();
    world.roll();
    world.store.decide();
    await changing;
    await assert.rejects(() => change(blueprints), named("ROLLOUT_ACTIVE"));
    assert.equal(blueprints.get(shop).source, textOf());
  }
});

Deno.test("Blueprints.apply() sets its own number of instances after scaling", async () => {
  for (const text of [textOf(), `# Commented\n${textOf()}`]) {
    const world = new World();
    const blueprints = await world.with({ [echo]: {} });
    await blueprints.apply(textOf());
    world.store.write("operator", ...scaleWrite(world.store.state, echo, 10).then);
    const planned = await blueprints.plan(text);
    assert.equal(planned.changeCount, 1);
    assert.deepEqual(planned.changes[0]?.changes, ["instances 10 -> 1"]);
    const applied = await blueprints.apply(text);
    assert.equal(applied.status, "applied");
    assert.deepEqual(world.targets, [`${echo} x 1 of ${shop}`]);
    assert.equal((await blueprints.apply(text)).status, "unchanged");
  }
});

Deno.test("Blueprints.apply() during a rollout takes only what changes nothing at all", async () => {
  const world = new World();
  const blueprints = await world.with({ [echo]: {} });
  const { revision } = await blueprints.apply(textOf());
  world.roll();
  const again = await blueprints.apply(textOf());
  assert.deepEqual([again.status, again.revision], ["unchanged", revision]);
  const commented = `# Commented\n${textOf()}`;
  await assert.rejects(() => blueprints.apply(commented), named("ROLLOUT_ACTIVE"));
  assert.equal(blueprints.get(shop).source, textOf());
});
