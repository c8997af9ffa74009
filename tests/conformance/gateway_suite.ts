/**
 * What clients see of a slice: the same on its node, and through another node's gateway.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Transport } from "../../src/base/transport/transport.ts";
import { GatewayWorld, pieceBytes } from "./gateway_world.ts";

/** Where the slice is. */
export interface GatewayHarness {
  /** Transports of two nodes; undefined for a slice on the gateway's own node. */
  transports(): readonly [Transport, Transport] | undefined;
}

type Check = (start: (app?: Record<string, unknown>) => Promise<GatewayWorld>) => Promise<void>;

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** Bodies in pieces, as a client streams them. */
function pieces(count: number, size = pieceBytes): ReadableStream<Uint8Array<ArrayBuffer>> {
  let made = 0;
  return new ReadableStream({
    pull(controller) {
      if (made++ < count) controller.enqueue(new Uint8Array(size).fill(1));
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

/** A WebSocket and what it receives. */
class Client {
  readonly received: (string | ArrayBuffer)[] = [];
  readonly closed: Promise<string>;
  readonly socket: WebSocket;
  #woken: () => void = () => {};

  constructor(world: GatewayWorld, path: string) {
    this.socket = new WebSocket(`ws://${world.address}${path}`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => {
      this.received.push(data);
      this.#woken();
    };
    this.closed = new Promise((resolve) => {
      this.socket.onclose = ({ code, reason }) => resolve(`${code} ${reason}`);
    });
  }

  async next(): Promise<string | ArrayBuffer> {
    while (this.received.length === 0) {
      await new Promise<void>((resolve) => this.#woken = resolve);
    }
    return this.received.shift() ?? "";
  }
}

const checks: Readonly<Record<string, Check>> = {
  "answers with the status and the headers that the slice wants": async (start) => {
    await using world = await start();
    const page = await fetch(`http://${world.address}/pages/x`, { redirect: "manual" });
    assert.deepEqual([page.status, await page.json()], [302, { kind: "x" }]);
    const names = ["location", "x-page", "content-type"];
    assert.deepEqual(
      names.map((name) => page.headers.get(name)),
      ["/to/x", "1", "application/json"],
    );
    assert.deepEqual(page.headers.getSetCookie(), ["a=1", "b=2"]);
    const refused = await fetch(`http://${world.address}/pages/refused`);
    const problem = await refused.json();
    assert.deepEqual([refused.status, problem.name], [500, "OUTPUT_INVALID"]);
    assert.match(problem.detail, /"connection" belongs to the gateway/);
    const failed = await fetch(`http://${world.address}/pages/failed`);
    assert.equal(failed.headers.get("content-type"), "application/problem+json");
    assert.deepEqual([failed.status, (await failed.json()).name], [500, "SLICE_FAILED"]);
    for (const method of ["GET", "HEAD"]) {
      const feed = await fetch(`http://${world.address}/feed`, { method });
      assert.equal(await feed.text(), method === "GET" ? "fed" : "");
      assert.deepEqual([feed.status, feed.headers.get("etag")], [203, '"7"'], method);
      assert.equal(feed.headers.get("content-type"), "text/x-feed", method);
    }
  },
  "answers a call, with request id, trace and client": async (start) => {
    await using world = await start();
    const headers = { traceparent, tracestate: "a=1", "x-request-id": "r-1" };
    const who = await (await world.fetch("/who", { headers })).json();
    assert.deepEqual(who, {
      client: "127.0.0.1",
      trace: `${traceparent} a=1`,
      requestId: "r-1",
    });
    const body = JSON.stringify({ text: "ü".repeat(300_000) });
    const echo = await world.fetch("/echo", {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    assert.equal(await echo.text(), body);
  },

  "carries a body of many windows to a slice": async (start) => {
    await using world = await start();
    const put = await world.fetch("/files/a%20b", { method: "PUT", body: pieces(64) });
    assert.deepEqual(await put.json(), {
      name: "a b",
      bytes: 64 * pieceBytes,
      sum: 64 * pieceBytes % 65_536,
    });
    const empty = await world.fetch("/files/none", { method: "PUT" });
    assert.deepEqual(await empty.json(), { name: "none", bytes: 0, sum: 0 });
  },

  "carries a body there and back at the same time": async (start) => {
    await using world = await start();
    const mirror = await world.fetch("/mirror", { method: "POST", body: pieces(40) });
    assert.equal((await mirror.bytes()).length, 40 * pieceBytes);
  },

  "refuses a streamed body beyond the limit with 413": async (start) => {
    await using world = await start({ maxStreamBytes: "100KiB" });
    const put = await world.fetch("/files/a", { method: "PUT", body: pieces(3) });
    assert.equal(put.status, 413);
    assert.equal((await put.json()).name, "BODY_TOO_LARGE");
    const known = await world.fetch("/files/a", { method: "PUT", body: new Uint8Array(200_000) });
    assert.equal(known.status, 413);
    await known.body?.cancel();
  },

  "tells a slice that its client has broken off": async (start) => {
    await using world = await start();
    const abort = new AbortController();
    const silent = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
    });
    const put = world.fetch("/files/a", { method: "PUT", body: silent, signal: abort.signal });
    await world.happened.until("piece");
    abort.abort();
    await assert.rejects(put);
    await world.happened.until("upload failed");
    await world.happened.until("upload aborted");
  },

  "stops a slice whose client does not read": async (start) => {
    await using world = await start();
    const response = await world.fetch("/download?count=2000");
    assert.equal(response.headers.get("content-type"), "text/csv");
    const reader = response.body?.getReader() ?? assert.fail();
    await reader.read();
    // Nobody reads: what is made fits into the buffers on the way, and then stops.
    for (let before = -1; before !== world.happened.pieces;) {
      before = world.happened.pieces;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const stopped = world.happened.pieces;
    assert.ok(stopped < 1_000, `${stopped} pieces were made`);
    await reader.cancel();
    await world.happened.until("download ended");
    assert.ok(world.happened.pieces < 1_500, `${world.happened.pieces} pieces in the end`);
  },

  "carries all of a long output": async (start) => {
    await using world = await start();
    const response = await world.fetch("/download?count=100");
    const body = await response.bytes();
    assert.equal(body.length, 100 * pieceBytes);
    for (const index of [0, 1, 50, 99]) assert.equal(body[index * pieceBytes + 7], index);
    await world.happened.until("download ended");
  },

  "sends events, and ends the slice's work when the client goes": async (start) => {
    await using world = await start();
    const some = await world.fetch("/ticks?count=3");
    assert.equal(some.headers.get("content-type"), "text/event-stream");
    assert.equal(some.headers.get("cache-control"), "no-store");
    assert.equal(
      await some.text(),
      'data: {"tick":0}\n\ndata: {"tick":1}\n\ndata: {"tick":2}\n\n',
    );
    const endless = await world.fetch("/ticks?count=100");
    const reader = endless.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await world.happened.until("ticks aborted");
  },

  "breaks off when a slice fails in the middle": async (start) => {
    await using world = await start();
    const response = await world.fetch("/broken");
    assert.equal(response.status, 200);
    await assert.rejects(response.text());
  },

  "breaks off streams of an instance that dies": async (start) => {
    await using world = await start();
    const endless = await world.fetch("/ticks?count=100");
    const client = new Client(world, "/raw");
    client.socket.onopen = () => client.socket.send("x");
    assert.equal(await client.next(), "x");
    const waiting = world.fetch("/wait");
    await world.happened.until("waiting");
    world.killInstance();
    await assert.rejects(endless.text());
    assert.equal((await client.closed).slice(0, 4), "4001");
    assert.equal((await waiting).status, 503);
    await (await waiting).body?.cancel();
  },

  "ends event streams and sockets of an instance that drains": async (start) => {
    await using world = await start();
    const endless = await world.fetch("/ticks?count=100");
    const client = new Client(world, "/raw");
    client.socket.onopen = () => client.socket.send("x");
    assert.equal(await client.next(), "x");
    world.drain();
    const text = await endless.text();
    assert.ok(text.endsWith("\n\n"), "a regular end");
    assert.equal(await client.closed, "4001 The service moves");
    await world.happened.until("raw left");
    await world.happened.until("ticks aborted");
  },

  "holds a conversation of checked messages": async (start) => {
    await using world = await start();
    const client = new Client(world, "/rooms/a%20b");
    assert.equal(await client.next(), '{"text":"welcome to a b"}');
    client.socket.send('{"text":"hi"}');
    assert.equal(await client.next(), '{"text":"a b: hi"}');
    client.socket.send('{"text":"leave"}');
    assert.equal(await client.closed, "4000 as you wish");
    for (const wrong of ['{"text":5}', "no JSON"]) {
      const other = new Client(world, "/rooms/b");
      await other.next();
      other.socket.send(wrong);
      assert.equal(await other.closed, "4007 The message does not match the contract", wrong);
    }
    const failing = new Client(world, "/rooms/c");
    await failing.next();
    failing.socket.send('{"text":"fail"}');
    assert.match(await failing.closed, /^4011 /);
  },

  "carries text and bytes as they are, in order": async (start) => {
    await using world = await start();
    const client = new Client(world, "/raw");
    await new Promise<void>((resolve) => client.socket.onopen = () => resolve());
    const sent = Array.from({ length: 200 }, (_, index) => `${index} ${"x".repeat(index * 10)}`);
    for (const message of sent) client.socket.send(message);
    // More than the gateway lets wait for a client: it is still waiting when the client closes.
    client.socket.send(new Uint8Array(600_000).fill(7));
    for (const message of sent) assert.equal(await client.next(), message);
    const back = await client.next();
    assert.ok(back instanceof ArrayBuffer);
    assert.deepEqual([back.byteLength, new Uint8Array(back)[599_999]], [600_000, 7]);
    client.socket.close(4001, "enough");
    await world.happened.until("raw left");
    await client.closed;
  },

  "answers a socket's route without upgrade, and pages of other origins": async (start) => {
    await using world = await start();
    const plain = await world.fetch("/raw");
    assert.deepEqual([plain.status, (await plain.json()).name], [426, "UPGRADE_REQUIRED"]);
    const connection = await Deno.connect({
      hostname: "127.0.0.1",
      port: Number(world.address.split(":")[1]),
    });
    const head = "GET /raw HTTP/1.1\r\nhost: app\r\nupgrade: websocket\r\nconnection: upgrade\r\n" +
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n" +
      "origin: https://evil.example\r\n\r\n";
    await connection.write(new TextEncoder().encode(head));
    const buffer = new Uint8Array(1_000);
    const length = await connection.read(buffer) ?? 0;
    assert.match(new TextDecoder().decode(buffer.subarray(0, length)), /^HTTP\/1.1 403 /);
    connection.close();
  },

  "answers HEAD of a stream without its body": async (start) => {
    await using world = await start();
    const response = await world.fetch("/download?count=1000", { method: "HEAD" });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "");
    await world.happened.until("download ended");
  },

  "ends a call at its client's end": async (start) => {
    await using world = await start();
    const abort = new AbortController();
    const waiting = world.fetch("/wait", { signal: abort.signal });
    await world.happened.until("waiting");
    abort.abort();
    await assert.rejects(waiting);
    await world.happened.until("wait aborted");
  },
};

/** Runs the suite on one kind of way to the slice. */
export function gatewaySuite(name: string, harness: GatewayHarness): void {
  for (const [behaviour, check] of Object.entries(checks)) {
    Deno.test(`gateway, ${name}: ${behaviour}`, async () => {
      await check((app) => GatewayWorld.start(harness.transports(), app));
    });
  }
}
