import assert from "node:assert/strict";
import { GatewayCalls } from "../../io/calls/gateway_calls.ts";
import type { InternalCall } from "../../protocol/thread/internal_calls.ts";
import { problem, traceparent, two, World } from "../gateway_fixture_test.ts";
import { serviceOf } from "../instance_fixture_test.ts";

const call: InternalCall = {
  origin: "schedule",
  contract: "org.example:two",
  method: "get",
  input: '{"n":1}',
  timeoutMs: 60_000,
};

/** A thread's calls over a port to the gateway, until the test ends. */
function callsOf(world: World) {
  const calls = new GatewayCalls();
  const far = calls.connectNew();
  world.gateway.serveCalls(far);
  const close = () => {
    calls.close();
    far.close();
  };
  return { calls, far, close };
}

Deno.test("InternalCalls call a method with origin, request id, trace and time limit", async () => {
  await using world = new World();
  world.apply(two);
  const called = world.add("i9", ({ body }) => [200, `[${body}]`]);
  const { calls, close } = callsOf(world);
  assert.deepEqual(await calls.call({ ...call, requestId: "r7", traceparent }), {
    kind: "output",
    output: '[{"n":1}]',
  });
  const [received] = called.calls;
  assert.deepEqual([received?.path, received?.query, received?.requestId], [null, "", "r7"]);
  assert.ok((received?.remainingMs ?? 9_999) <= 2_000, "the method's own timeout");
  assert.deepEqual(JSON.parse(received?.meta ?? ""), { traceparent, caller: "schedule" });
  await calls.call({ ...call, origin: "topic" });
  assert.match(called.calls[1]?.requestId ?? "", /^[a-z0-9-]+$/);
  assert.equal(JSON.parse(called.calls[1]?.meta ?? "").caller, "topic");
  close();
});

Deno.test("InternalCalls tell what was not executed from what may have been", async () => {
  await using world = new World();
  world.apply({ ...two, concurrency: 1 }, serviceOf({ instances: ["i1"] }));
  const { calls, far, close } = callsOf(world);
  const kindOf = async (changes: Partial<InternalCall> = {}) => {
    const outcome = await calls.call({ ...call, ...changes });
    assert.ok("problem" in outcome);
    const { problem } = outcome;
    return `${outcome.kind} ${"name" in problem ? problem.name : problem.code}`;
  };
  assert.equal(await kindOf({ contract: "org.example:gone" }), "notExecuted NO_INSTANCE");
  assert.equal(await kindOf({ method: "gone" }), "notExecuted CALL_REFUSED");
  assert.equal(await kindOf(), "notExecuted NO_INSTANCE");
  const called = world.add("i9", () => [409, '{"code":"SOLD_OUT","message":"None left"}']);
  assert.equal(await kindOf(), "problem SOLD_OUT");
  called.onCall = () => undefined;
  const waiting = kindOf();
  await called.until(() => called.calls.length === 2);
  assert.equal(await kindOf(), "notExecuted OVERLOADED");
  // The method may be repeated, and there is nowhere left to do so: it may still have run.
  world.gateway.removeInstance("i9");
  assert.equal(await waiting, "unknown NO_INSTANCE");
  const other = world.add("i1");
  const lost = kindOf({ contract: "org.example:one", method: "inner" });
  await other.until(() => other.calls.length === 1);
  world.gateway.removeInstance("i1");
  assert.equal(await lost, "unknown CALL_OUTCOME_UNKNOWN");
  world.add("i1");
  const late = kindOf({ contract: "org.example:one", method: "inner", timeoutMs: 1 });
  world.gateway.expire();
  while (calls.inFlight > 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    world.gateway.expire();
  }
  assert.equal(await late, "unknown DEADLINE_EXCEEDED");
  const hanging = kindOf({ contract: "org.example:one", method: "inner" });
  calls.close();
  assert.equal(await hanging, "unknown CALL_OUTCOME_UNKNOWN");
  assert.equal(await kindOf(), "notExecuted NO_INSTANCE");
  far.close();
  close();
});

Deno.test("InternalCalls call the one instance that is named, and no other", async () => {
  await using world = new World();
  world.apply({ ...two, instances: ["i8", "i9"] });
  world.add("i8", () => [200, '"i8"']);
  world.add("i9", () => [200, '"i9"']);
  const { calls, close } = callsOf(world);
  for (const instance of ["i9", "i9", "i8", "i9"]) {
    assert.deepEqual(await calls.call({ ...call, instance }), {
      kind: "output",
      output: `"${instance}"`,
    });
  }
  assert.equal((await calls.call({ ...call, instance: "i7" })).kind, "notExecuted");
  close();
});

Deno.test("Methods without a route cannot be called from outside", async () => {
  await using world = new World();
  world.apply(serviceOf());
  const instance = world.add("i1", () => [200, "1"]);
  for (const path of ["/inner", "/one/inner/x", "/org.example:one/inner", "//inner", "/"]) {
    assert.equal(await problem(world.request("POST", path, "{}")), "404 ROUTE_NOT_FOUND");
  }
  assert.equal(instance.calls.length, 0);
  const { calls, close } = callsOf(world);
  assert.equal(
    (await calls.call({ ...call, contract: "org.example:one", method: "inner" })).kind,
    "output",
  );
  close();
});
