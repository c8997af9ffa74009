import assert from "node:assert/strict";
import { until } from "../../scripts/lib/until.ts";
import { AetherClient } from "../../src/client/client.ts";
import { followWatch } from "../../src/client/watch.ts";
import { AetherError } from "../../src/base/errors.ts";
import type { WatchMessage } from "../../src/protocol/api/data/kv.ts";
import { refused, statusOf, TestApi } from "./setup.ts";

async function put(api: TestApi, key: string, body: string): Promise<number> {
  const response = await api.kv("PUT", key, { body });
  assert.equal(response.status, 200);
  return (await response.json() as { revision: number }).revision;
}

/** The next messages of a watch. */
async function take(watch: AsyncIterator<WatchMessage>, count: number): Promise<WatchMessage[]> {
  const messages: WatchMessage[] = [];
  while (messages.length < count) {
    const { value, done } = await watch.next();
    if (done) break;
    messages.push(value);
  }
  return messages;
}

function keysOf(messages: readonly WatchMessage[]): string[] {
  return messages.flatMap((message) =>
    message.type === "change"
      ? message.events.map(({ op, key, value }) => `${op} ${key} ${value ?? ""}`.trim())
      : []
  );
}

Deno.test("watch gives all changes after a revision in order, a transaction at once", async () => {
  await using api = await TestApi.start();
  const client = new AetherClient({ address: api.origin });
  const from = await put(api, "w/a", "1");
  await put(api, "w/b", "2");
  const body = JSON.stringify({
    then: [
      { op: "put", key: "w/c", value: "3" },
      { op: "put", key: "other", value: "x" },
      { op: "delete", key: "w/a" },
    ],
  });
  assert.equal(await statusOf(await api.fetch("POST", "/api/txn", { body })), 200);
  const stop = new AbortController();
  const query = { prefix: "w/", from };
  const watch = client.stream("kvWatch", { query }, { signal: stop.signal });
  const messages = await take(watch, 3);
  assert.deepEqual(messages.map(({ type }) => type), ["progress", "change", "change"]);
  assert.deepEqual(keysOf(messages), ["put w/b 2", "put w/c 3", "delete w/a"]);
  const next = take(watch, 1);
  await put(api, "w/d", "4");
  assert.deepEqual(keysOf(await next), ["put w/d 4"]);
  stop.abort();
  await assert.rejects(watch.next(), { name: "AbortError" });
});

Deno.test("watch goes on after Last-Event-ID, which wins over from", async () => {
  await using api = await TestApi.start();
  await put(api, "a", "1");
  const last = await put(api, "b", "2");
  await put(api, "c", "3");
  const headers = { "last-event-id": String(last) };
  const response = await api.fetch("GET", "/api/watch?from=0", { headers });
  const reader = response.body?.getReader();
  let text = "";
  while (!text.includes("event: change")) {
    text += new TextDecoder().decode((await reader?.read())?.value);
  }
  assert.match(text, /^id: \d+\nevent: progress/);
  assert.ok(text.includes('"key":"c"') && !text.includes('"key":"b"'), text);
  await reader?.cancel();
});

Deno.test("watch answers 410 for a revision that is gone, and 503 above its limit", async () => {
  await using api = await TestApi.start({
    store: { historyRevisions: 2 },
    management: { maxWatches: 1 },
  });
  for (const value of ["1", "2", "3", "4"]) await put(api, "a", value);
  await refused(await api.fetch("GET", "/api/watch?from=1"), "COMPACTED");
  const open = await api.fetch("GET", "/api/watch");
  const second = await api.fetch("GET", "/api/watch");
  assert.equal(second.headers.get("retry-after"), "1");
  await refused(second, "WATCHES_EXHAUSTED");
  await open.body?.cancel();
  // The place is free again as soon as the node has noticed.
  await until("a watch may be opened", async () => {
    const response = await api.fetch("GET", "/api/watch");
    await response.body?.cancel();
    return response.status === 200 ? true : undefined;
  });
});

Deno.test("watch answers HEAD without keeping a watch open", async () => {
  await using api = await TestApi.start({ management: { maxWatches: 1 } });
  for (let round = 0; round < 3; round++) {
    assert.equal(await statusOf(await api.fetch("HEAD", "/api/watch")), 200);
  }
});

Deno.test("watch ends when the node stops, and followWatch() ends with its signal", async () => {
  const api = await TestApi.start();
  const client = new AetherClient({ address: api.origin });
  const stop = new AbortController();
  const broken: string[] = [];
  const watch = followWatch(client, {
    prefix: "",
    signal: stop.signal,
    retryMs: 1,
    onBroken: ({ name }) => broken.push(name),
  });
  await take(watch, 1);
  // As a node that stops: first control, which ends the watches, then the listener.
  await api.control.stop();
  await api[Symbol.asyncDispose]();
  const rest = take(watch, 1);
  await until("the connection has broken", () => broken.includes("UNREACHABLE") || undefined);
  stop.abort();
  assert.deepEqual(await rest, []);
});

Deno.test("followWatch() misses nothing and repeats nothing over broken connections", async () => {
  await using api = await TestApi.start();
  const stop = new AbortController();
  // Every connection breaks after two messages.
  const breaking: typeof fetch = async (...given) => {
    const response = await fetch(...given);
    let left = 2;
    const body = response.body?.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          if (left-- <= 0) controller.error(new TypeError("Connection reset"));
          else controller.enqueue(chunk);
        },
      }),
    );
    return new Response(body ?? null, response);
  };
  const client = new AetherClient({ address: api.origin, fetch: breaking });
  const watch = followWatch(client, { prefix: "", from: 0, signal: stop.signal, retryMs: 1 });
  for (let number = 0; number < 10; number++) await put(api, `k${number}`, String(number));
  const seen: string[] = [];
  for await (const message of watch) {
    seen.push(...keysOf([message]));
    if (seen.length === 10) break;
  }
  assert.deepEqual(seen, Array.from({ length: 10 }, (_, number) => `put k${number} ${number}`));
  stop.abort();
});

Deno.test("followWatch() throws COMPACTED instead of skipping", async () => {
  await using api = await TestApi.start({ store: { historyRevisions: 1 } });
  for (const value of ["1", "2", "3"]) await put(api, "a", value);
  const client = new AetherClient({ address: api.origin });
  const watch = followWatch(client, { prefix: "", from: 0 });
  await assert.rejects(
    watch.next(),
    (error) => error instanceof AetherError && error.name === "COMPACTED",
  );
});
