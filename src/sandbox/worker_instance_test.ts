import assert from "node:assert/strict";
import type { Permissions } from "../protocol/slice/manifest.ts";
import { attemptAll, dangers, intrusions, moduleOf, sliceOf } from "./module_fixture_test.ts";
import { Running } from "./running_fixture_test.ts";
import { WorkerInstance } from "./worker_instance.ts";

interface Options {
  readonly permissions?: Permissions;
  readonly startTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
}

/** A real worker instance with the node's ends of its ports. */
class RunningWorker extends Running<WorkerInstance> {
  constructor(code: string, options: Options = {}) {
    super((ends) =>
      new WorkerInstance({
        instance: "n1/org.example:one:1.0.0/1",
        artifact: "org.example:one:1.0.0",
        module: moduleOf(code),
        permissions: options.permissions ?? {},
        startTimeoutMs: options.startTimeoutMs ?? 20_000,
        stopTimeoutMs: options.stopTimeoutMs ?? 20_000,
        ...ends,
      })
    );
  }
}

Deno.test("WorkerInstance runs a slice from its start to its stop", async () => {
  const create = `
    console.log("Made", { of: instance.artifact });
    instance.onStop(() => console.warn("Stopped"));
  `;
  const running = new RunningWorker(sliceOf("(input) => ({ ...input, said: true })", create));
  await running.ready();
  assert.equal(await running.call({ a: 1 }), '200 {"a":1,"said":true}');
  assert.deepEqual(await running.stop(), { reason: "stopped", problem: undefined });
  assert.deepEqual(running.logs, [
    'info Made { of: "org.example:one:1.0.0" }',
    "warn Stopped",
  ]);
  assert.equal(running.readyCount, 1);
});

Deno.test("WorkerInstance stops once, however often it is told to", async () => {
  const create = `
    instance.onStop(() => console.log("first"));
    instance.onStop(async () => { await 0; console.log("second"); });
  `;
  const running = new RunningWorker(sliceOf("() => 1", create));
  await running.ready();
  for (let i = 0; i < 3; i++) running.instance.stop();
  await running.stop();
  running.instance.stop();
  assert.deepEqual(running.logs, ["info second", "info first"]);
});

Deno.test("WorkerInstance fails with the reason why a module does not start", async () => {
  const cases: [string, string, RegExp][] = [
    ['throw new Error("No luck")', "SLICE_INVALID", /failed to load: Error: No luck/],
    ["export const one = 1", "SLICE_INVALID", /no slice as its default export/],
    [sliceOf("5"), "SLICE_FAILED", /returned no function "run"/],
    [sliceOf("() => 1", 'throw new RangeError("Boom")'), "SLICE_FAILED", /: RangeError: Boom$/],
    [sliceOf("() => 1", "await Promise.reject(7)"), "SLICE_FAILED", /did not start: 7$/],
    [
      sliceOf("() => 1").replace("create:", 'needs: { q: { ...kv(), type: "queue" } }, create:'),
      "SLICE_INVALID",
      /resource type "queue", which this node does not offer/,
    ],
  ];
  for (const [code, name, detail] of cases) {
    const running = new RunningWorker(code);
    const { reason, problem } = await running.ended();
    assert.equal(reason, "error");
    assert.equal(problem?.name, name, problem?.detail);
    assert.match(problem?.detail ?? "", detail);
    assert.equal(running.readyCount, 0);
  }
});

Deno.test("WorkerInstance gives up on a slice that does not finish starting", async () => {
  const modules = [
    "await new Promise(() => {})",
    sliceOf("() => 1", "await new Promise(() => {})"),
    // It ends, because nothing can stop a thread that computes.
    "for (const end = Date.now() + 1500; Date.now() < end;);",
  ];
  for (const code of modules) {
    const { reason, problem } = await new RunningWorker(code, { startTimeoutMs: 300 }).ended();
    assert.equal(reason, "start-timeout");
    assert.match(problem?.detail ?? "", /did not start within 300 ms/);
  }
});

Deno.test("WorkerInstance gives up on a slice that does not finish stopping", async () => {
  const stuck = sliceOf("() => 1", "instance.onStop(() => new Promise(() => {}))");
  const running = new RunningWorker(stuck, { stopTimeoutMs: 100 });
  await running.ready();
  const { reason, problem } = await running.stop();
  assert.equal(reason, "stop-timeout");
  assert.match(problem?.detail ?? "", /did not stop within 100 ms/);
});

Deno.test("WorkerInstance stops before it has started, whatever the slice says meanwhile", async () => {
  const create = 'postMessage({ type: "ready" }); await new Promise(() => {})';
  const code = `${
    sliceOf("() => 1", create)
  }; setInterval(() => postMessage({ type: "ready" }), 5)`;
  const running = new RunningWorker(code);
  assert.equal((await running.stop()).reason, "stopped");
  assert.equal(running.readyCount, 0);
});

Deno.test("WorkerInstance does not let a slice prolong its stop", async () => {
  const create = `
    setInterval(() => postMessage({ type: "ready" }), 5);
    instance.onStop(() => new Promise(() => {}));
  `;
  const running = new RunningWorker(sliceOf("() => 1", create), { stopTimeoutMs: 300 });
  await running.ready();
  assert.equal((await running.stop()).reason, "stop-timeout");
});

Deno.test("WorkerInstance ends with what a slice throws outside a call", async () => {
  const handler = '() => { queueMicrotask(() => { throw new Error("Aside") }); return 1; }';
  const running = new RunningWorker(sliceOf(handler));
  await running.ready();
  running.call(1);
  const { reason, problem } = await running.ended();
  assert.equal(reason, "error");
  assert.equal(problem?.name, "SLICE_FAILED");
  assert.match(problem?.detail ?? "", /failed outside a call: .*Aside/);
});

Deno.test("WorkerInstance survives whatever a slice posts, and its own onmessage", async () => {
  const posts = ["undefined", "null", "5", '"ready"', "[]", "{}", '{ type: "failed" }'];
  const create = `
    globalThis.onmessage = () => {};
    ${posts.map((post) => `postMessage(${post});`).join("\n")}
    instance.onStop(() => console.log("Stopped"));
  `;
  const running = new RunningWorker(sliceOf("() => 1", create));
  await running.ready();
  assert.equal(await running.call(1), "200 1");
  assert.equal((await running.stop()).reason, "stopped");
  assert.deepEqual(running.logs, ["info Stopped"]);
});

Deno.test("WorkerInstance ends an instance that is expelled, with the reason", async () => {
  const running = new RunningWorker(sliceOf("() => 1"));
  await running.ready();
  running.instance.expel("It floods its port");
  const { reason, problem } = await running.ended();
  assert.equal(reason, "protocol");
  assert.match(problem?.detail ?? "", /It floods its port/);
});

Deno.test("WorkerInstance lets a slice end nothing and reach nothing", async () => {
  const running = new RunningWorker(sliceOf(attemptAll({ ...dangers, ...intrusions })));
  await running.ready();
  const outcomes = JSON.parse((await running.call(null)).slice(4)) as Record<string, string>;
  for (const name of Object.keys(dangers)) {
    assert.match(
      outcomes[name] ?? "",
      /^(TypeError: )?NotCapable: .* is not available in a slice$/,
      name,
    );
  }
  for (const name of Object.keys(intrusions)) {
    const outcome = outcomes[name] ?? "";
    assert.match(outcome, /NotCapable|TypeError: Requires|EPERM|EACCES/, `${name}: ${outcome}`);
  }
  assert.equal((await running.stop()).reason, "stopped");
});

Deno.test("WorkerInstance grants what the manifest says, and no more", async () => {
  const dir = await Deno.makeTempDir({ prefix: "aether-test-" });
  Deno.env.set("AETHER_TEST_GIVEN", "given");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  try {
    await Deno.writeTextFile(`${dir}/a`, "a");
    const accepted = listener.accept();
    const file = JSON.stringify(`${dir}/a`);
    const running = new RunningWorker(
      sliceOf(attemptAll({
        env: 'if (Deno.env.get("AETHER_TEST_GIVEN") !== "given") throw new Error("Empty")',
        read: `Deno.readTextFileSync(${file})`,
        net: `(await Deno.connect({ hostname: "127.0.0.1", port: ${port} })).close()`,
        "other env": 'Deno.env.get("HOME")',
        "other file": `Deno.readTextFileSync(${file} + "/../b")`,
        write: `Deno.writeTextFileSync(${file}, "")`,
        "other port": `await Deno.connect({ hostname: "127.0.0.1", port: ${port - 1} })`,
      })),
      {
        permissions: { env: ["AETHER_TEST_GIVEN"], read: [`${dir}/a`], net: [`127.0.0.1:${port}`] },
      },
    );
    await running.ready();
    const outcomes = JSON.parse((await running.call(null)).slice(4)) as Record<string, string>;
    (await accepted).close();
    const { env, read, net, ...refused } = outcomes;
    assert.deepEqual([env, read, net], ["done", "done", "done"]);
    for (const [name, outcome] of Object.entries(refused)) {
      assert.match(outcome, /NotCapable/, name);
    }
    await running.stop();
  } finally {
    listener.close();
    Deno.env.delete("AETHER_TEST_GIVEN");
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("WorkerInstance serves a new gateway after a restart", async () => {
  const running = new RunningWorker(sliceOf("(input) => input"));
  await running.ready();
  assert.equal(await running.call("before"), '200 "before"');
  running.reconnect();
  assert.equal(await running.call("after"), '200 "after"');
  await running.stop();
});

Deno.test("WorkerInstance() refuses permissions that Deno cannot parse", () => {
  const { port1, port2 } = new MessageChannel();
  const create = () =>
    new WorkerInstance({
      instance: "n1/org.example:one:1.0.0/1",
      artifact: "org.example:one:1.0.0",
      module: moduleOf(""),
      permissions: { net: ["a:b:c"] },
      gateway: port1,
      resources: port2,
      startTimeoutMs: 1,
      stopTimeoutMs: 1,
      onReady: () => {},
      onEnd: () => {},
    });
  assert.throws(create, /ipv6 addresses/);
  port1.close();
  port2.close();
});

Deno.test("WorkerInstance checks every host of a redirect", async () => {
  const forbidden = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("inside"),
  );
  const target = `http://127.0.0.1:${forbidden.addr.port}/`;
  const allowed = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.redirect(target),
  );
  const host = `127.0.0.1:${allowed.addr.port}`;
  const handler = `async () => {
    const got = await fetch("http://${host}/").then((each) => each.text(), (error) => error.message);
    return got;
  }`;
  const running = new RunningWorker(sliceOf(handler), { permissions: { net: [host] } });
  await running.ready();
  const answer = await running.call(1);
  assert.match(answer, /Requires net access/);
  assert.doesNotMatch(answer, /inside/);
  await running.stop();
  await Promise.all([forbidden.shutdown(), allowed.shutdown()]);
});
