import assert from "node:assert/strict";
import { traceparent, two, World } from "../gateway_fixture_test.ts";
import { serviceOf } from "../instance_fixture_test.ts";

Deno.test("Gateway routes the calls between slices, with caller, id and trace", async () => {
  await using world = new World();
  world.apply(serviceOf({ calls: ["org.example:two"] }), two);
  const caller = world.add("i1");
  const called = world.add("i9", ({ body }) => [200, `[${body}]`]);
  const meta = JSON.stringify({
    traceparent,
    caller: "org.example:root",
    headers: { accept: "forged" },
  });
  const answer = await caller.invoke("org.example:two", "get", {
    input: '{"n":1}',
    requestId: "r7",
    timeoutMs: 60_000,
    meta,
  });
  assert.equal(answer, '1 200 [{"n":1}]');
  const [call] = called.calls;
  assert.deepEqual([call?.path, call?.query, call?.requestId], [null, "", "r7"]);
  assert.ok((call?.remainingMs ?? 9_999) <= 2_000, "the method's own timeout");
  assert.deepEqual(JSON.parse(call?.meta ?? ""), {
    traceparent,
    depth: 2,
    caller: "org.example:one",
  });
  await caller.invoke("org.example:two", "get");
  assert.match(called.calls[1]?.requestId ?? "", /^[a-z0-9-]+$/);
});

Deno.test("Gateway gives a slice the problem that the called one answered", async () => {
  await using world = new World();
  world.apply(serviceOf({ calls: ["org.example:two"] }), two);
  const caller = world.add("i1");
  const called = world.add("i9", () => [409, '{"code":"SOLD_OUT"}']);
  assert.equal(await caller.invoke("org.example:two", "get"), '0 409 {"code":"SOLD_OUT"}');
  called.onCall = () => undefined;
  const lost = caller.invoke("org.example:two", "get");
  await called.until(() => called.calls.length === 2);
  world.gateway.removeInstance("i9");
  assert.match(await lost, /^0 503 .*"name":"NO_INSTANCE"/);
});

Deno.test("Gateway refuses what a slice may not call, or nobody has", async () => {
  await using world = new World();
  world.apply(
    serviceOf({ calls: ["org.example:two", "org.example:none"] }),
    two,
    serviceOf({ contract: "org.example:other", methods: {}, instances: ["i5"] }),
  );
  const caller = world.add("i1");
  const called = world.add("i9", () => [200, "1"]);
  const refused = async (contract: string, method: string, meta = "") => {
    const answer = await caller.invoke(contract, method, { meta });
    const [ok, status, ...body] = answer.split(" ");
    return `${ok} ${status} ${JSON.parse(body.join(" ")).name}`;
  };
  assert.equal(await refused("org.example:other", "get"), "0 403 CALL_REFUSED");
  assert.equal(await refused("org.example:one", "get"), "0 403 CALL_REFUSED");
  assert.equal(await refused("org.example:none", "get"), "0 503 NO_INSTANCE");
  for (const method of ["none", "", "constructor", "__proto__", "toString"]) {
    assert.equal(await refused("org.example:two", method), "0 403 CALL_REFUSED", method);
  }
  assert.equal(await refused("org.example:two", "get", "no JSON"), "0 500 INTERNAL");
  assert.equal(called.calls.length, 0);
  for (const meta of ["null", "5", "[]", '{"traceparent":5}']) {
    assert.equal(await caller.invoke("org.example:two", "get", { meta }), "1 200 1");
  }
});

Deno.test("Gateway refuses undeclared calls also of an instance that is in no route", async () => {
  await using world = new World();
  world.apply(serviceOf({ contract: "org.example:three", instances: ["i9"] }));
  world.add("i9", () => [200, '"secret"']);
  const starting = world.add("i1");
  assert.match(await starting.invoke("org.example:three", "get"), /CALL_REFUSED/);
});

Deno.test("Gateway answers a call that nobody waits for as soon as it is on its way", async () => {
  await using world = new World();
  world.apply(serviceOf({ calls: ["org.example:two"] }), { ...two, concurrency: 1 });
  const caller = world.add("i1");
  const oneWay = JSON.stringify({ oneWay: true });
  const send = () => caller.invoke("org.example:two", "get", { meta: oneWay });
  assert.match(await send(), /^0 503 .*"name":"NO_INSTANCE"/);
  const called = world.add("i9");
  assert.equal(await send(), "1 202 null");
  await called.until(() => called.calls.length === 1);
  assert.match(await send(), /^0 503 .*"name":"OVERLOADED"/);
  called.reply(called.calls[0]?.id ?? 0, 500, "{}");
  await world.ended;
  assert.deepEqual(world.lines, ["warn A call that nobody waits for failed"]);
});

Deno.test("Gateway refuses inputs and outputs of calls beyond the limit", async () => {
  await using world = new World({}, { maxBytes: "1KiB" });
  world.apply(serviceOf({ calls: ["org.example:two"] }), two);
  const caller = world.add("i1");
  const large = JSON.stringify("ü".repeat(600));
  const called = world.add("i9", () => [200, large]);
  const tooLarge = /^0 413 .*"name":"CALL_TOO_LARGE"/;
  assert.match(await caller.invoke("org.example:two", "get", { input: large }), tooLarge);
  assert.equal(called.calls.length, 0);
  assert.match(await caller.invoke("org.example:two", "get"), tooLarge);
});

Deno.test("Gateway ends calls that are inside each other too deep, and counts them on", async () => {
  await using world = new World({}, { maxDepth: 4 });
  world.apply(serviceOf({ calls: ["org.example:two"] }), two);
  const caller = world.add("i1");
  const called = world.add("i9", () => [200, "1"]);
  const inside = (depth: unknown) =>
    caller.invoke("org.example:two", "get", { meta: JSON.stringify({ depth }) });
  // What says nothing sane of its depth comes from outside.
  for (const depth of [undefined, -7, "9", 3]) assert.match(await inside(depth), /^1 200/);
  const depths = called.calls.map(({ meta }) => JSON.parse(meta).depth);
  assert.deepEqual(depths, [2, 2, 2, 4]);
  const refused = await inside(4);
  assert.match(refused, /^0 508 .*"name":"CALL_TOO_DEEP"/);
  assert.match(refused, /The call of org.example:two get is inside 4 others; calls.maxDepth is 4/);
  assert.equal(called.calls.length, 4);
});

Deno.test("Gateway gives an instance less time than the client of the application has", async () => {
  await using world = new World({ requestTimeout: "1s" }, { answerTimeout: "300ms" });
  world.apply(serviceOf({ calls: ["org.example:two"] }), two);
  const instance = world.add("i1", () => [200, "1"]);
  const called = world.add("i9", () => [200, "1"]);
  await world.request("GET", "/one/a");
  await instance.invoke("org.example:two", "get");
  for (const { calls } of [instance, called]) {
    assert.ok((calls[0]?.remainingMs ?? 999) <= 300);
  }
});

Deno.test("Gateway keeps the calls with an affinity key together", async () => {
  await using world = new World();
  world.apply(
    serviceOf({ calls: ["org.example:two"] }),
    { ...two, instances: ["i7", "i8", "i9"] },
  );
  const caller = world.add("i1");
  const called = ["i7", "i8", "i9"].map((id) => world.add(id, () => [200, "1"]));
  for (let times = 0; times < 9; times++) {
    await caller.invoke("org.example:two", "get", { meta: '{"affinity":"user-1"}' });
  }
  assert.deepEqual(called.map(({ calls }) => calls.length).sort(), [0, 0, 9]);
});
