import assert from "node:assert/strict";
import { Circuit } from "../../policy/circuit.ts";
import type { Answer, Call, CallTarget } from "../call.ts";
import { serviceOf } from "../instance_fixture_test.ts";
import { Calls } from "./calls.ts";
import { Service, Version } from "./service.ts";

const call: Call = {
  method: "get",
  requestId: "r1",
  remainingMs: 5_000,
  pathParameters: null,
  query: "",
  body: null,
  meta: "",
};
const output: Answer = { kind: "output", status: 200, body: '"done"' };

/** A target that answers what the test says. */
class Target implements CallTarget {
  readonly circuit = new Circuit();
  readonly isHealthy = true;
  readonly inFlight = 0;
  readonly inFlightMax = 1;
  readonly received: Call[] = [];

  constructor(readonly id: string, readonly answers: Answer[]) {}

  call(received: Call) {
    this.received.push(received);
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    return { id: 1, answer: Promise.resolve(answer ?? assert.fail("No answer is left")) };
  }

  abort(): void {}
}

/** A service of targets, and what calling it did. */
function world(...targets: readonly Target[]) {
  const version = new Version("n1", serviceOf());
  for (const target of targets) version.add(target);
  const service = new Service("org.example:one", performance.now());
  service.update([version]);
  const slept: number[] = [];
  const ended: string[] = [];
  const calls = new Calls({
    find: () => service,
    random: () => 0,
    sleep: (durationMs) => {
      slept.push(durationMs);
      return Promise.resolve();
    },
    onEnd: (artifact, method, _durationMs, { kind }) => ended.push(`${artifact} ${method} ${kind}`),
  });
  const send = (method: "get" | "make", changes: Partial<Call> = {}) => {
    const manifest = serviceOf().methods[method] ?? assert.fail();
    return calls.send(service, manifest, { ...call, method, ...changes });
  };
  return { send, slept, ended, service, version };
}

Deno.test("Calls.send() goes elsewhere at once when a call was certainly not executed", async () => {
  for (const method of ["get", "make"] as const) {
    const first: Target = new Target("a", [{ kind: "notHosted" }]);
    const second: Target = new Target("b", [output]);
    const { send, slept, ended } = world(first, second);
    assert.deepEqual(await send(method), output);
    assert.deepEqual(slept, []);
    assert.deepEqual([first.received.length, second.received.length], [1, 1]);
    assert.ok((second.received[0]?.remainingMs ?? 9_999) <= 5_000);
    assert.deepEqual(ended, [`org.example:one:1.0.0 ${method} output`]);
  }
});

Deno.test("Calls.send() repeats a lost call only when its method is idempotent", async () => {
  const lost = () => [new Target("a", [{ kind: "lost" }]), new Target("b", [output])] as const;
  assert.deepEqual(await world(...lost()).send("get"), output);
  const targets = lost();
  assert.deepEqual(await world(...targets).send("make"), { kind: "lost" });
  assert.equal(targets[1].received.length, 0);
});

Deno.test("Calls.send() gives back what a slice says, however bad it is", async () => {
  const problem: Answer = { kind: "problem", status: 503, body: "{}" };
  const [first, second] = [new Target("a", [problem]), new Target("b", [output])];
  assert.deepEqual(await world(first, second).send("get"), problem);
  assert.equal(second.received.length, 0);
});

Deno.test("Calls.send() waits longer and longer for a target to come back, up to four attempts", async () => {
  const target = new Target("a", [{ kind: "lost" }]);
  const { send, slept } = world(target);
  assert.deepEqual(await send("get"), { kind: "lost" });
  assert.equal(target.received.length, 4);
  assert.deepEqual(slept, [10, 20, 40]);
  const back = new Target("a", [{ kind: "lost" }, output]);
  assert.deepEqual(await world(back).send("get"), output);
});

Deno.test("Calls.send() neither waits nor repeats when everything is full", async () => {
  const [first, second] = [new Target("a", [{ kind: "full" }]), new Target("b", [output])];
  assert.deepEqual(await world(first, second).send("make"), output);
  const { send, slept } = world(new Target("a", [{ kind: "full" }]));
  assert.deepEqual(await send("get"), { kind: "full" });
  assert.deepEqual(slept, []);
});

Deno.test("Calls.send() has a retry budget, so that an outage is not made worse", async () => {
  const target = new Target("a", [{ kind: "lost" }]);
  const { send, service } = world(target);
  while (service.retries.take(performance.now()));
  const startMs = performance.now();
  const before = target.received.length;
  for (let index = 0; index < 50; index++) await send("get");
  const attempts = target.received.length - before;
  // A fifth of the calls and 10 a second.
  const attemptsMax = 50 + 10 + Math.ceil((performance.now() - startMs) / 100) + 1;
  assert.ok(attempts >= 50 && attempts <= attemptsMax, `${attempts} attempts for 50 calls`);
});

Deno.test("Calls.send() repeats nothing for a caller that has gone, or without time", async () => {
  const lost = new Target("a", [{ kind: "lost" }]);
  const caller = { signal: AbortSignal.abort() };
  assert.deepEqual(await world(lost).send("get", { caller }), { kind: "aborted" });
  assert.equal(lost.received.length, 1);
  assert.deepEqual(await world(lost).send("get", { remainingMs: 0 }), { kind: "timeout" });
});

Deno.test("Calls.send() opens the circuit of a target that keeps failing", async () => {
  const bad = new Target("a", [{ kind: "timeout" }]);
  const { send } = world(bad);
  for (let index = 0; index < 5; index++) await send("get");
  assert.equal(bad.circuit.stateAt(performance.now()), "open");
  const hurried = new Target("a", [{ kind: "timeout" }]);
  for (let index = 0; index < 9; index++) await world(hurried).send("get", { remainingMs: 5 });
  assert.ok(hurried.circuit.isPristine, "its callers gave it no time");
});

Deno.test("Calls.send() says when nothing serves a method", async () => {
  const { send, ended } = world();
  assert.deepEqual(await send("get"), { kind: "notHosted" });
  assert.deepEqual(ended, ["org.example:one:1.0.0 get notHosted"]);
});
