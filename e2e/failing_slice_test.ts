/**
 * Slices that fail: they are started again with growing pauses, and everybody can see why.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { blueprint, Node } from "./lib/node.ts";
import { writeSlice } from "./lib/slices.ts";
import { e2eTest } from "./lib/world.ts";

const methods = `
  get: method({ input: z.object({}), output: z.object({ ok: z.boolean() }), http: "GET /fragile" }),
  crash: method({
    input: z.object({}),
    output: z.object({ ok: z.boolean() }),
    http: "GET /fragile/crash",
  }),`;
const handlers = `
  get: () => ({ ok: true }),
  async crash() {
    setTimeout(() => { throw new Error("The disk of the fridge is full"); }, 0);
    await new Promise(() => {});
    return { ok: true };
  },`;

e2eTest(
  "a slice that does not start is tried again with growing pauses, and shows why",
  async (world) => {
    const node = await Node.start(world);
    const text = { name: "fragile", methods, handlers };
    await node.publish(
      await writeSlice(world, { ...text, setup: 'throw new Error("No fridge is connected");' }),
      await writeSlice(world, { ...text, version: "1.0.1" }),
    );
    const apply = ["blueprint", "apply", "-", "--detach"];
    await node.must(apply, { stdin: blueprint("org.example:fragile:1.0.0") });
    const startsAtMs: number[] = [];
    await until("three starts", async () => {
      const { instances } = await node.client.call("slicesStatus");
      const attempt = instances[0]?.attempt ?? 0;
      if (attempt > startsAtMs.length) startsAtMs.push(performance.now());
      return startsAtMs.length === 3 ? true : undefined;
    });
    const [first = 0, second = 0, third = 0] = startsAtMs;
    assert.ok(second - first > 800, `${second - first} ms to the second start`);
    assert.ok(third - second > 1.5 * (second - first) - 300, `${third - second} ms to the third`);
    await until("it has failed again", async () => {
      const { instances: [instance] } = await node.client.call("slicesStatus");
      return instance?.state === "FAILED" ? true : undefined;
    });
    const reason = "Error: No fridge is connected";
    for (const words of [["slices"], ["slices", "--instances"]]) {
      const table = await node.must(words);
      assert.ok(table.includes(reason), table);
      assert.ok(table.includes("org.example:fragile:1.0.0"), table);
      assert.ok((await node.must([...words, "-o", "json"])).includes(reason));
    }
    await node.process.line(
      "stderr",
      (line) => line.includes("An instance failed") && line.includes(reason) || undefined,
    );
    const request = await fetch(`${node.app}/fragile`);
    assert.equal(request.status, 503, await request.text());
    // The way out is a version that works.
    await node.apply("org.example:fragile:1.0.1");
    assert.equal(await node.served("/fragile"), '{"ok":true}');
    const { slices } = await node.client.call("slices");
    assert.deepEqual(slices.map(({ artifact, status }) => [artifact, status]), [
      ["org.example:fragile:1.0.1", "DEPLOYED"],
    ]);
  },
);

e2eTest("an instance that crashes fails its calls at once and comes back", async (world) => {
  const node = await Node.start(world);
  await node.publish(await writeSlice(world, { name: "fragile", methods, handlers }), "echo");
  await node.apply("org.example:fragile:1.0.0", "org.example:echo:1.0.0");
  const response = await fetch(`${node.app}/fragile/crash`);
  const problem = await response.json();
  assert.equal(response.status, 503, JSON.stringify(problem));
  assert.equal(problem.name, "NO_INSTANCE");
  const reason = "The disk of the fridge is full";
  const failed = await until("the failure is reported", async () => {
    const { instances } = await node.client.call("slicesStatus");
    return instances.find(({ state }) => state === "FAILED");
  });
  assert.ok(failed.reason?.includes(reason), failed.reason);
  // Nobody else notices.
  assert.equal(await node.served("/echo/a"), '{"text":"a","version":"1"}');
  assert.equal(await node.served("/fragile"), '{"ok":true}');
  const { instances } = await node.client.call("slicesStatus");
  const fragile = instances.find(({ artifact }) => artifact.includes("fragile"));
  assert.deepEqual([fragile?.state, fragile?.attempt], ["ACTIVE", 2]);
  await node.process.line("stderr", (line) => line.includes(reason) || undefined);
});

e2eTest(
  "a slice whose output breaks its contract answers 500, and the log says how",
  async (world) => {
    const node = await Node.start(world);
    await node.publish(
      await writeSlice(world, {
        name: "liar",
        methods: `get: method({
        input: z.object({ id: z.coerce.number() }),
        output: z.object({ total: z.number() }),
        http: "GET /liar/:id",
      }),`,
        handlers: 'get: () => ({ total: "many" }) as never,',
      }),
    );
    await node.apply("org.example:liar:1.0.0");
    const response = await fetch(`${node.app}/liar/1`);
    const problem = await response.json();
    assert.equal(response.status, 500);
    assert.equal(problem.name, "OUTPUT_INVALID");
    await node.process.line(
      "stderr",
      (line) => line.includes("does not match the contract") && line.includes("total") || undefined,
    );
    const wrong = await fetch(`${node.app}/liar/x`);
    const { name, issues } = await wrong.json();
    assert.deepEqual([wrong.status, name, issues[0].path], [400, "INPUT_INVALID", "id"]);
  },
);
