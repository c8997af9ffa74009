/**
 * `aether dev`: one line for programs, changes without a dropped request, nothing left behind.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { Load } from "./lib/load.ts";
import { isolatedNetwork } from "./lib/network.ts";
import type { Running } from "./lib/program.ts";
import { e2eTest, type World } from "./lib/world.ts";

interface Ready {
  readonly ready: true;
  readonly nodes: readonly { id: string; management: string; app: string }[];
  readonly slices: readonly string[];
  readonly try: readonly string[];
}

const devWords = ["dev", "-o", "json", "--port-base", "0"];

/** Starts `aether dev` with a folder for temporary files of its own, and waits for its line. */
async function startDev(world: World, words: readonly string[] = []): Promise<[Running, Ready]> {
  await Deno.mkdir(world.path("tmp"), { recursive: true });
  const running = world.start([...devWords, ...words], { env: { TMPDIR: world.path("tmp") } });
  return [running, await running.line("stdout", (line) => JSON.parse(line) as Ready)];
}

e2eTest("aether dev -o json prints one line, and its lines to try work", async (world) => {
  const [running, ready] = await startDev(world);
  assert.equal(ready.ready, true);
  const [node] = ready.nodes;
  assert.match(node?.app ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(node?.management ?? "", /^http:\/\/127\.0\.0\.1:\d+$/);
  const bases = ready.slices.map((slice) => slice.split(":").slice(0, 2).join(":")).toSorted();
  assert.deepEqual(bases, [
    "org.example:analytics",
    "org.example:echo",
    "org.example:url-shortener",
  ]);
  assert.ok(ready.try.length > 0);
  for (const line of ready.try) {
    const { code, stdout, stderr } = await world.runProgram(["sh", "-c", line]);
    assert.equal(code, 0, stderr);
    const { type } = JSON.parse(stdout) as { type?: string };
    assert.equal(type, undefined, `${line}: ${stdout}`);
  }
  running.kill("SIGINT");
  const { code, stdout, stderr } = await running.ended;
  assert.equal(code, 0, stderr);
  assert.equal(stdout.split("\n").length, 2, "There is more than one line");
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  e2eTest(`aether dev leaves no process and no file behind after ${signal}`, async (world) => {
    const [running] = await startDev(world);
    assert.ok((await world.living()).length >= 2, "There is no node of its own");
    running.kill(signal);
    const { code, stderr } = await running.ended;
    assert.equal(code, 0, stderr);
    assert.deepEqual(await world.living(), []);
    assert.deepEqual([...Deno.readDirSync(world.path("tmp"))], []);
  });
}

e2eTest("aether dev that is killed takes its node along", async (world) => {
  const [running] = await startDev(world);
  running.kill("SIGKILL");
  await until(
    "no process is left",
    async () => (await world.living()).length === 0 ? true : undefined,
  );
  assert.deepEqual([...Deno.readDirSync(world.path("tmp"))], []);
});

e2eTest("aether dev says what ended when its node is killed", async (world) => {
  const [running] = await startDev(world);
  const [node] = (await world.living()).filter((pid) => pid !== running.pid);
  assert.ok(node);
  Deno.kill(node, "SIGKILL");
  const { code, stderr } = await running.ended;
  assert.equal(code, 1);
  const problem = JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as Record<string, string>;
  assert.equal(problem.code, "E5019");
  assert.match(problem.detail ?? "", /Node dev-\d ended by SIGKILL/);
});

e2eTest("aether dev refuses a taken port with exit code 5 and names it", async (world) => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const { code, stderr } = await world.run(["dev", "-o", "json", "--port-base", String(port)]);
  assert.equal(code, 5, stderr);
  assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port} is taken`));
});

const url = "/hello/Ada";

e2eTest(
  "aether dev deploys a change without a dropped request, and keeps what works",
  async (world) => {
    await world.must(["slice", "new", "hello"]);
    const module = world.path("hello/mod.ts");
    const source = await Deno.readTextFile(module);
    // Under load the log says each second what it left out, and would hide what dev says itself.
    const [running, ready] = await startDev(world, ["--log-level", "error", world.path("hello")]);
    const app = ready.nodes[0]?.app ?? "";
    await using load = new Load(4, () => new Request(app + url));
    const answers = (text: string) =>
      until(`${text} is answered`, () => load.seen.at(-1)?.text.includes(text) ? true : undefined);
    await answers("Hello, Ada");
    await Deno.writeTextFile(module, source.replace("Hello,", "Welcome,"));
    await answers("Welcome, Ada");
    // Broken code: the error names file and line, and the version before goes on.
    await Deno.writeTextFile(module, `${source}\nexport const broken = ;\n`);
    const line = source.split("\n").length + 1;
    await running.line("stderr", (each) => each.includes(`mod.ts:${line}`) || undefined);
    await load.more(50);
    await answers("Welcome, Ada");
    // Code that builds but does not start is taken back.
    await Deno.writeTextFile(
      module,
      source.replace("return {", 'if (instance) throw new Error("No tea left");\n    return {'),
    );
    await running.line("stderr", (each) => each.includes("did not deploy") || undefined, 150_000);
    await answers("Welcome, Ada");
    await Deno.writeTextFile(module, source.replace("Hello,", "Farewell,"));
    await answers("Farewell, Ada");
    await load.stop();
    assert.deepEqual(load.failed, []);
    running.kill("SIGINT");
    assert.equal((await running.ended).code, 0);
  },
);

e2eTest("aether dev waits for a correction when the first build fails", async (world) => {
  await world.must(["slice", "new", "hello"]);
  const module = world.path("hello/mod.ts");
  const source = await Deno.readTextFile(module);
  await Deno.writeTextFile(module, "export default ;\n");
  const words = [...devWords, world.path("hello")];
  const running = world.start(words);
  await running.line("stderr", (each) => each.includes("mod.ts:1") || undefined);
  await Deno.writeTextFile(module, source);
  const ready = await running.line("stdout", (line) => JSON.parse(line) as Ready);
  const response = await fetch((ready.nodes[0]?.app ?? "") + url);
  assert.equal(await response.text(), '{"greeting":"Hello, Ada"}');
});

e2eTest("aether dev keeps data in --data-dir", async (world) => {
  // The ports of a former life, which only an empty network is sure to have free.
  const under = await isolatedNetwork(world);
  const words = ["dev", "-o", "json", "--data-dir", world.path("data")];
  const start = async () => {
    const running = world.start(words, { under });
    await running.line("stdout", (line) => (JSON.parse(line) as Ready).ready);
    return running;
  };
  const first = await start();
  await world.must(["kv", "put", "kept", "1"], { under });
  first.kill("SIGINT");
  assert.equal((await first.ended).code, 0);
  await start();
  const value = await until("a majority is back", async () => {
    const { code, stdout, stderr } = await world.run(["kv", "get", "kept"], { under });
    if (code === 0) return stdout;
    assert.match(stderr, /E3006/);
    return undefined;
  });
  assert.equal(value, "1");
});
