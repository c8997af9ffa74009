import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { type InstanceValue, keys } from "../../protocol/keys.ts";
import { applyBlueprint, MemoryStore, reportInstance } from "./store_fixture_test.ts";
import {
  instanceId,
  knownInstances,
  storedBlueprints,
  storedTargets,
  storedValue,
  storedValues,
} from "./views.ts";

const echo = "org.example:echo:1.0.0";
const audit = "org.example:audit:1.0.0";
const shop = "org.example:shop:1.0.0";

function assign(store: MemoryStore, node: string, ...attempts: readonly number[]): void {
  const instances = attempts.map((attempt, index) => ({ number: index + 1, attempt }));
  const key = keys.assignment.key(node, echo);
  store.write("leader", keys.assignment.put(key, { artifact: echo, node, instances }));
}

function report(store: MemoryStore, node: string, changes: Partial<InstanceValue> = {}): void {
  reportInstance(store, { artifact: echo, node, changedAtMs: 5, ...changes });
}

/** The known instances, as `id state attempt`. */
function known(store: MemoryStore): string[] {
  return knownInstances(store.state).map(({ id, state, attempt }) => `${id} ${state} ${attempt}`);
}

Deno.test("storedValues() reads all values of a kind in key order, or those with a prefix", () => {
  const store = new MemoryStore();
  for (const node of ["n2", "n1", "n10"]) report(store, node);
  const all = storedValues(store.state, keys.instance);
  assert.deepEqual(all.map(({ value }) => value.node), ["n1", "n10", "n2"]);
  assert.deepEqual(all.map(({ revision }) => revision), [2, 3, 1]);
  const own = storedValues(store.state, keys.instance, keys.instance.key("n1", ""));
  assert.deepEqual(own.map(({ value }) => value.node), ["n1"]);
});

Deno.test("storedValue() reads one value, and calls damage by its name", () => {
  const store = new MemoryStore();
  const key = keys.instance.key("n1", echo, 1);
  assert.equal(storedValue(store.state, keys.instance, key), undefined);
  report(store, "n1");
  assert.equal(storedValue(store.state, keys.instance, key)?.value.state, "ACTIVE");
  const value = new TextEncoder().encode("{}");
  const damaged = keys.target.key("org.example:echo");
  store.write("operator", { type: "put", key: damaged, value, contentType: "" });
  assert.throws(
    () => storedValue(store.state, keys.target, damaged),
    (error) => error instanceof AetherError && error.name === "STORAGE_CORRUPT",
  );
});

Deno.test("storedTargets() are in the load order of their blueprints", () => {
  const store = new MemoryStore();
  applyBlueprint(store, shop, { artifact: echo }, { artifact: audit, dependencies: [echo] });
  assert.deepEqual(storedBlueprints(store.state).map(({ id }) => id), [shop]);
  const targets = storedTargets(store.state);
  assert.deepEqual(targets.map(({ artifactBase }) => artifactBase), [
    "org.example:echo",
    "org.example:audit",
  ]);
  assert.deepEqual(targets.map(({ blueprint }) => blueprint), [shop, shop]);
});

Deno.test("storedTargets() leave out what a blueprint lists but does not own", () => {
  const store = new MemoryStore();
  applyBlueprint(store, shop, { artifact: echo });
  applyBlueprint(store, "org.example:other:1.0.0", { artifact: echo, instances: 2 });
  assert.deepEqual(
    storedTargets(store.state).map(({ blueprint, instances }) => [blueprint, instances]),
    [
      ["org.example:other:1.0.0", 2],
    ],
  );
});

Deno.test("knownInstances() counts an assignment that is not reported as DOWNLOADING", () => {
  const store = new MemoryStore();
  assign(store, "n1", 1, 3);
  assert.deepEqual(known(store), [
    `${instanceId("n1", echo, 1)} DOWNLOADING 1`,
    `${instanceId("n1", echo, 2)} DOWNLOADING 3`,
  ]);
});

Deno.test("knownInstances() takes what was reported of the assigned attempt", () => {
  const store = new MemoryStore();
  assign(store, "n1", 2);
  report(store, "n1", { state: "FAILED", attempt: 1, failures: 1 });
  assert.deepEqual(known(store), [`n1/${echo}/1 DOWNLOADING 2`], "the former attempt is over");
  report(store, "n1", { state: "FAILED", attempt: 2, failures: 2, reason: "Boom", fatal: true });
  const [instance] = knownInstances(store.state);
  assert.deepEqual(instance, {
    id: `n1/${echo}/1`,
    artifact: echo,
    node: "n1",
    n: 1,
    state: "FAILED",
    attempt: 2,
    failures: 2,
    reason: "Boom",
    fatal: true,
  });
});

Deno.test("knownInstances() counts a report without an assignment as UNLOADING", () => {
  const store = new MemoryStore();
  report(store, "n1");
  assert.deepEqual(known(store), [`n1/${echo}/1 UNLOADING 1`]);
});
