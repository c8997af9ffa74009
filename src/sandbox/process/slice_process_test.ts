import assert from "node:assert/strict";
import type { Permissions } from "../../protocol/slice/manifest.ts";
import { attemptAll, dangers, intrusions, moduleOf, sliceOf } from "../module_fixture_test.ts";
import { Running } from "../running_fixture_test.ts";
import { findWrappers, launchOf } from "./launch.ts";
import { SliceProcess } from "./slice_process.ts";

const wrappers = await findWrappers();

interface Options {
  readonly permissions?: Permissions;
  readonly startTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
  readonly hungTimeoutMs?: number;
}

/** A real slice process with the node's ends of its ports. */
class RunningProcess extends Running<SliceProcess> {
  constructor(code: string, options: Options = {}) {
    const { permissions = {} } = options;
    const heapMb = 64;
    super(({ gateway, resources, ...events }) =>
      new SliceProcess({
        spec: {
          instance: "n1/org.example:one:1.0.0/1",
          artifact: "org.example:one:1.0.0",
          module: moduleOf(code),
          permissions,
          heapMb,
          startTimeoutMs: options.startTimeoutMs ?? 30_000,
          stopTimeoutMs: options.stopTimeoutMs ?? 30_000,
          hungTimeoutMs: options.hungTimeoutMs ?? 30_000,
          deniedHosts: [],
          auditMax: undefined,
        },
        launch: launchOf({
          granted: permissions,
          heapMb,
          deniedHosts: [],
          auditFile: undefined,
          wrappers,
          ownEnv: Deno.env.toObject(),
        }),
        gateway,
        resources,
        ...events,
      })
    );
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

Deno.test("SliceProcess runs a slice from its start to its stop", async () => {
  const create = `console.log("Made"); instance.onStop(() => console.warn("Stopped"));`;
  const running = new RunningProcess(sliceOf("(input) => ({ ...input, said: true })", create));
  await running.ready();
  assert.equal(await running.call({ a: 1 }), '200 {"a":1,"said":true}');
  const { pid } = running.instance;
  assert.equal(isAlive(pid), true);
  assert.deepEqual(await running.stop(), { reason: "stopped", problem: undefined });
  assert.deepEqual(running.logs, ["info Made", "warn Stopped"]);
  assert.equal(isAlive(pid), false);
});

Deno.test("SliceProcess carries large bodies and many calls at once", async () => {
  const running = new RunningProcess(sliceOf("(input) => input"));
  await running.ready();
  const text = "x".repeat(3_000_000);
  assert.equal(await running.call(text), `200 ${JSON.stringify(text)}`);
  const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => running.call(n)));
  assert.deepEqual(answers, Array.from({ length: 500 }, (_, n) => `200 ${n}`));
  await running.stop();
});

Deno.test("SliceProcess serves a new gateway after a restart", async () => {
  const running = new RunningProcess(sliceOf("(input) => input"));
  await running.ready();
  assert.equal(await running.call(1), "200 1");
  running.reconnect();
  assert.equal(await running.call(2), "200 2");
  await running.stop();
});

/** What a slice does, the reason of its end, and the words that its problem must have. */
const ends: readonly (readonly [name: string, handler: string, reason: string, words: RegExp])[] = [
  ["endless loop", "() => { for (;;); }", "hung", /has not answered for \d+ ms/],
  ["regular expression", '() => /^(a+)+$/.test("a".repeat(40) + "!")', "hung", /not answered/],
  ["microtasks", "() => { const f = () => queueMicrotask(f); f(); }", "hung", /not answered/],
  [
    "error outside a call",
    '() => { setTimeout(() => { throw new Error("Aside") }) }',
    "error",
    /Aside/,
  ],
  ["rejection", '() => { Promise.reject(new Error("Lost")); }', "rejection", /Lost/],
  [
    "heap",
    "() => { const a = []; for (;;) a.push(new Array(1000).fill({ a })); }",
    "heap",
    /64 MiB/,
  ],
];

for (const [name, handler, reason, words] of ends) {
  Deno.test(`SliceProcess ends a slice and says why: ${name}`, async () => {
    // Filling a heap also keeps a slice from answering, for as long as the machine is busy.
    const hungTimeoutMs = reason === "hung" ? 1_500 : 60_000;
    const running = new RunningProcess(sliceOf(handler), { hungTimeoutMs });
    await running.ready();
    void running.call(1);
    const end = await running.ended();
    assert.equal(end.reason, reason, end.problem?.detail);
    assert.match(end.problem?.detail ?? "", words);
    assert.equal(isAlive(running.instance.pid), false);
  });
}

Deno.test("SliceProcess bounds array buffers", async () => {
  const handler = `() => {
    const all = [];
    try {
      for (;;) { const some = new Uint8Array(16 << 20); some.fill(1); all.push(some); }
    } catch (error) { return error.message + " after " + all.length * 16 + " MiB"; }
  }`;
  const running = new RunningProcess(sliceOf(handler));
  await running.ready();
  // What is refused first is chance: a buffer, which the slice survives, or V8's own heap.
  const outcome = await Promise.race([running.call(1), running.ended()]);
  if (typeof outcome !== "string") {
    return assert.equal(outcome.reason, "memory", outcome.problem?.detail);
  }
  assert.match(outcome, /Array buffer allocation failed after \d{2,3} MiB/);
  await running.stop();
});

Deno.test("SliceProcess says when the process was killed from outside", async () => {
  const running = new RunningProcess(sliceOf("() => 1"));
  await running.ready();
  Deno.kill(running.instance.pid, "SIGKILL");
  const { reason, problem } = await running.ended();
  assert.equal(reason, "killed");
  assert.match(problem?.detail ?? "", /ended by SIGKILL/);
});

Deno.test("SliceProcess ends a slice that does not start or stop in time", async () => {
  const never = "await new Promise(() => {})";
  const slow = new RunningProcess(sliceOf("() => 1", never), { startTimeoutMs: 300 });
  assert.equal((await slow.ended()).reason, "start-timeout");
  const stays = sliceOf("() => 1", "instance.onStop(() => { for (;;); })");
  const running = new RunningProcess(stays, { stopTimeoutMs: 300 });
  await running.ready();
  assert.equal((await running.stop()).reason, "stop-timeout");
  assert.equal(isAlive(running.instance.pid), false);
});

Deno.test("SliceProcess lets a slice end nothing and reach nothing", async () => {
  const running = new RunningProcess(sliceOf(attemptAll({ ...dangers, ...intrusions })));
  await running.ready();
  const answer = await running.call(1);
  const outcomes = JSON.parse(answer.slice(4)) as Record<string, string>;
  for (const name of Object.keys(dangers)) {
    assert.match(outcomes[name] ?? "", /NotCapable: .* is not available in a slice$/, name);
  }
  for (const name of Object.keys(intrusions)) {
    assert.match(outcomes[name] ?? "", /NotCapable|TypeError: Requires|EPERM|EACCES/, name);
  }
  await running.stop();
});

Deno.test("SliceProcess grants what the manifest says, and no more", async () => {
  const file = await Deno.makeTempFile();
  const attempts = {
    granted: 'const text = Deno.env.get("PATH"); if (!text) throw new Error("none")',
    own: 'Deno.env.get("HOME")',
    file: `Deno.readTextFileSync("${file}")`,
    other: 'Deno.readTextFileSync("/etc/passwd")',
  };
  const permissions = { env: ["PATH"], read: [file] };
  const running = new RunningProcess(sliceOf(attemptAll(attempts)), { permissions });
  await running.ready();
  const outcomes = JSON.parse((await running.call(1)).slice(4)) as Record<string, string>;
  assert.equal(outcomes["granted"], "done");
  assert.equal(outcomes["file"], "done");
  assert.match(outcomes["own"] ?? "", /^NotCapable/);
  assert.match(outcomes["other"] ?? "", /^NotCapable/);
  await running.stop();
  await Deno.remove(file);
});

Deno.test("SliceProcess reaches no loopback service by a name that resolves to it", async () => {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("inside"),
  );
  const { port } = server.addr;
  const handler = `async () => await (await fetch("http://localhost:${port}/")).text()`;
  const permissions = { net: [`localhost:${port}`] };
  const running = new RunningProcess(sliceOf(handler), { permissions });
  await running.ready();
  const answer = await running.call(1);
  assert.match(answer, /^500 /);
  assert.doesNotMatch(answer, /inside/);
  await running.stop();
  await server.shutdown();
});

// Loopback is refused as it is, so the host that redirects needs another address.
const ownAddress = Deno.networkInterfaces().find(({ address, family }) =>
  family === "IPv4" && !address.startsWith("127.")
)?.address;

Deno.test({
  name: "SliceProcess checks every host of a redirect",
  ignore: ownAddress === undefined,
  async fn() {
    const hostname = ownAddress ?? assert.fail();
    const options = { hostname, port: 0, onListen() {} };
    const forbidden = Deno.serve(options, () => new Response("inside"));
    let target = "";
    const allowed = Deno.serve(
      options,
      () => target === "" ? new Response("came") : Response.redirect(target),
    );
    const { port } = forbidden.addr;
    const host = `${hostname}:${allowed.addr.port}`;
    const handler = `async () =>
      await fetch("http://${host}/").then((each) => each.text(), (error) => error.message)`;
    const running = new RunningProcess(sliceOf(handler), { permissions: { net: [host] } });
    await running.ready();
    assert.equal(await running.call(1), '200 "came"');
    for (const name of [hostname, "127.0.0.1", "localhost"]) {
      target = `http://${name}:${port}/`;
      assert.match(await running.call(1), /Requires net access/, name);
    }
    await running.stop();
    await Promise.all([forbidden.shutdown(), allowed.shutdown()]);
  },
});

Deno.test("SliceProcess ends although a program that the slice started has its pipes", async () => {
  const handler = '() => new Deno.Command("sleep", { args: ["20"] }).spawn().pid';
  const running = new RunningProcess(sliceOf(handler), { permissions: { run: ["sleep"] } });
  await running.ready();
  const pid = Number((await running.call(1)).slice("200 ".length));
  assert.equal((await running.stop()).reason, "stopped");
  // The runtime ends a program with its process, or comes too late to do so.
  if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
});

Deno.test("SliceProcess reports what it uses", async () => {
  const running = new RunningProcess(sliceOf("() => 1"));
  await running.ready();
  while (running.usages.length === 0) await running.call(1);
  const [usage] = running.usages;
  assert.equal(usage?.tier, "process");
  assert.ok((usage?.heapBytes ?? 0) > 1_000_000);
  assert.ok((usage?.cpuMs ?? -1) >= 0);
  await running.stop();
});
