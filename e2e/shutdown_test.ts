/**
 * SIGTERM: what is under way is answered, new connections are refused, the exit code is 0.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { Load } from "./lib/load.ts";
import { Node } from "./lib/node.ts";
import { writeSlice } from "./lib/slices.ts";
import { e2eTest, type World } from "./lib/world.ts";

const inFlight = 8;
const stopMaxMs = 10_000;

/** A slice whose requests wait, and that tells how many do. */
async function slowSlice(world: World): Promise<string> {
  return await writeSlice(world, {
    name: "slow",
    methods: `
      wait: method({
        input: z.object({ ms: z.coerce.number() }),
        output: z.object({ waited: z.boolean() }),
        http: "GET /wait/:ms",
      }),
      waiting: method({
        input: z.object({}),
        output: z.object({ count: z.int() }),
        http: "GET /waiting",
      }),`,
    setup: "let count = 0;",
    handlers: `
      async wait({ ms }) {
        count++;
        await new Promise((resolve) => setTimeout(resolve, ms));
        count--;
        return { waited: true };
      },
      waiting: () => ({ count }),`,
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  e2eTest(`${signal} lets requests under way end and refuses new connections`, async (world) => {
    const node = await Node.start(world, ["--data-dir", world.path("data")]);
    await node.publish(await slowSlice(world));
    await node.apply("org.example:slow:1.0.0");
    let answered = 0;
    const requests = Array.from({ length: inFlight }, async () => {
      const response = await fetch(`${node.app}/wait/2000`);
      const text = await response.text();
      answered++;
      return [response.status, text];
    });
    await until(`${inFlight} requests wait`, async () => {
      const { count } = JSON.parse(await node.served("/waiting")) as { count: number };
      return count === inFlight ? true : undefined;
    });
    const startMs = performance.now();
    node.process.kill(signal);
    const { hostname, port } = new URL(node.app);
    await until("new connections are refused", async () => {
      try {
        (await Deno.connect({ hostname, port: Number(port) })).close();
        return undefined;
      } catch (error) {
        assert.ok(error instanceof Deno.errors.ConnectionRefused, String(error));
        return true;
      }
    });
    assert.equal(answered, 0, "The requests had ended before new ones were refused");
    const { code } = await node.process.ended;
    const tookMs = performance.now() - startMs;
    const expected = [200, '{"waited":true}'];
    assert.deepEqual(await Promise.all(requests), Array.from({ length: inFlight }, () => expected));
    assert.equal(code, 0);
    assert.ok(tookMs < stopMaxMs, `It took ${tookMs} ms`);
  });
}

e2eTest("SIGTERM under the load of many clients breaks no answer", async (world) => {
  const clients = 16;
  const node = await Node.start(world);
  await node.publish("echo");
  await node.apply("org.example:echo:1.0.0");
  const load = new Load(clients, (client) => new Request(`${node.app}/echo/${client}`));
  await load.more(500);
  assert.deepEqual(load.failed, []);
  const startMs = performance.now();
  node.process.kill("SIGTERM");
  const { code, stderr } = await node.process.ended;
  assert.ok(performance.now() - startMs < stopMaxMs);
  await load.stop();
  assert.equal(code, 0, stderr);
  // Only connections may fail, never a request that got an answer.
  const wrong = load.seen.filter(({ status }) => status !== 200 && status !== 0);
  assert.deepEqual(wrong, []);
});

e2eTest("SIGTERM ends requests that do not end by themselves, within 10 s", async (world) => {
  const node = await Node.start(world);
  await node.publish(await slowSlice(world));
  await node.apply("org.example:slow:1.0.0");
  const request = fetch(`${node.app}/wait/25000`).then(
    async (response) => {
      await response.body?.cancel();
      return response.status;
    },
    () => 0,
  );
  await until("the request waits", async () => {
    const { count } = JSON.parse(await node.served("/waiting")) as { count: number };
    return count === 1 ? true : undefined;
  });
  const startMs = performance.now();
  node.process.kill("SIGTERM");
  const { code } = await node.process.ended;
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < stopMaxMs, `It took ${tookMs} ms`);
  assert.equal(code, 0);
  assert.ok([0, 503].includes(await request));
});

e2eTest("a second SIGTERM does not make the end worse", async (world) => {
  const node = await Node.start(world, ["--data-dir", world.path("data")]);
  for (let count = 0; count < 5; count++) node.process.kill("SIGTERM");
  assert.equal((await node.process.ended).code, 0);
  const next = await Node.start(world, ["--data-dir", world.path("data")]);
  await until(
    "it is on duty again",
    async () => (await next.client.call("health")).ready || undefined,
  );
});
