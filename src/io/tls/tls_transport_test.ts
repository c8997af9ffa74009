import assert from "node:assert/strict";
import * as net from "node:net";
import * as tls from "node:tls";
import { ManualClock } from "../../base/clock.ts";
import type { Link } from "../../base/transport/transport.ts";
import { tcpTransport } from "../tcp_transport.ts";
import {
  certifiedNodes,
  dayMs,
  newAuthority,
  newCredentials,
  Replaceable,
  tlsParts,
} from "./certified_fixture_test.ts";
import type { Credentials } from "./credentials.ts";
import { tlsTransport, type TlsTransportOptions } from "./tls_transport.ts";

const loopback = { hostname: "127.0.0.1", port: 0 };
const { authority, credentials } = await certifiedNodes("n1", "n2", "n3");
const strangers = await newAuthority();

/** A node that echoes, and everything that knocks at its door. */
class World implements AsyncDisposable {
  readonly parts = tlsParts();
  readonly source = credentials("n1");
  readonly server;
  readonly accepted: Link[] = [];
  readonly closings: string[] = [];
  address = loopback;
  #clients: { close(): Promise<void> }[] = [];

  private constructor(options: Partial<TlsTransportOptions>) {
    this.server = tlsTransport(loopback, {
      ...this.parts,
      credentials: this.source,
      ...options,
    });
  }

  static async start(options: Partial<TlsTransportOptions> = {}): Promise<World> {
    const world = new World(options);
    world.address = await world.server.listen((link) => {
      world.accepted.push(link);
      link.start({
        onFrame: (frame) => void link.send(frame),
        onClose: (reason) => world.closings.push(reason),
      });
    });
    return world;
  }

  /** Dials as a node with these credentials; answers the link and what it hears. */
  async dial(source: Credentials | Replaceable, parts = tlsParts()) {
    const from = source instanceof Replaceable ? source : new Replaceable(source);
    const client = tlsTransport(loopback, { ...parts, credentials: from });
    this.#clients.push(client);
    const link = await client.dial(this.address, { timeoutMs: 5_000 });
    const heard = Promise.withResolvers<Uint8Array>();
    const closed = Promise.withResolvers<string>();
    link.start({ onFrame: (frame) => heard.resolve(frame.slice()), onClose: closed.resolve });
    return { link, heard: heard.promise, closed: closed.promise };
  }

  /** A node of the cluster gets its echo. */
  async mustWork(id = "n2"): Promise<void> {
    const { link, heard } = await this.dial(credentials(id));
    link.send(Uint8Array.of(7));
    assert.deepEqual(await heard, Uint8Array.of(7));
  }

  /** Connects with TLS as anybody; resolves when the connection is closed. */
  async knock(options: tls.ConnectionOptions): Promise<void> {
    const socket = tls.connect({
      ...this.#target,
      rejectUnauthorized: false,
      ALPNProtocols: ["aether/1"],
      ...options,
    });
    socket.on("error", () => {});
    socket.resume();
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  }

  /** Connects without TLS; resolves when the connection is closed. */
  async say(text: string): Promise<void> {
    const socket = net.connect(this.#target);
    socket.on("error", () => {});
    socket.resume();
    socket.write(text);
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  }

  get #target() {
    return { host: this.address.hostname, port: this.address.port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.close();
    await this.server.close();
  }
}

function pair(issued: Credentials) {
  return { cert: issued.certificate, key: issued.key };
}

Deno.test("tlsTransport() tells both ends which node the other one is", async () => {
  await using world = await World.start();
  const { link, heard } = await world.dial(credentials("n2"));
  assert.equal(link.certifiedNode, "n1");
  link.send(Uint8Array.of(1));
  await heard;
  assert.equal(world.accepted[0]?.certifiedNode, "n2");
});

Deno.test("tlsTransport() hears nothing from a connection without the certificate of a node", async () => {
  await using world = await World.start();
  const attempts: [string, RegExp, tls.ConnectionOptions][] = [
    ["no certificate", /It showed no certificate/, {}],
    ["unknown authority", /node n2 was issued by/, pair(await newCredentials(strangers, "n2"))],
    [
      "time",
      /has expired at/,
      pair(await newCredentials(authority, "n2", { untilMs: -1, fromMs: -dayMs })),
    ],
    [
      "time",
      /is not valid before/,
      pair(await newCredentials(authority, "n2", { fromMs: dayMs, untilMs: 2 * dayMs })),
    ],
    ["identity", /client ci/, pair(await newCredentials(authority, "ci", {}, { role: "client" }))],
    ["identity", /"other/, pair(await newCredentials(authority, "n2", {}, { cluster: "other" }))],
  ];
  for (const [kind, reason, options] of attempts) {
    const { refusals, warnings } = world.parts;
    const before = refusals.counts[kind as "time"] ?? 0;
    await world.knock(options);
    assert.equal(refusals.counts[kind as "time"], before + 1, kind);
    assert.match(warnings.at(-1) ?? "", reason);
    await world.mustWork();
  }
  assert.ok(world.accepted.every(({ certifiedNode }) => certifiedNode === "n2"));
});

Deno.test("tlsTransport() refuses older versions, other protocols and what is not TLS", async () => {
  await using world = await World.start();
  const own = pair(credentials("n2").current);
  await world.knock({ ...own, minVersion: "TLSv1.2", maxVersion: "TLSv1.2" });
  await world.knock({ ...own, ALPNProtocols: ["http/1.1"] });
  await world.knock({ ...own, ALPNProtocols: [] });
  for (const text of ["GET / HTTP/1.1\r\n\r\n", "\u0005\0\0\0hello"]) {
    await world.say(text);
  }
  assert.equal(world.accepted.length, 0);
  assert.equal(world.parts.refusals.counts.handshake, 5);
  assert.equal(world.parts.warnings.length, 1, world.parts.warnings.join("\n"));
  await world.mustWork();
});

Deno.test("tlsTransport() gives a handshake that does not end a limited time", async () => {
  const clock = new ManualClock(Date.now());
  await using world = await World.start({ clock });
  const silent = world.say("");
  const slow = world.say("\u0016\u0003\u0001");
  await world.mustWork();
  clock.advance(2_000);
  await Promise.all([silent, slow]);
  assert.equal(world.parts.refusals.counts.timeout, 2);
  await world.mustWork("n3");
});

Deno.test("tlsTransport() bears a thousand handshakes that nobody finishes", async () => {
  const handshakes = { max: 100, maxPerHost: 1_000, timeoutMs: 60_000 };
  await using world = await World.start({ handshakes });
  const sockets = Array.from({ length: 1_000 }, () => {
    const socket = net.connect({ host: world.address.hostname, port: world.address.port });
    socket.on("error", () => {});
    socket.resume();
    return socket;
  });
  const open = new Set(sockets);
  const closed = sockets.map((socket) =>
    new Promise<void>((resolve) =>
      socket.once("close", () => {
        open.delete(socket);
        if (open.size <= 100) resolve();
      })
    )
  );
  await Promise.race(closed);
  assert.ok(open.size <= 100, `${open.size} are open`);
  assert.equal(world.parts.refusals.counts["too many"], 900);
  await world.mustWork();
  for (const socket of sockets) socket.destroy();
});

Deno.test("tlsTransport() gives one address a share of the handshakes", async () => {
  const handshakes = { max: 100, maxPerHost: 3, timeoutMs: 60_000 };
  await using world = await World.start({ handshakes });
  const held = Array.from({ length: 3 }, () => world.say(""));
  await world.say("");
  assert.equal(world.parts.refusals.counts["too many"], 1);
  await world.server.close();
  await Promise.all(held);
});

Deno.test("tlsTransport() dial() refuses a server that is no node of the cluster", async () => {
  const { warnings, ...parts } = tlsParts();
  await using impostor = await World.start({
    credentials: new Replaceable(await newCredentials(strangers, "n1")),
  });
  const dialling = impostor.dial(credentials("n2"), { ...parts, warnings });
  await assert.rejects(dialling, {
    name: "PEER_REFUSED",
    message: /none of the authorities in tls.ca/,
  });
  assert.deepEqual(parts.refusals.counts, { "unknown authority": 1 });
  assert.match(warnings.join("\n"), /^A connection to a peer was refused .*127\.0\.0\.1/);
});

Deno.test("tlsTransport() and a plain transport do not talk, whoever dials", async () => {
  const plain = tcpTransport(loopback);
  const address = await plain.listen((link) => link.start({ onFrame() {}, onClose() {} }));
  const client = tlsTransport(loopback, { ...tlsParts(), credentials: credentials("n2") });
  // The start of a handshake reads as a frame that is not whole yet, or as one that is too long.
  await assert.rejects(client.dial(address, { timeoutMs: 200 }), /PEER_REFUSED|TIMEOUT/);
  await client.close();

  await using world = await World.start();
  const link = await plain.dial(world.address, { timeoutMs: 5_000 });
  const closed = Promise.withResolvers<string>();
  link.start({ onFrame() {}, onClose: closed.resolve });
  link.send(Uint8Array.of(1, 2, 3));
  assert.notEqual(await closed.promise, "");
  await world.mustWork();
  await plain.close();
});

Deno.test("tlsTransport() dial() gives up on a handshake that does not end", async () => {
  using listener = Deno.listen(loopback);
  const client = tlsTransport(loopback, { ...tlsParts(), credentials: credentials("n2") });
  const dialling = client.dial(listener.addr as Deno.NetAddr, { timeoutMs: 100 });
  const refused = assert.rejects(dialling, { name: "TIMEOUT" });
  const conn = await listener.accept();
  await refused;
  conn.close();
  await client.close();
});

Deno.test("tlsTransport() uses new certificates for new links and keeps the old links", async () => {
  await using world = await World.start();
  const client = credentials("n2");
  const before = await world.dial(client);

  const next = await newAuthority();
  const both = [authority.certificate, next.certificate];
  for (const source of [world.source, client]) {
    source.replace({ ...source.current, authorities: both });
  }
  world.source.replace({ ...await newCredentials(next, "n1"), authorities: both });
  const middle = await world.dial(client);
  client.replace({ ...await newCredentials(next, "n2"), authorities: both });
  world.source.replace({ ...world.source.current, authorities: [next.certificate] });
  client.replace({ ...client.current, authorities: [next.certificate] });
  const after = await world.dial(client);

  for (const { link, heard } of [before, middle, after]) {
    link.send(Uint8Array.of(9));
    assert.deepEqual(await heard, Uint8Array.of(9));
  }
  assert.deepEqual(world.closings, []);
  const outdated = await world.dial({ ...credentials("n3").current, authorities: both });
  await outdated.closed;
  assert.equal(world.parts.refusals.counts["unknown authority"], 1);
});
