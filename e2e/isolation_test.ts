/**
 * What operators and developers see of isolation: tiers, limits, denials and the audit.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { blueprint, Node } from "./lib/node.ts";
import { writeSlice } from "./lib/slices.ts";
import { e2eTest } from "./lib/world.ts";

const methods = `
  get: method({
    input: z.object({}),
    output: z.object({ value: z.string() }),
    http: "GET /value",
  }),`;
const readsGreeting = 'get: () => ({ value: Deno.env.get("GREETING") ?? "" }),';

e2eTest("a slice gets a process of its own when its slice.toml asks for it", async (world) => {
  const node = await Node.start(world);
  const toml = '[sandbox]\ntier = "process"\n';
  const handlers = 'get: () => ({ value: "here" }),';
  await node.publish(await writeSlice(world, { name: "alone", toml, methods, handlers }), "echo");
  await node.apply("org.example:alone:1.0.0", "org.example:echo:1.0.0");
  assert.equal(await node.served("/value"), '{"value":"here"}');
  const usages = await until("both report what they use", async () => {
    const { instances } = await node.client.call("slicesStatus");
    const found = new Map(instances.map(({ artifact, usage }) => [artifact, usage]));
    return [...found.values()].every((usage) => usage !== undefined) ? found : undefined;
  });
  assert.equal(usages.get("org.example:alone:1.0.0")?.tier, "process");
  assert.equal(usages.get("org.example:echo:1.0.0")?.tier, "worker");
});

e2eTest("a denial names the slice, the place and the line of slice.toml", async (world) => {
  const node = await Node.start(world);
  const handlers = readsGreeting;
  await node.publish(await writeSlice(world, { name: "denied", methods, handlers }));
  await node.apply("org.example:denied:1.0.0");
  await node.served("/value", 500);
  const line = await node.process.line(
    "stderr",
    (each) => each.includes("was denied") ? each.replaceAll('\\"', '"') : undefined,
  );
  assert.match(line, /org\.example:denied:1\.0\.0 was denied env "GREETING" at slice\.js:\d+:\d+/);
  assert.match(line, /write \[permissions\] env = \["GREETING"\] in slice\.toml/);
});

e2eTest("the audit grants what the operator allows and logs what is missing", async (world) => {
  const text = '[sandbox]\ntier = "process"\naudit = true\n[sandbox.max]\nenv = ["GREETING"]\n';
  const file = await world.write("aether.toml", text);
  const env = { GREETING: "good morning" };
  const node = await Node.start(world, ["--config", file], { env });
  const handlers = readsGreeting;
  await node.publish(await writeSlice(world, { name: "audited", methods, handlers }));
  await node.apply("org.example:audited:1.0.0");
  assert.equal(await node.served("/value"), '{"value":"good morning"}');
  const line = await node.process.line(
    "stderr",
    (each) => each.includes("Audit: ") ? each.replaceAll('\\"', '"') : undefined,
  );
  assert.match(line, /env "GREETING" would be denied/);
  assert.match(line, /\[permissions\] env = \["GREETING"\]/);
});

e2eTest("a slice that asks for more heap than allowed is refused", async (world) => {
  const file = await world.write("aether.toml", "[sandbox]\nheapMb = 64\n");
  const node = await Node.start(world, ["--config", file]);
  const handlers = 'get: () => ({ value: "" }),';
  await node.publish(await writeSlice(world, { name: "greedy", methods, handlers }));
  const stdin = blueprint("org.example:greedy:1.0.0");
  const { code, stderr } = await node.run(["blueprint", "apply", "-"], { stdin });
  assert.equal(code, 4, stderr);
  assert.match(stderr, /heapMb = 128, but the operator allows 64: lower heapMb under \[limits\]/);
});

e2eTest("slice permissions diff says what an upgrade may do more", async (world) => {
  const handlers = 'get: () => ({ value: "" }),';
  const text = { name: "grown", methods, handlers };
  const old = await writeSlice(world, text);
  const toml = '[permissions]\nnet = ["api.example.com:443"]\n';
  const grown = await writeSlice(world, { ...text, version: "1.1.0", toml });
  for (const folder of [old, grown]) {
    await world.must(["slice", "build", folder, "--skip-check", "--out", world.dir]);
  }
  const files = ["1.0.0", "1.1.0"].map((version) => world.path(`grown-${version}.slice`));
  const more = await world.run(["slice", "permissions", "diff", ...files, "-o", "json"]);
  assert.equal(more.code, 1);
  assert.deepEqual(JSON.parse(more.stdout), {
    widens: true,
    changes: [{ what: "net", before: "", after: "api.example.com:443", widens: true }],
  });
  const less = await world.run(["slice", "permissions", "diff", ...files.toReversed()]);
  assert.equal(less.code, 0, less.stderr);
  const shown = await world.must(["slice", "permissions", "show", files[1] ?? ""]);
  assert.match(shown, /api\.example\.com:443/);
});
