import assert from "node:assert/strict";
import type { Problem } from "../../base/errors.ts";
import { slice, type SliceDefinition } from "../../sdk/slice.ts";
import { SliceError } from "../../sdk/slice_error.ts";
import { ResourcePort } from "./resource/port.ts";
import { SliceInstance } from "./instance.ts";
import { Gateway, one, other, type Reply, until, World } from "./instance_fixture_test.ts";

function problemOf(reply: Reply): Problem {
  assert.equal(reply.ok, false);
  return JSON.parse(reply.body);
}

Deno.test("SliceInstance answers HTTP calls with input from path, query and body", async () => {
  const world = await World.start(() => ({ get: (input) => input, make: (input) => input }));
  const { gateway } = world;
  assert.deepEqual(await gateway.call(1, "get", { path: "a%20b", query: "x=1" }), {
    ok: true,
    status: 200,
    body: '{"id":"a b","x":"1"}',
  });
  const text = '{"n":"ü"}';
  for (const [id, body] of [text, new TextEncoder().encode(text)].entries()) {
    const reply = await gateway.call(10 + id, "make", { body });
    assert.deepEqual(reply, { ok: true, status: 201, body: text });
  }
  await world.stop();
});

Deno.test("SliceInstance answers slices with their JSON input, and tells the caller's name", async () => {
  const world = await World.start(() => ({
    inner: ({ n }, call) => [n, call.caller, call.traceparent, call.requestId],
  }));
  const meta = JSON.stringify({ caller: "org.example:a", traceparent: "00-1" });
  const { body } = await world.gateway.call(1, "inner", { path: null, body: '{"n":1}', meta });
  assert.equal(body, '[1,"org.example:a","00-1","r1"]');
  const refused = problemOf(
    await world.gateway.call(2, "inner", { path: null, body: '{"n":"1"}' }),
  );
  assert.deepEqual([refused.name, refused.status], ["INPUT_INVALID", 400]);
  const missing = problemOf(await world.gateway.call(3, "none", { path: null, body: "1" }));
  assert.equal(missing.name, "CALL_REFUSED");
  await world.stop();
});

Deno.test("SliceInstance answers what cannot be read or written with a problem", async () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const world = await World.start(() => ({
    get: ({ id }) => id === "cycle" ? cyclic : id === "big" ? 1n : undefined,
    make: () => 1,
  }));
  const { gateway } = world;
  assert.equal(problemOf(await gateway.call(1, "make", { body: "{" })).name, "INPUT_INVALID");
  assert.equal(problemOf(await gateway.call(2, "get", { path: "%" })).name, "INPUT_INVALID");
  for (const [index, path] of ["cycle", "big"].entries()) {
    const reply = await gateway.call(3 + index, "get", { path });
    assert.equal(reply.status, 500);
    assert.equal(problemOf(reply).name, "OUTPUT_INVALID");
  }
  assert.equal((await gateway.call(5, "get", { path: "nothing" })).body, "null");
  await world.stop();
});

Deno.test("SliceInstance answers the errors of a slice with their status", async () => {
  const world = await World.start(() => ({
    get: ({ id }) => {
      if (id === "known") throw new SliceError("KNOWN", "It is known", { status: 409 });
      return Promise.reject(new Error("Secret"));
    },
  }));
  const known = await world.gateway.call(1, "get", { path: "known" });
  assert.equal(known.status, 409);
  assert.equal(problemOf(known).code, "KNOWN");
  const failed = problemOf(await world.gateway.call(2, "get", { path: "x" }));
  assert.deepEqual([failed.name, failed.detail.includes("Secret")], ["SLICE_FAILED", false]);
  await world.stop(1);
  assert.match(world.logs.join(), /error Handler failed .*"requestId":"r2".*Secret/);
});

Deno.test("SliceInstance answers calls in the order in which they finish", async () => {
  const gates = new Map<string, () => void>();
  const world = await World.start(() => ({
    get: ({ id }) => new Promise<void>((resolve) => gates.set(id, resolve)),
  }));
  const first = world.gateway.call(1, "get", { path: "a" });
  const second = world.gateway.call(2, "get", { path: "b" });
  await until(() => gates.size === 2);
  gates.get("b")?.();
  await second;
  gates.get("a")?.();
  await first;
  assert.deepEqual(world.gateway.replies, ["2 200 null", "1 200 null"]);
  await world.stop();
});

Deno.test("SliceInstance aborts a call whose caller has gone", async () => {
  const started = Promise.withResolvers<void>();
  const world = await World.start(() => ({
    get: (_input, { signal }) => {
      started.resolve();
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve("aborted")));
    },
  }));
  const reply = world.gateway.call(1, "get", { path: "a", remainingMs: 60_000 });
  await started.promise;
  world.gateway.abort(2);
  world.gateway.abort(1);
  assert.equal((await reply).body, '"aborted"');
  await world.stop();
});

Deno.test("SliceInstance calls other slices with the id and the time left of its own call", async () => {
  const world = await World.start(({ other }) => ({ get: ({ id }) => other?.ask({ id }) }));
  const { gateway } = world;
  gateway.onInvoke = ([, , , , input]) => ({ ok: true, body: `[${input}]` });
  const meta = JSON.stringify({ traceparent: "00-1", headers: { secret: "x" } });
  const reply = await gateway.call(7, "get", { path: "a", meta, remainingMs: 1_000 });
  assert.equal(reply.body, '[{"id":"a"}]');
  const [contractName, name, requestId, timeoutMs, input, sentMeta] = gateway.invokes[0] ?? [];
  assert.deepEqual([contractName, name, requestId], ["org.example:other", "ask", "r7"]);
  assert.ok((timeoutMs as number) > 0 && (timeoutMs as number) <= 1_000);
  assert.deepEqual([input, sentMeta], ['{"id":"a"}', '{"traceparent":"00-1"}']);
  await world.stop();
});

Deno.test("SliceInstance lets create() call other slices", async () => {
  const gateway = new Gateway();
  gateway.onInvoke = () => ({ ok: true, body: '"config"' });
  const { port1, port2 } = new MessageChannel();
  let got: unknown;
  const definition = slice(one, {
    needs: { other },
    create: async ({ other }) => {
      got = await other.ask(1);
      return { get: () => got, make: () => got, inner: () => got };
    },
  });
  const instance = await SliceInstance.start({
    artifact: "org.example:one:1.0.0",
    instance: "n1/org.example:one:1.0.0/1",
    definition: definition as unknown as SliceDefinition,
    gateway: gateway.far,
    resources: new ResourcePort(port2),
  });
  assert.equal(got, "config");
  assert.deepEqual(gateway.invokes[0]?.slice(2, 4), ["", 5_000]);
  await instance.stop();
  gateway.close();
  port1.close();
});

Deno.test("SliceInstance survives an answer of another slice that is no JSON", async () => {
  const caught: unknown[] = [];
  const world = await World.start(({ other }) => ({
    get: async ({ id }) => {
      try {
        return await other?.ask(id);
      } catch (error) {
        caught.push(error);
        return "caught";
      }
    },
  }));
  const { gateway } = world;
  const answers = [
    { ok: false, body: "no JSON" },
    { ok: false, body: "null" },
    { ok: false, body: '"text"' },
    { ok: true, body: "no JSON" },
  ];
  for (const [index, answer] of answers.entries()) {
    gateway.onInvoke = () => answer;
    assert.equal((await gateway.call(index, "get", { path: "a" })).body, '"caught"');
  }
  assert.equal(caught.length, answers.length);
  gateway.onInvoke = () => ({ ok: true, body: "1" });
  assert.equal((await gateway.call(9, "get", { path: "a" })).body, "1");
  await world.stop();
});

Deno.test("SliceInstance gives no answer of a former gateway's call to a new one", async () => {
  const gates: (() => void)[] = [];
  const aborted: string[] = [];
  const world = await World.start(() => ({
    get: ({ id }, { signal }) => {
      signal.addEventListener("abort", () => aborted.push(id));
      return new Promise((resolve) => gates.push(() => resolve(id)));
    },
  }));
  world.gateway.call(1, "get", { path: "old", remainingMs: 60_000 });
  await until(() => gates.length === 1);
  world.reconnect();
  assert.deepEqual(aborted, ["old"]);
  const reply = world.gateway.call(1, "get", { path: "new", remainingMs: 60_000 });
  await until(() => gates.length === 2);
  // The answer to the former call, were there one, would come first.
  gates[0]?.();
  gates[1]?.();
  assert.equal((await reply).body, '"new"');
  assert.deepEqual(world.gateway.replies, ['1 200 "new"']);
  await world.stop();
});

Deno.test("SliceInstance fails its own calls when the gateway restarts", async () => {
  const asked = Promise.withResolvers<void>();
  let failure: unknown;
  const failed = Promise.withResolvers<void>();
  const world = await World.start(({ other }) => ({
    get: () =>
      other?.ask(1).catch((error) => {
        failure = error;
        failed.resolve();
      }),
  }));
  world.gateway.onInvoke = () => {
    asked.resolve();
    return undefined;
  };
  world.gateway.call(1, "get", { path: "a" });
  await asked.promise;
  world.reconnect();
  await failed.promise;
  assert.match(String(failure), /NO_INSTANCE: The gateway restarted during the call/);
  await world.stop();
});

Deno.test("SliceInstance.stop() runs the callbacks, last first, whatever one of them does", async () => {
  const ran: string[] = [];
  const world = await World.start((_needs, instance) => {
    instance.onStop(() => void ran.push("first"));
    instance.onStop(() => Promise.reject(new Error("Boom")));
    instance.onStop(async () => {
      await Promise.resolve();
      ran.push("last");
    });
    return {};
  });
  await world.stop(1);
  assert.deepEqual(ran, ["last", "first"]);
  assert.match(world.logs.join(), /error An onStop callback failed: Boom/);
});

Deno.test("SliceInstance logs what can be logged of a line", async () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const world = await World.start((_needs, { log }) => {
    log.info("Plain", { n: 1 });
    log.warn("Cycle", cyclic);
    log.debug("Big", { text: "x".repeat(20_000) });
    log.error(5 as unknown as string);
    return {};
  });
  await world.stop(4);
  assert.deepEqual(world.logs, [
    'info Plain {"n":1}',
    'warn Cycle {"fields":"cannot be written as JSON"}',
    'debug Big {"fields":"too large"}',
    "error 5 {}",
  ]);
});

Deno.test("SliceInstance says that a message on its port is no batch, and goes on", async () => {
  const world = await World.start(() => ({ get: () => 1 }));
  world.gateway.post("text");
  world.gateway.post([1, 2]);
  assert.equal((await world.gateway.call(1, "get", { path: "a" })).body, "1");
  await world.stop(2);
  assert.match(world.logs.join(), /^error A message on the port is not a batch of frames/);
  assert.equal(world.logs.length, 2);
});
