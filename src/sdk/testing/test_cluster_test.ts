import assert from "node:assert/strict";
import { z } from "zod";
import { contract, method } from "../contract.ts";
import { config } from "../resource/config.ts";
import { http } from "../resource/http.ts";
import { kv } from "../resource/kv.ts";
import { lock } from "../resource/lock.ts";
import { topic } from "../resource/topic.ts";
import { slice } from "../slice.ts";
import { subscribe } from "../triggers/subscribe.ts";
import { SliceError } from "../slice_error.ts";
import { fakeHttp } from "./fake_http.ts";
import { testCluster, withFakes } from "./test_cluster.ts";

const order = z.object({ id: z.string(), count: z.int().min(1) });
const stock = contract("org.example:stock", {
  take: method({ input: order, output: z.object({ left: z.int(), at: z.string() }) }),
}, { errors: { SOLD_OUT: { status: 409, data: z.object({ left: z.int() }) } } });
const shop = contract("org.example:shop", {
  place: method({
    input: order,
    output: z.object({ left: z.int() }),
    headers: ["X-Shop"],
    timeoutMs: 1_000,
  }),
});
const stockSlice = slice(stock, {
  needs: { shelves: kv(z.int()) },
  create: ({ shelves }, instance) => ({
    take: async ({ id, count }, call) => {
      const left = await shelves.get(id) ?? 0;
      if (left < count) throw stock.errors.SOLD_OUT("Not enough", { left });
      await shelves.put(id, left - count);
      call.log.info("Taken", { by: call.caller, on: instance.instance });
      return { left: left - count, at: new Date(0) as unknown as string };
    },
  }),
});
const lenientStock = slice(
  contract("org.example:stock", {
    take: method({ input: order, output: z.object({ left: z.int(), at: z.any() }) }),
  }),
  { needs: stockSlice.needs, create: (needs, instance) => stockSlice.create(needs, instance) },
);
const shopSlice = slice(shop, {
  needs: { stock },
  create: ({ stock }) => ({
    place: async (input, call) => {
      const taken = await stock.take(input);
      assert.equal(typeof taken.at, "string", "answers pass as JSON");
      call.log.info("Placed", { shop: call.header("x-shop"), other: call.header("x-other") });
      return { left: taken.left };
    },
  }),
});

Deno.test("testCluster() connects slices in whatever order they are given", async () => {
  const cluster = await testCluster([shopSlice, withFakes(lenientStock, {}, { instances: 2 })]);
  await cluster.handles(stockSlice).shelves.put("apple", 3);
  const client = cluster.client(shop, { headers: { "x-shop": "main", "x-other": "no" } });
  assert.deepEqual(await client.place({ id: "apple", count: 1 }), { left: 2 });
  assert.deepEqual(await client.place({ id: "apple", count: 1 }), { left: 1 });
  assert.deepEqual(cluster.logs.map(({ slice, message, fields }) => [slice, message, fields]), [
    ["org.example:stock", "Taken", { requestId: "test-1", by: "org.example:shop", on: "test/0" }],
    ["org.example:shop", "Placed", { requestId: "test-1", shop: "main", other: undefined }],
    ["org.example:stock", "Taken", { requestId: "test-2", by: "org.example:shop", on: "test/1" }],
    ["org.example:shop", "Placed", { requestId: "test-2", shop: "main", other: undefined }],
  ]);
  await cluster.stop();
  await assert.rejects(client.place({ id: "apple", count: 1 }), { name: "NO_INSTANCE" });
});

Deno.test("testCluster() hands errors of slices and of the boundary to callers", async () => {
  const cluster = await testCluster([stockSlice, shopSlice]);
  const client = cluster.client(shop);
  const error = await client.place({ id: "pear", count: 1 }).catch((thrown) => thrown);
  assert.ok(error instanceof SliceError);
  assert.deepEqual([error.code, error.status, error.data], ["SOLD_OUT", 409, { left: 0 }]);
  await assert.rejects(client.place({ id: "pear", count: 0 }), { name: "INPUT_INVALID" });
  await cluster.handles(stockSlice).shelves.put("pear", 1);
  // `at` is a Date, which the contract does not allow.
  await assert.rejects(client.place({ id: "pear", count: 1 }), { name: "OUTPUT_INVALID" });
});

Deno.test("testCluster() ends calls at their deadlines, the inner ones first", async () => {
  const seen: string[] = [];
  const hanging = slice(stock, {
    create: () => ({
      take: (_input, call) =>
        new Promise<never>(() => {
          call.signal.onabort = () => seen.push(`aborted at ${call.remainingMs}`);
        }),
    }),
  });
  const patient = slice(shop, {
    needs: { stock },
    create: ({ stock }) => ({
      place: async (input, call) => {
        await stock.take(input).catch((error) => {
          seen.push(`${error.name}, ${call.remainingMs} left`);
        });
        return { left: 0 };
      },
    }),
  });
  const cluster = await testCluster([hanging, patient]);
  const began = cluster.nowMs();
  const placed = cluster.client(shop).place({ id: "apple", count: 1 });
  await cluster.advance("899ms");
  assert.deepEqual(seen, []);
  await cluster.advance(1);
  assert.deepEqual(seen, ["aborted at 0", "DEADLINE_EXCEEDED, 100 left"]);
  assert.deepEqual(await placed, { left: 0 });
  assert.equal(cluster.nowMs() - began, 900);
  const late = assert.rejects(
    cluster.client(stock).take({ id: "apple", count: 1 }, { timeoutMs: 5 }),
    { name: "DEADLINE_EXCEEDED" },
  );
  await cluster.advance(5);
  await late;
});

Deno.test("testCluster() refuses calls inside too many others", async () => {
  const ping = contract("org.example:ping", { go: method({ input: z.int(), output: z.int() }) });
  const pong = contract("org.example:pong", { go: method({ input: z.int(), output: z.int() }) });
  let deepest = 0;
  const cluster = await testCluster([
    slice(ping, { needs: { pong }, create: ({ pong }) => ({ go: (n) => pong.go(n + 1) }) }),
    slice(pong, {
      needs: { ping },
      create: ({ ping }) => ({
        go: (n) => {
          deepest = n;
          return ping.go(n + 1);
        },
      }),
    }),
  ]);
  await assert.rejects(cluster.client(ping).go(1), {
    name: "CALL_TOO_DEEP",
    message: "The call of org.example:ping go is inside 32 others",
  });
  assert.equal(deepest, 32);
});

Deno.test("testCluster() names what a slice needs and nobody offers", async () => {
  await assert.rejects(testCluster([shopSlice]), {
    name: "TypeError",
    message: 'org.example:shop needs a fake for "stock", or the slice org.example:stock',
  });
  const cluster = await testCluster([
    withFakes(shopSlice, { stock: { take: () => Promise.resolve({ left: 7, at: "now" }) } }),
  ]);
  assert.deepEqual(await cluster.client(shop).place({ id: "a", count: 1 }), { left: 7 });
  assert.throws(() => cluster.client(stock), /has no slice org\.example:stock/);
});

Deno.test("testCluster() has fakes for every type of resource", async () => {
  const all = contract("org.example:all", { run: method({ input: z.int(), output: z.string() }) });
  const settings = z.object({ greeting: z.string().default("Hello") });
  const definition = slice(all, {
    needs: { settings: config("all", settings), jobs: lock(), web: http("web"), notes: kv() },
    create: ({ settings, jobs, web, notes }) => ({
      run: (n) =>
        jobs.run("one", async (held) => {
          await notes.put("n", n, { fence: held });
          const { status } = await web.get("/a", { query: { n } });
          return `${(await settings.get()).greeting} ${status}`;
        }),
    }),
  });
  const web = fakeHttp(({ query }) => ({ status: Number(query["n"]) }));
  const cluster = await testCluster([withFakes(definition, { web })]);
  assert.equal(await cluster.client(all).run(204), "Hello 204");
  assert.equal(await cluster.handles(definition).notes.get("n"), 204);
  const { jobs } = cluster.handles(definition);
  const held = await jobs.acquire("one");
  await assert.rejects(cluster.client(all).run(1), { name: "LOCK_HELD" });
  await held.release();
  await assert.rejects(
    cluster.handles(definition).notes.put("n", 1, { fence: held }),
    { name: "LOCK_LOST" },
  );
});

const placed = topic("placed", z.object({ id: z.string() }));
const publisher = slice(
  contract("org.example:publisher", { place: method({ input: order, output: z.null() }) }),
  {
    needs: { placed },
    create: ({ placed }) => ({
      place: async ({ id }) => {
        await placed.publish({ id }, { key: id });
        return null;
      },
    }),
  },
);

Deno.test("testCluster() delivers messages, retries on its clock, and keeps dead letters", async () => {
  const seen: string[] = [];
  const mailer = slice(contract("org.example:mailer", {}), {
    subscriptions: { onPlaced: subscribe(placed, { maxAttempts: 2 }) },
    create: () => ({
      onPlaced: ({ id }, call, { attempt, key, offset }) => {
        seen.push(`${id} ${attempt} ${key} ${offset} ${call.remainingMs}`);
        if (id === "bad" || (id === "slow" && attempt === 1)) throw new Error("No mail");
      },
    }),
  });
  const cluster = await testCluster([publisher, mailer]);
  const client = cluster.client(publisher.contract);
  for (const id of ["good", "slow", "bad"]) await client.place({ id, count: 1 });
  await cluster.advance(0);
  assert.deepEqual(seen, [
    "good 1 good 0 30000",
    "slow 1 slow 1 30000",
    "bad 1 bad 2 30000",
  ]);
  assert.deepEqual(cluster.deadLetters, []);
  await cluster.advance("1s");
  assert.deepEqual(seen.slice(3), ["slow 2 slow 1 30000", "bad 2 bad 2 30000"]);
  assert.deepEqual(cluster.deadLetters, [{
    ...{ slice: "org.example:mailer", subscription: "onPlaced", topic: "placed", key: "bad" },
    ...{ value: { id: "bad" }, attempts: 2, reason: "org.example:mailer onPlaced failed" },
  }]);
  assert.equal(cluster.published.length, 3);
  await assert.rejects(cluster.deliver(mailer).onPlaced({ id: "bad" }), { name: "SLICE_FAILED" });
  await cluster.deliver(mailer).onPlaced({ id: "good" }, { attempt: 7 });
  assert.match(seen.at(-1) ?? "", /^good 7/);
});

Deno.test("testCluster() handles the messages of one key one after another", async () => {
  const ended: (() => void)[] = [];
  const begun: number[] = [];
  const slow = slice(contract("org.example:slow", {}), {
    subscriptions: { onPlaced: subscribe(placed) },
    create: () => ({
      onPlaced: (_value, _call, { offset }) => {
        begun.push(offset);
        return new Promise<void>((resolve) => ended.push(resolve));
      },
    }),
  });
  const cluster = await testCluster([publisher, slow]);
  const client = cluster.client(publisher.contract);
  for (const id of ["a", "a", "b"]) await client.place({ id, count: 1 });
  await cluster.advance(0);
  assert.deepEqual(begun, [0, 2], "another key does not wait");
  ended[0]?.();
  await cluster.advance(0);
  assert.deepEqual(begun, [0, 2, 1]);
});
