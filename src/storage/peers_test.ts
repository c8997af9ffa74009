import assert from "node:assert/strict";
import { createLogger } from "../sdk/logger.ts";
import { AetherError } from "../base/errors.ts";
import { ByteWriter } from "../base/codec.ts";
import { defaultTransportLimits, formatAddress } from "../base/transport/transport.ts";
import { systemClock } from "../io/clock.ts";
import { tcpTransport } from "../io/tcp_transport.ts";
import { encodeStorageFrame } from "../protocol/storage/frame.ts";
import { StoragePeers } from "./peers.ts";

const log = createLogger(() => {});

interface TestPeer extends AsyncDisposable {
  readonly peers: StoragePeers;
  readonly address: string;
}

async function peer(node: string): Promise<TestPeer> {
  const transport = tcpTransport({ hostname: "127.0.0.1", port: 0 });
  const peers = new StoragePeers({ node, transport, clock: systemClock(), log });
  const address = formatAddress(await transport.listen(peers.accept));
  return { peers, address, [Symbol.asyncDispose]: () => peers.close() };
}

function introduce(peers: Readonly<Record<string, TestPeer>>, cluster = "c"): void {
  const members = Object.entries(peers).map(([id, { address }]) => ({
    id,
    address,
    isAlive: true,
  }));
  for (const { peers: each } of Object.values(peers)) {
    each.follow({ revision: 1, cluster, members, view: undefined });
  }
}

const text = (body: Uint8Array) => new TextDecoder().decode(body);
const bytes = (body: string) => new TextEncoder().encode(body);

Deno.test("StoragePeers carry questions both ways, errors and news", async () => {
  await using a = await peer("a");
  await using b = await peer("b");
  introduce({ a, b });
  b.peers.handle("greet", (body, from) => bytes(`${text(body)} from ${from}`));
  a.peers.handle("fail", () => {
    throw new AetherError("KEY_NOT_FOUND", "There is no such key");
  });
  const news = Promise.withResolvers<string>();
  a.peers.listen("news", (body, from) => news.resolve(`${text(body)} of ${from}`));
  assert.equal(text(await a.peers.ask("b", "greet", bytes("hi"), 5_000)), "hi from a");
  await assert.rejects(b.peers.ask("a", "fail", bytes(""), 5_000), { name: "KEY_NOT_FOUND" });
  await assert.rejects(b.peers.ask("a", "other", bytes(""), 5_000), { name: "NOT_BUILT" });
  b.peers.tell("a", "news", bytes("it"));
  assert.equal(await news.promise, "it of b");
});

Deno.test("StoragePeers.ask() ends with its deadline, and with the link", async () => {
  await using a = await peer("a");
  const b = await peer("b");
  introduce({ a, b });
  const asked = Promise.withResolvers<void>();
  b.peers.handle("never", () => {
    asked.resolve();
    return new Promise(() => {});
  });
  await assert.rejects(a.peers.ask("b", "never", bytes(""), 20), { name: "TIMEOUT" });
  const pending = a.peers.ask("b", "never", bytes(""), 60_000);
  await asked.promise;
  await b.peers.close();
  await assert.rejects(pending, { name: "UNREACHABLE" });
  await assert.rejects(a.peers.ask("b", "never", bytes(""), 60_000), { name: "UNREACHABLE" });
  await assert.rejects(a.peers.ask("nobody", "never", bytes(""), 1), { name: "UNREACHABLE" });
});

Deno.test("StoragePeers.ask() keeps nothing of a question that is too large to be sent", async () => {
  await using a = await peer("a");
  await using b = await peer("b");
  introduce({ a, b });
  b.peers.handle("greet", () => bytes("hi"));
  const body = new Uint8Array(defaultTransportLimits.maxFrameBytes);
  // What is left of it would be a timer, and a rejection that nobody hears.
  await assert.rejects(a.peers.ask("b", "greet", body, 60_000), /^InvariantError: Frame of/);
  assert.equal(text(await a.peers.ask("b", "greet", bytes(""), 5_000)), "hi");
});

Deno.test("StoragePeers refuse strangers, other clusters and what is no frame", async () => {
  await using a = await peer("a");
  await using b = await peer("b");
  introduce({ a, b });
  const hellos = [
    { kind: "hello", cluster: "c", node: "stranger" },
    { kind: "hello", cluster: "other", node: "b" },
    { kind: "ping" },
  ] as const;
  const transport = tcpTransport({ hostname: "127.0.0.1", port: 0 });
  const [hostname = "", port = ""] = a.address.split(":");
  for (const hello of hellos) {
    const link = await transport.dial({ hostname, port: Number(port) }, { timeoutMs: 5_000 });
    const closed = Promise.withResolvers<void>();
    link.start({ onFrame() {}, onClose: () => closed.resolve() });
    link.send(encodeStorageFrame(hello, new ByteWriter()));
    await closed.promise;
  }
  await transport.close();
  // A member that is none any more loses its link.
  b.peers.handle("greet", () => bytes("hi"));
  assert.equal(text(await a.peers.ask("b", "greet", bytes(""), 5_000)), "hi");
  a.peers.follow({ revision: 2, cluster: "c", members: [], view: undefined });
  await assert.rejects(a.peers.ask("b", "greet", bytes(""), 5_000), { name: "UNREACHABLE" });
});
