import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { ManualClock } from "../base/clock.ts";
import { ByteWriter } from "../base/codec.ts";
import { MemoryNetwork } from "../base/transport/memory_network.ts";
import type { Link } from "../base/transport/transport.ts";
import { tcpTransport } from "../io/tcp_transport.ts";
import { encodeGatewayFrame, type GatewayFrame } from "../protocol/gateway/frame.ts";
import type { Answer, Call } from "./call.ts";
import { PeerGateway } from "./peer_gateway.ts";
import { PeerServer, type TakenCall } from "./peer_server.ts";

const call: Call = {
  method: "get",
  requestId: "r-1",
  remainingMs: 5_000,
  pathParameters: "a",
  query: "x=1",
  body: "{}",
  meta: "",
};

/** A peer that serves on a real port, and a gateway that calls it. */
class World implements AsyncDisposable {
  readonly taken: { artifact: string; call: Call; answer: PromiseWithResolvers<Answer> }[] = [];
  readonly aborted: string[] = [];
  answer: "notHosted" | "full" | undefined;
  readonly server = tcpTransport({ hostname: "127.0.0.1", port: 0 });
  readonly client = tcpTransport({ hostname: "127.0.0.1", port: 0 });
  readonly links: Link[] = [];
  #onTaken: () => void = () => {};
  #peers: PeerGateway[] = [];
  address = "";

  static async start(): Promise<World> {
    const world = new World();
    const peers = new PeerServer({
      hello: () => ({ cluster: "c1", node: "n2" }),
      callLocal: (artifact, received) => world.#take(artifact, received),
    });
    const { hostname, port } = await world.server.listen((link) => {
      world.links.push(link);
      peers.serve(link);
    });
    world.address = `${hostname}:${port}`;
    return world;
  }

  peer(cluster = "c1", address = this.address): PeerGateway {
    const hello = () => ({ cluster, node: "n1" });
    const peer = new PeerGateway({
      node: "n2",
      address,
      transport: this.client,
      hello,
      silenceMs: () => 1_000,
    });
    this.#peers.push(peer);
    return peer;
  }

  /** Resolves when this many calls have been taken. */
  async untilTaken(count: number): Promise<void> {
    while (this.taken.length < count) {
      await new Promise<void>((resolve) => {
        this.#onTaken = resolve;
      });
    }
  }

  #take(artifact: string, received: Call): TakenCall | "notHosted" | "full" {
    if (this.answer !== undefined) return this.answer;
    const answer = Promise.withResolvers<Answer>();
    this.taken.push({ artifact, call: received, answer });
    this.#onTaken();
    return { answer: answer.promise, abort: () => this.aborted.push(received.requestId) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) peer.close();
    await this.client.close();
    await this.server.close();
  }
}

Deno.test("PeerGateway.call() reaches an instance behind PeerServer and brings its answer", async () => {
  await using world = await World.start();
  const { answer } = world.peer().call("org.example:one", call);
  await world.untilTaken(1);
  const taken = world.taken[0];
  assert.equal(taken?.artifact, "org.example:one");
  assert.equal(taken?.call.pathParameters, "a");
  assert.equal(taken?.call.body, "{}");
  taken?.answer.resolve({ kind: "output", status: 201, body: '{"ä":1}' });
  assert.deepEqual(await answer, { kind: "output", status: 201, body: '{"ä":1}' });
});

Deno.test("PeerServer says notHosted and full without executing anything", async () => {
  await using world = await World.start();
  const peer = world.peer();
  for (const kind of ["notHosted", "full"] as const) {
    world.answer = kind;
    assert.deepEqual(await peer.call("org.example:one", call).answer, { kind });
  }
  assert.equal(world.taken.length, 0);
});

Deno.test("PeerGateway.call() is notHosted when nothing listens, so that it can go elsewhere", async () => {
  await using world = await World.start();
  const peer = world.peer("c1", "127.0.0.1:1");
  assert.deepEqual(await peer.call("org.example:one", call).answer, { kind: "notHosted" });
});

Deno.test("PeerGateway.call() is lost when the link breaks during the call", async () => {
  await using world = await World.start();
  const { answer } = world.peer().call("org.example:one", call);
  await world.untilTaken(1);
  world.links[0]?.close();
  assert.deepEqual(await answer, { kind: "lost" });
});

Deno.test("PeerGateway.abort() ends the call here and there", async () => {
  await using world = await World.start();
  const peer = world.peer();
  const { id, answer } = peer.call("org.example:one", call);
  await world.untilTaken(1);
  peer.abort(id);
  assert.deepEqual(await answer, { kind: "aborted" });
  const next = peer.call("org.example:one", { ...call, requestId: "r-2" });
  await world.untilTaken(2);
  assert.deepEqual(world.aborted, ["r-1"]);
  world.taken[1]?.answer.resolve({ kind: "problem", status: 404, body: "{}" });
  assert.deepEqual(await next.answer, { kind: "problem", status: 404, body: "{}" });
});

Deno.test("PeerServer refuses the gateway of another cluster", async () => {
  await using world = await World.start();
  const outcome = await world.peer("c2").call("org.example:one", call).answer;
  assert.equal(outcome.kind, "notHosted");
  assert.equal(world.taken.length, 0);
});

Deno.test("PeerServer closes a link that does not start with hello", async () => {
  await using world = await World.start();
  const [hostname = "", port = ""] = world.address.split(":");
  const link = await world.client.dial({ hostname, port: Number(port) }, { timeoutMs: 1_000 });
  const closed = Promise.withResolvers<string>();
  link.start({ onFrame: () => {}, onClose: closed.resolve });
  const frame: GatewayFrame = { kind: "abort", id: 1 };
  link.send(encodeGatewayFrame(frame, new ByteWriter()));
  await closed.promise;
  assert.equal(world.taken.length, 0);
});

/** Two gateways on a network whose packets can be lost, and time that the test lets pass. */
class HalfOpen {
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly aborted: string[] = [];
  readonly closed: string[] = [];
  readonly peer: PeerGateway;
  /** Whether the called side has something to say all the time. */
  talks = false;
  readonly #server: PeerServer;
  #served: Link | undefined;
  #now = 0;

  constructor() {
    const far = this.network.transport({ hostname: "b", port: 1 });
    this.#server = new PeerServer({
      hello: () => ({ cluster: "c1", node: "n2" }),
      callLocal: (_artifact, { requestId }) => ({
        answer: new Promise(() => {}),
        abort: () => this.aborted.push(requestId),
      }),
    });
    far.listen((link) => {
      const watched: Link = {
        remote: link.remote,
        get queuedBytes() {
          return link.queuedBytes;
        },
        send: (frame) => link.send(frame),
        close: (reason) => link.close(reason),
        start: ({ onFrame, onClose }) =>
          link.start({
            onFrame,
            onClose: (reason) => {
              this.closed.push(reason);
              onClose(reason);
            },
          }),
      };
      this.#server.serve(watched);
      this.#served = link;
    });
    this.peer = new PeerGateway({
      node: "n2",
      address: "b:1",
      transport: this.network.transport({ hostname: "a", port: 1 }),
      hello: () => ({ cluster: "c1", node: "n1" }),
      silenceMs: () => 1_000,
    });
  }

  /** Lets time pass, with sweeps on both sides. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = this.#now + durationMs;
    while (this.#now < untilMs) {
      this.#now += 100;
      this.clock.advance(100);
      if (this.talks) this.#served?.send(encodeGatewayFrame({ kind: "pong" }, new ByteWriter()));
      // What arrives is handled in turns of its own.
      await new Promise((resolve) => setImmediate(resolve));
      this.peer.expire(this.#now);
      this.#server.expire(this.#now);
    }
  }

  cut(): void {
    this.network.cut("a", "b");
    this.network.cut("b", "a");
  }
}

Deno.test("A caller that only listens is not given up", async () => {
  const world = new HalfOpen();
  void world.peer.call("org.example:one", { ...call, remainingMs: 1e9 });
  await world.pass(500);
  world.talks = true;
  await world.pass(60_000);
  assert.deepEqual([world.aborted, world.closed], [[], []]);
  world.peer.close();
});

Deno.test("Both ends of a link give each other up when the other vanishes without a word", async () => {
  const world = new HalfOpen();
  const { answer } = world.peer.call("org.example:one", { ...call, remainingMs: 1e9 });
  await world.pass(60_000);
  assert.deepEqual(
    [world.peer.isSound, world.aborted, world.closed],
    [true, [], []],
    "while quiet",
  );
  world.cut();
  await world.pass(1_300);
  assert.deepEqual(await answer, { kind: "lost" });
  assert.ok(!world.peer.isSound, "others are called first");
  assert.deepEqual(world.aborted, [], "the other side waits longer");
  await world.pass(9_500);
  assert.deepEqual(world.aborted, ["r-1"]);
  assert.deepEqual(world.closed, ["The calling node is silent"]);
  world.peer.close();
});

Deno.test("PeerGateway is not sound from when its link breaks until it was dialled again", async () => {
  await using world = await World.start();
  const peer = world.peer();
  const { answer } = peer.call("org.example:one", call);
  await world.untilTaken(1);
  assert.ok(peer.isSound);
  world.links[0]?.close();
  assert.deepEqual(await answer, { kind: "lost" });
  assert.ok(!peer.isSound);
  peer.call("org.example:one", { ...call, requestId: "r-2" });
  await world.untilTaken(2);
  assert.ok(peer.isSound);
});
