import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { limits } from "../protocol/limits.ts";
import { World } from "./world_fixture_test.ts";

Deno.test("InstanceServer offers only what the manifest declares", async () => {
  using world = new World();
  for (const resource of ["other", "", "__proto__", "constructor"]) {
    const problem = await world.problem({ op: "entry", key: "a", resource });
    assert.equal(problem.name, "CALL_REFUSED");
    assert.match(problem.detail, /org.example:a:1.0.0 does not declare a resource named/);
  }
});

Deno.test("InstanceServer answers a request that is not valid, if somebody can wait for it", async () => {
  using world = new World();
  const wrong = [
    { op: "list", prefix: "", limit: 0 },
    { op: "list", prefix: "", limit: 1.5 },
    { op: "list", prefix: "", limit: limits.listMax + 1 },
    { op: "list", prefix: "", limit: Number.NaN },
    { op: "put", key: "a", value: "1", ifRevision: -1 },
    { op: "put", key: "a", value: 1 },
    { op: "entry", key: 5 },
    { op: "entry" },
    { op: "other", key: "a" },
    { op: "entry", key: "a", resource: 5 },
    {},
  ];
  for (const request of wrong) {
    const problem = await world.problem(request);
    assert.equal(problem.name, "REQUEST_INVALID", JSON.stringify(request));
    assert.ok((problem.issues?.length ?? 0) > 0);
  }
  assert.equal(world.server.malformed, wrong.length);
});

Deno.test("InstanceServer survives and counts whatever else it is sent", async () => {
  using world = new World();
  const wrong = [
    undefined,
    null,
    5,
    "text",
    [],
    {},
    { id: -1, op: "entry" },
    { op: "log" },
    {
      op: "log",
      level: "fatal",
      message: "",
      fields: "{}",
    },
    { op: "log", level: "info", message: "m", fields: "x".repeat(40_000) },
    new Map(),
  ];
  for (const message of wrong) world.post(message);
  assert.equal(await world.result({ op: "entry", key: "a" }), null);
  assert.equal(world.server.malformed, wrong.length);
  assert.deepEqual(world.logs, []);
});

Deno.test("InstanceServer writes the slice's lines with the fields that are JSON", async () => {
  using world = new World();
  const lines = ['{"n":1}', "[1]", "null", "5", "{"];
  for (const fields of lines) world.post({ op: "log", level: "warn", message: "Hello", fields });
  await world.result({ op: "entry", key: "a" });
  assert.deepEqual(world.logs, [
    'warn Hello {"n":1}',
    'warn Hello {"0":1}',
    "warn Hello {}",
    "warn Hello {}",
    'warn Hello {"fields":"are not JSON"}',
  ]);
});

Deno.test("InstanceServer cuts lines that are too long", async () => {
  using world = new World();
  world.post({ op: "log", level: "info", message: "x".repeat(1_000_000), fields: "{}" });
  await world.result({ op: "entry", key: "a" });
  assert.equal(world.logs[0]?.length, "info ".length + 16_384 + " {}".length);
});

Deno.test("InstanceServer passes the store's failures on, and hides nothing of their kind", async () => {
  using world = new World();
  world.failure = new AetherError("STORE_FULL", "The store is full");
  assert.equal((await world.problem({ op: "put", key: "a", value: "1" })).name, "STORE_FULL");
  world.failure = new Error("Boom");
  assert.equal((await world.problem({ op: "delete", key: "a" })).name, "INTERNAL");
});

Deno.test("InstanceServer refuses more than 1000 requests at a time", async () => {
  using world = new World();
  const gate = Promise.withResolvers<void>();
  world.gate = gate.promise;
  const answers = Array.from({ length: 1_001 }, () => world.ask({ op: "entry", key: "a" }));
  const refused = await Promise.race(answers);
  assert.equal(refused.problem?.name, "OVERLOADED");
  gate.resolve();
  const replies = await Promise.all(answers);
  assert.equal(replies.filter(({ ok }) => ok).length, 1_000);
  world.gate = undefined;
  assert.equal(await world.result({ op: "entry", key: "a" }), null);
});
