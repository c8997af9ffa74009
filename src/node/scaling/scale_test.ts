import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { begun } from "../../deployment/rollout/rollout_fixture_test.ts";
import { keys } from "../../protocol/keys.ts";
import { applyBlueprint, MemoryStore } from "../control/store_fixture_test.ts";
import { storedTargets } from "../control/views.ts";
import { scaleWrite } from "./scale.ts";

const echo = "org.example:echo:1.0.0";

function named(name: string) {
  return (error: unknown) => error instanceof AetherError && error.name === name;
}

Deno.test("scaleWrite() changes the instances and nothing else", () => {
  const store = new MemoryStore();
  const slice = { artifact: echo, instances: 3, minAvailable: 2 };
  applyBlueprint(store, "org.example:app:1.0.0", slice);
  const [before] = storedTargets(store.state);
  for (const [name, instances] of [["org.example:echo", 5], [echo, 2]] as const) {
    store.write("operator", ...scaleWrite(store.state, name, instances).then);
    assert.deepEqual(storedTargets(store.state), [{ ...before, instances }]);
  }
  assert.deepEqual(scaleWrite(store.state, echo, 2).then, []);
});

Deno.test("scaleWrite() refuses what no blueprint wants, and less than minAvailable", () => {
  const store = new MemoryStore();
  assert.throws(() => scaleWrite(store.state, echo, 1), named("SLICE_NOT_APPLIED"));
  const slice = { artifact: echo, instances: 3, minAvailable: 2 };
  applyBlueprint(store, "org.example:app:1.0.0", slice);
  assert.throws(() => scaleWrite(store.state, echo, 1), named("SCALE_REFUSED"));
});

Deno.test("scaleWrite() loses against a rollout that starts meanwhile", async () => {
  const store = new MemoryStore();
  applyBlueprint(store, "org.example:app:1.0.0", { artifact: echo });
  const { compare, then } = scaleWrite(store.state, echo, 5);
  const key = keys.rollout.key("org.example:echo");
  const rollout = begun("rolling", { artifactBase: "org.example:echo" });
  store.write("operator", keys.rollout.put(key, rollout));
  const applied = await store.propose("operator", { compare, then, otherwise: [] });
  assert.equal(applied.succeeded, false);
  assert.throws(() => scaleWrite(store.state, echo, 5), named("ROLLOUT_ACTIVE"));
});
