import assert from "node:assert/strict";
import { World } from "../world_fixture_test.ts";
import { configFactory } from "./config.ts";
import type { ResourceFactory } from "../factory.ts";

const section = { type: "config", values: { perUser: 10, hosts: ["a"], isOpen: true, name: "x" } };

Deno.test("config gives the values of its section, and tells of changes", async () => {
  using world = new World({ factory: configFactory as ResourceFactory, section });
  assert.deepEqual(await world.result({ op: "get" }), section.values);
  const changed = new Promise<void>((resolve) => world.onEvent = resolve);
  world.registry.configure({ it: section });
  const values = { ...section.values, perUser: 20 };
  world.registry.configure({ it: { ...section, values } });
  await changed;
  assert.deepEqual(world.events, [{ resource: "links", event: "changed", value: values }]);
  assert.deepEqual(await world.result({ op: "get" }), values);
  assert.equal((await world.problem({ op: "set" })).name, "REQUEST_INVALID");
});

Deno.test("config refuses values that are no values", () => {
  const { options } = configFactory;
  assert.ok(options?.safeParse({}).success);
  for (const values of [{ a: {} }, { "a-b": 1 }, { a: [1] }, [], "x"]) {
    assert.equal(options?.safeParse({ values }).success, false, JSON.stringify(values));
  }
});
