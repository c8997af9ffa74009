/**
 * The HTTP port against clients that are slow, broken or hostile, over raw sockets.
 *
 * Deno.serve reads the requests, the gateway adds what it does not have; what is checked here is
 * what both do together.
 */
import assert from "node:assert/strict";
import { GatewayWorld } from "./gateway_world.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** A connection that sends what it is told. */
class Raw implements Disposable {
  readonly #connection: Deno.TcpConn;
  #text = "";

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async open(world: GatewayWorld): Promise<Raw> {
    const [hostname = "", port] = world.address.split(":");
    return new Raw(await Deno.connect({ hostname, port: Number(port) }));
  }

  async send(text: string): Promise<void> {
    const bytes = encoder.encode(text);
    try {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    } catch {
      // The server has closed it, which the reader finds out.
    }
  }

  async closeWrite(): Promise<void> {
    await this.#connection.closeWrite();
  }

  /** Reads until the text matches, or the server closes: what came, and whether it closed. */
  async until(pattern: RegExp): Promise<{ readonly text: string; readonly isClosed: boolean }> {
    const buffer = new Uint8Array(65_536);
    while (!pattern.test(this.#text)) {
      const length = await this.#connection.read(buffer).catch(() => null);
      if (length === null) return { text: this.#text, isClosed: true };
      this.#text += decoder.decode(buffer.subarray(0, length));
    }
    return { text: this.#text, isClosed: false };
  }

  /** Statuses of all answers until the server closes. */
  async statuses(): Promise<number[]> {
    const { text } = await this.until(/(?!)/);
    return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

const host = "host: app\r\n";
const who = `GET /who HTTP/1.1\r\n${host}\r\n`;
const json = `${host}content-type: application/json\r\n`;
const post = `POST /echo HTTP/1.1\r\n${json}`;

/** Requests in which two servers could see different bodies (RFC 9112 section 11.2). */
const smuggling: Readonly<Record<string, string>> = {
  "length and encoding": `${post}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  "encoding and length": `${post}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n`,
  "two lengths": `${post}content-length: 2\r\ncontent-length: 30\r\n\r\n{}`,
  "the same length twice": `${post}content-length: 2\r\ncontent-length: 2\r\n\r\n{}`,
  "a list of lengths": `${post}content-length: 2, 2\r\n\r\n{}`,
  "a signed length": `${post}content-length: +2\r\n\r\n{}`,
  "a negative length": `${post}content-length: -2\r\n\r\n{}`,
  "a hexadecimal length": `${post}content-length: 0x2\r\n\r\n{}`,
  "an unknown encoding": `${post}transfer-encoding: xchunked\r\n\r\n{}`,
  "chunked not last": `${post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  "a space before the colon": `${post}transfer-encoding : chunked\r\n\r\n0\r\n\r\n`,
  "a folded header": `GET /who HTTP/1.1\r\n${host}x-a: 1\r\n 2\r\n\r\n`,
  "a null in a header": `GET /who HTTP/1.1\r\n${host}x-a: a\0b\r\n\r\n`,
  "no host": "GET /who HTTP/1.1\r\n\r\n",
  "no name of a header": `GET /who HTTP/1.1\r\n${host}: 1\r\n\r\n`,
};

for (const [what, request] of Object.entries(smuggling)) {
  Deno.test(`HTTP port: refuses ${what} with 400 and runs nothing`, async () => {
    await using world = await GatewayWorld.start(undefined, { idleTimeout: "1s" });
    using raw = await Raw.open(world);
    await raw.send(request);
    const [status, ...more] = await raw.statuses();
    assert.equal(status, 400);
    assert.deepEqual(more, [], "nothing behind it was taken for a request");
  });
}

Deno.test("HTTP port: a request hidden in the body of another stays a body", async () => {
  await using world = await GatewayWorld.start(undefined, { idleTimeout: "1s" });
  using raw = await Raw.open(world);
  const body = JSON.stringify({ text: who });
  await raw.send(
    `${post}content-length: ${body.length}\r\n\r\n${body}${who}`,
  );
  assert.deepEqual(await raw.statuses(), [200, 200], "the one, and the other behind it");
});

Deno.test("HTTP port: a bad chunk ends the connection, and the upload in the slice", async () => {
  await using world = await GatewayWorld.start(undefined);
  using raw = await Raw.open(world);
  await raw.send(
    `PUT /files/a HTTP/1.1\r\n${host}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`,
  );
  await world.happened.until("piece");
  await raw.send(`zz\r\n${who}`);
  await world.happened.until("upload failed");
  assert.ok(!(await raw.statuses()).includes(200));
});

Deno.test("HTTP port: ends lines at a bare LF too, as RFC 9112 section 2.2 allows", async () => {
  await using world = await GatewayWorld.start(undefined);
  using raw = await Raw.open(world);
  await raw.send("GET /who HTTP/1.1\nhost: app\n\n");
  assert.match((await raw.until(/requestId/)).text, /^HTTP\/1\.1 200 /);
});

Deno.test("HTTP port: refuses heads that are too large", async () => {
  await using world = await GatewayWorld.start(undefined, { idleTimeout: "1s" });
  const large = [
    `GET /who HTTP/1.1\r\n${host}x-a: ${"a".repeat(70_000)}\r\n\r\n`,
    `GET /${"a".repeat(70_000)} HTTP/1.1\r\n${host}\r\n`,
    `GET /who HTTP/1.1\r\n${host}${"x-a: 1\r\n".repeat(200)}\r\n`,
  ];
  for (const request of large) {
    using raw = await Raw.open(world);
    await raw.send(request);
    const statuses = await raw.statuses();
    assert.ok(statuses.every((status) => status === 400), `${statuses}`);
  }
  assert.equal((await (await world.fetch("/who")).json()).client, "127.0.0.1");
});

Deno.test("HTTP port: serves 1000 clients that keep their connections", async () => {
  await using world = await GatewayWorld.start(undefined);
  const clients = await Promise.all(Array.from({ length: 1_000 }, () => Raw.open(world)));
  const ask = async (raw: Raw, id: string) => {
    await raw.send(`GET /who HTTP/1.1\r\n${host}x-request-id: ${id}\r\n\r\n`);
    const { text } = await raw.until(new RegExp(`"requestId":"${id}"`));
    assert.match(text, new RegExp(`"requestId":"${id}"`));
  };
  for (const round of [1, 2]) {
    await Promise.all(clients.map((raw, index) => ask(raw, `r${round}-${index}`)));
  }
  for (const raw of clients) raw[Symbol.dispose]();
});

Deno.test("HTTP port: closes a client that never finishes its head, and serves others", async () => {
  await using world = await GatewayWorld.start(undefined, { headerTimeout: "1s" });
  using slow = await Raw.open(world);
  await slow.send("GET /who HTTP/1.1\r\nhost: a");
  const drip = setInterval(() => slow.send("a"), 100);
  const closed = slow.until(/(?!)/);
  assert.equal((await (await world.fetch("/who")).json()).client, "127.0.0.1");
  assert.deepEqual(await closed, { text: "", isClosed: true });
  clearInterval(drip);
});

Deno.test("HTTP port: closes a connection that is idle, and answers before", async () => {
  await using world = await GatewayWorld.start(undefined, { idleTimeout: "1s" });
  using raw = await Raw.open(world);
  await raw.send(who);
  assert.deepEqual(await raw.statuses(), [200]);
});

Deno.test("HTTP port: answers 408 to a body that does not come", async () => {
  await using world = await GatewayWorld.start(undefined, { bodyTimeout: "1s" });
  for (const [method, path] of [["POST", "/echo"], ["PUT", "/files/a"]]) {
    using raw = await Raw.open(world);
    await raw.send(`${method} ${path} HTTP/1.1\r\n${json}content-length: 50\r\n\r\n{"te`);
    assert.match((await raw.until(/BODY_TIMEOUT/)).text, /^HTTP\/1\.1 408 /);
  }
});

Deno.test("HTTP port: gives up a client that does not read, and ends its slice's work", async () => {
  await using world = await GatewayWorld.start(undefined, { writeTimeout: "1s" });
  using raw = await Raw.open(world);
  await raw.send(`GET /download?count=1000 HTTP/1.1\r\n${host}\r\n`);
  await world.happened.until("download ended");
  assert.ok(world.happened.pieces < 1_000, `${world.happened.pieces} pieces`);
});

Deno.test("HTTP port: keeps an event stream without events open beyond the idle time", async () => {
  await using world = await GatewayWorld.start(undefined, { idleTimeout: "1s" });
  using raw = await Raw.open(world);
  using idle = await Raw.open(world);
  await raw.send(`GET /ticks?count=100 HTTP/1.1\r\n${host}\r\n`);
  await raw.until(/"tick":99/);
  assert.equal((await idle.until(/x/)).isClosed, true, "an idle one is closed meanwhile");
  assert.ok(!world.happened.events.includes("ticks aborted"));
  world.drain();
  assert.match((await raw.until(/\r\n0\r\n\r\n/)).text, /\r\n0\r\n\r\n/);
});

Deno.test("HTTP port: a client that has closed its half gets no answer, and its call ends", async () => {
  await using world = await GatewayWorld.start(undefined);
  using raw = await Raw.open(world);
  await raw.send(`GET /wait HTTP/1.1\r\n${host}\r\n`);
  await world.happened.until("waiting");
  await raw.closeWrite();
  await world.happened.until("wait aborted");
});
