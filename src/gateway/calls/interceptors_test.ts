import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import {
  type InterceptorsInput,
  methodInterceptorsSchema,
} from "../../protocol/slice/interceptors.ts";
import type { RoutedService } from "../../protocol/thread/threads.ts";
import { createLogger, type LogFields } from "../../sdk/logger.ts";
import type { Answer, Call } from "../call.ts";
import { serviceOf } from "../instance_fixture_test.ts";
import { Interceptors } from "./interceptors.ts";
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
const output: Answer = { kind: "output", status: 200, body: "1" };
const broken: Answer = { kind: "problem", status: 500, body: "{}" };

/** A service whose calls are answered by the test. */
function world(get: InterceptorsInput, changes: Partial<RoutedService> = {}) {
  const interceptors = [methodInterceptorsSchema.parse({ get })];
  const service = new Service("org.example:one", 0);
  const route = (more: Partial<RoutedService> = {}) =>
    service.update([new Version("n1", serviceOf({ interceptors, ...changes, ...more }))]);
  route();
  const sent: Call[] = [];
  const counted: string[] = [];
  const lines: LogFields[] = [];
  const given: { answer(): Answer | Promise<Answer> } = { answer: () => output };
  const it = {
    given,
    sent,
    counted,
    lines,
    route,
    service,
    interceptors: new Interceptors({
      log: createLogger((_level, _message, fields) => lines.push(fields)),
      send: (_service, _manifest, call) => {
        sent.push(call);
        return Promise.resolve(given.answer());
      },
      count: (artifact, method, outcome) => counted.push(`${artifact} ${method} ${outcome}`),
    }),
    send: (method: "get" | "make" = "get", changes: Partial<Call> = {}) => {
      const manifest = service.method(method) ?? assert.fail();
      return it.interceptors.send(service, manifest, { ...call, method, ...changes });
    },
    /** Name of the error that a call is refused with. */
    refused: async () => {
      try {
        await it.send();
      } catch (error) {
        assert.ok(error instanceof AetherError, String(error));
        return error.name;
      }
      return assert.fail("It was sent");
    },
  };
  return it;
}

Deno.test("Interceptors without settings only pass calls on", async () => {
  const it = world({});
  assert.deepEqual(await it.send("make"), output);
  assert.equal(it.sent.length, 1);
});

Deno.test("Interceptors retry what failed, when the method is idempotent", async () => {
  const it = world({ retry: { maxAttempts: 3, delayMs: 1, maxDelayMs: 1 } });
  it.given.answer = () => it.sent.length < 3 ? broken : output;
  assert.deepEqual(await it.send(), output);
  assert.equal(it.sent.length, 3);
  assert.ok((it.sent[2]?.remainingMs ?? 0) < 5_000, "the deadline stays the same");
  it.sent.length = 0;
  it.given.answer = () => broken;
  assert.deepEqual(await it.send(), broken);
  assert.equal(it.sent.length, 3);
  it.sent.length = 0;
  assert.deepEqual(await it.send("make"), broken);
  assert.equal(it.sent.length, 1);
  it.sent.length = 0;
  it.given.answer = () => ({ kind: "problem", status: 404, body: "{}" });
  await it.send();
  assert.equal(it.sent.length, 1, "what a client did wrong is not tried again");
});

Deno.test("Interceptors open a circuit after failures in a row", async () => {
  const it = world({ circuitBreaker: { failures: 2, resetMs: 60_000 } });
  it.given.answer = () => broken;
  for (let times = 0; times < 2; times++) assert.deepEqual(await it.send(), broken);
  assert.equal(await it.refused(), "CIRCUIT_OPEN");
  assert.equal(it.sent.length, 2);
  it.interceptors.refresh(new Set([it.service]));
  assert.equal(await it.refused(), "CIRCUIT_OPEN", "a change of the routes does not close it");
  it.interceptors.switchOff(["org.example:one/get/circuitBreaker"]);
  assert.deepEqual(await it.send(), broken);
});

Deno.test("Interceptors limit the rate and say when the next call may come", async () => {
  const it = world({ rateLimit: { maxRequests: 2, windowMs: 3_600_000 } });
  await it.send();
  await it.send();
  assert.equal(await it.refused(), "RATE_LIMITED");
  it.interceptors.switchOff(["*/*/rateLimit"]);
  await it.send();
  it.interceptors.switchOff([]);
  assert.equal(await it.refused(), "RATE_LIMITED", "it has not forgotten");
});

Deno.test("Interceptors limit the calls under way, and let some wait", async () => {
  const it = world({ bulkhead: { maxConcurrent: 1, maxQueued: 1 } });
  const held = Promise.withResolvers<Answer>();
  it.given.answer = () => held.promise;
  const under = [it.send(), it.send()];
  assert.equal(await it.refused(), "OVERLOADED");
  assert.equal(it.sent.length, 1);
  held.resolve(output);
  assert.deepEqual(await Promise.all(under), [output, output]);
});

Deno.test("Interceptors give an attempt less time", async () => {
  const it = world({ timeout: { afterMs: 50 } });
  await it.send();
  await it.send("get", { remainingMs: 20 });
  assert.deepEqual(it.sent.map(({ remainingMs }) => remainingMs), [50, 20]);
});

Deno.test("Interceptors log and count calls by how they ended", async () => {
  const it = world({ logging: {}, metrics: {} });
  await it.send();
  it.given.answer = () => ({ kind: "problem", status: 404, body: '{"code":"LINK_NOT_FOUND"}' });
  await it.send();
  it.given.answer = () => ({ kind: "lost" });
  await it.send();
  const outcomes = ["200", "404 LINK_NOT_FOUND", "lost"];
  assert.deepEqual(it.counted, outcomes.map((each) => `org.example:one:1.0.0 get ${each}`));
  assert.deepEqual(it.lines.map(({ outcome }) => outcome), outcomes);
  assert.equal(it.lines[0]?.["requestId"], "r1");
});

Deno.test("Interceptors follow what is switched on at run time, for a method or for all", async () => {
  const it = world({});
  const refresh = (aspects: RoutedService["aspects"]) => {
    it.route(aspects === undefined ? {} : { aspects });
    it.interceptors.refresh(new Set([it.service]));
  };
  refresh({ "*": "LOG_AND_METRICS" });
  await it.send();
  await it.send("make");
  assert.deepEqual([it.counted.length, it.lines.length], [2, 2]);
  refresh({ get: "METRICS" });
  await it.send();
  await it.send("make");
  assert.deepEqual([it.counted.length, it.lines.length], [3, 2]);
  refresh(undefined);
  await it.send();
  assert.equal(it.counted.length, 3);
});
