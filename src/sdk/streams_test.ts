import assert from "node:assert/strict";
import { z } from "zod";
import { contract, method } from "./contract.ts";
import { describeDefinition } from "./describe.ts";
import { type Client, slice } from "./slice.ts";
import { bytes, events, socket, streamOf } from "./streams.ts";
import { testSlice } from "./testing/test_slice.ts";

const text = z.object({ text: z.string() });
const input = z.object({});
const lasting = contract("org.example:lasting", {
  plain: method({ input, output: text }),
  ticks: method({ input, output: events(z.object({ tick: z.number() })), http: "GET /ticks" }),
  file: method({ input, output: bytes("text/csv"), http: "GET /file" }),
  room: method({ input, output: socket({ receive: text, send: text }), http: "GET /room" }),
  upload: method({ input, output: text, body: "stream", http: "PUT /file" }),
});

const definition = slice(lasting, {
  create: () => ({
    plain: () => ({ text: "x" }),
    async *ticks() {
      yield { tick: 1 };
      await Promise.resolve();
      yield { tick: "wrong" as unknown as number };
    },
    async *file() {
      yield "a,b";
      yield await Promise.resolve(Uint8Array.of(10));
    },
    room: () => async (socket) => {
      for await (const { text } of socket) await socket.send({ text });
    },
    upload: () => ({ text: "x" }),
  }),
});

Deno.test("events() checks every item as it is read", async () => {
  const { client, stop } = await testSlice(definition);
  const read: unknown[] = [];
  await assert.rejects(async () => {
    for await (const item of await client.ticks({})) read.push(item);
  }, /An event does not match its contract: tick/);
  assert.deepEqual(read, [{ tick: 1 }]);
  await stop();
});

Deno.test("bytes() takes text and bytes, and socket() a function", async () => {
  const { client, stop } = await testSlice(definition);
  const read: unknown[] = [];
  for await (const piece of await client.file({})) read.push(piece);
  assert.deepEqual(read, ["a,b", Uint8Array.of(10)]);
  assert.equal(typeof await client.room({}), "function");
  assert.equal(bytes().safeParse("text").success, false);
  assert.equal(socket({ receive: text, send: text }).safeParse({}).success, false);
  assert.throws(() => bytes("text"), /Content type "text" is not valid/);
  assert.throws(() => bytes("text/csv\r\nset-cookie: a"), /is not valid/);
  await stop();
});

Deno.test("Client has iterables of events and bytes, and no sockets", () => {
  type Methods = Client<typeof lasting>;
  const names: Record<keyof Methods, true> = {
    ...{ plain: true, ticks: true, file: true, upload: true },
  };
  const read = async (ticks: Awaited<ReturnType<Methods["ticks"]>>) => {
    for await (const { tick } of ticks) assert.ok(tick satisfies number);
  };
  assert.equal(typeof read, "function");
  assert.deepEqual(Object.keys(names).sort(), ["file", "plain", "ticks", "upload"]);
});

Deno.test("streamOf() knows what was made here, and describeDefinition() says so", () => {
  assert.equal(streamOf(text), undefined);
  const { methods } = describeDefinition(definition);
  assert.deepEqual(
    Object.values(methods).map(({ stream, body }) => [stream, body]),
    [
      [undefined, undefined],
      ["events", undefined],
      ["bytes", undefined],
      ["socket", undefined],
      [undefined, "stream"],
    ],
  );
  assert.deepEqual(methods["ticks"]?.output["required"], ["tick"]);
  assert.deepEqual(methods["room"]?.receive?.["required"], ["text"]);
});

Deno.test("contract() refuses streams without a fitting route", () => {
  const refused = (spec: Parameters<typeof method>[0], reason: RegExp) =>
    assert.throws(() => contract("org.example:x", { m: method(spec) }), reason);
  const room = socket({ receive: text, send: text });
  refused({ input, output: bytes() }, /streams and so needs an http route/);
  refused({ input, output: text, body: "stream" }, /needs an http route/);
  refused({ input, output: text, body: "stream", http: "GET /x" }, /another route than GET/);
  refused({ input, output: room, http: "POST /x" }, /its route must be a GET/);
  refused({ input, output: room, http: "GET /x", status: 201 }, /has no status/);
  refused({ input, output: text, headers: ["X-Aether-Id"] }, /ends at the gateway/);
});
