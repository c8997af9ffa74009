/**
 * What every {@link Transport} must do: one suite, run on TCP and on the twin in memory.
 *
 * @module
 */
import assert from "node:assert/strict";
import { InvariantError } from "../../src/base/assert.ts";
import { ByteReader } from "../../src/base/codec.ts";
import type {
  Address,
  Link,
  Transport,
  TransportLimits,
} from "../../src/base/transport/transport.ts";

/** How the suite uses one kind of transport. */
export interface TransportHarness {
  /** A new transport that can reach all others of this harness. */
  transport(limits?: Partial<TransportLimits>): Transport;
  /** Awaits something that needs the network to move. */
  until<T>(promise: Promise<T>): Promise<T>;
  /** Lets a transport listen where another one does; for the error. */
  transportAt(address: Address): Transport;
}

/** One end of a link and what it has heard; `closed` resolves with the reason. */
export interface Peer {
  readonly link: Link;
  readonly frames: Uint8Array[];
  readonly closed: Promise<string>;
  /** Resolves when so many frames have arrived. */
  received(count: number): Promise<Uint8Array[]>;
}

/** Starts a link and records what it hears. */
export function follow(link: Link, onFrame: (frame: Uint8Array) => void = () => {}): Peer {
  const frames: Uint8Array[] = [];
  const waiting: { count: number; resolve: (frames: Uint8Array[]) => void }[] = [];
  const closed = Promise.withResolvers<string>();
  let closings = 0;
  link.start({
    onFrame(frame) {
      frames.push(frame.slice());
      onFrame(frame);
      waiting.filter(({ count }) => count <= frames.length).forEach(({ resolve }) =>
        resolve(frames)
      );
    },
    onClose(reason) {
      assert.equal(++closings, 1, "onClose is called once");
      closed.resolve(reason);
    },
  });
  const received = (count: number) =>
    new Promise<Uint8Array[]>((resolve) => {
      if (frames.length >= count) resolve(frames);
      else waiting.push({ count, resolve });
    });
  return { link, frames, closed: closed.promise, received };
}

type Make = () => TransportHarness;

async function connect(
  harness: TransportHarness,
  limits: { near?: Partial<TransportLimits>; far?: Partial<TransportLimits> } = {},
): Promise<{ near: Link; far: Link; address: Address; close: () => Promise<void> }> {
  const server = harness.transport(limits.far);
  const client = harness.transport(limits.near);
  const accepted = Promise.withResolvers<Link>();
  const address = await server.listen(accepted.resolve);
  const near = await harness.until(client.dial(address, { timeoutMs: 1000 }));
  const far = await harness.until(accepted.promise);
  const close = async () => {
    await client.close();
    await server.close();
  };
  return { near, far, address, close };
}

/** Registers the suite under a name. */
export function testTransport(name: string, makeHarness: Make): void {
  const test = (behaviour: string, run: (harness: TransportHarness) => Promise<void>) =>
    Deno.test(`${name}: ${behaviour}`, () => run(makeHarness()));
  testFrames(test);
  testLimits(test);
  testRefusals(test);
  testClosing(test);
}

type Test = (behaviour: string, run: (harness: TransportHarness) => Promise<void>) => void;

function testFrames(test: Test): void {
  test("frames of all sizes arrive whole and in order, both ways", async (harness) => {
    const { near, far, close } = await connect(harness);
    const sizes = [1, 2, 100, 65_535, 65_536, 65_537, 300_000, 1];
    const frames = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
    const left = follow(near);
    const right = follow(far);
    for (const frame of frames) assert.ok(near.send(frame) && far.send(frame));
    assert.deepEqual(await harness.until(right.received(frames.length)), frames);
    assert.deepEqual(await harness.until(left.received(frames.length)), frames);
    await close();
  });

  test("send() copies: the frame may be reused at once", async (harness) => {
    const { near, far, close } = await connect(harness);
    follow(near);
    const right = follow(far);
    const frame = Uint8Array.of(1, 2, 3);
    near.send(frame);
    frame.fill(9);
    assert.deepEqual(await harness.until(right.received(1)), [Uint8Array.of(1, 2, 3)]);
    await close();
  });

  test("frames sent before start() wait for it", async (harness) => {
    const { near, far, close } = await connect(harness);
    const left = follow(near);
    near.send(Uint8Array.of(7));
    far.send(Uint8Array.of(8));
    await harness.until(left.received(1));
    const right = follow(far);
    assert.deepEqual(await harness.until(right.received(1)), [Uint8Array.of(7)]);
    await close();
  });

  test("the address of the other end is known", async (harness) => {
    const { near, far, address, close } = await connect(harness);
    assert.deepEqual(near.remote, address);
    assert.equal(typeof far.remote.hostname, "string");
    await close();
  });
}

function testLimits(test: Test): void {
  test("send() refuses beyond the queue, onDrain tells when to go on", async (harness) => {
    const { near, far, close } = await connect(harness, { near: { maxQueuedBytes: 10_000 } });
    const drained = Promise.withResolvers<void>();
    near.start({ onFrame() {}, onClose() {}, onDrain: drained.resolve });
    const frame = new Uint8Array(1000);
    let accepted = 0;
    while (near.send(frame)) accepted++;
    assert.ok(accepted >= 9 && accepted <= 10, `${accepted} frames of 1000 bytes fit`);
    assert.ok(near.queuedBytes <= 10_000);
    const right = follow(far);
    await harness.until(drained.promise);
    assert.ok(near.queuedBytes <= 5000);
    assert.ok(near.send(frame));
    assert.equal((await harness.until(right.received(accepted + 1))).length, accepted + 1);
    await close();
  });

  test("send() takes frames of 1 byte up to the limit, anything else is a bug", async (harness) => {
    const { near, close } = await connect(harness, { near: { maxFrameBytes: 100 } });
    assert.throws(() => near.send(new Uint8Array(0)), InvariantError);
    assert.throws(() => near.send(new Uint8Array(101)), InvariantError);
    assert.ok(near.send(new Uint8Array(100)));
    await close();
  });
}

function testRefusals(test: Test): void {
  test("a frame beyond the receiver's limit closes that link with the reason", async (harness) => {
    const { near, far, close } = await connect(harness, { far: { maxFrameBytes: 100 } });
    const left = follow(near);
    const right = follow(far);
    near.send(new Uint8Array(101));
    assert.match(await harness.until(right.closed), /Frame refused: Frame of 101 bytes/);
    await harness.until(left.closed);
    assert.deepEqual(right.frames, []);
    await close();
  });

  test("a frame that does not parse closes that link and no other", async (harness) => {
    const server = harness.transport();
    const peers: Peer[] = [];
    const address = await server.listen((link) => {
      peers.push(follow(link, (frame) => new ByteReader(frame).u32()));
    });
    const client = harness.transport();
    const dial = () => harness.until(client.dial(address, { timeoutMs: 1000 }));
    const good = follow(await dial());
    const bad = follow(await dial());
    bad.link.send(Uint8Array.of(1));
    await harness.until(bad.closed);
    good.link.send(Uint8Array.of(1, 0, 0, 0));
    const [goodFar, badFar] = peers as [Peer, Peer]; // accepted in the order of the dials
    assert.match(
      await harness.until(badFar.closed),
      /Frame refused: 4 bytes are expected, 1 are left at byte 0/,
    );
    assert.equal((await harness.until(goodFar.received(1))).length, 1);
    await client.close();
    await server.close();
  });

  test("links beyond the limit are closed at once", async (harness) => {
    const server = harness.transport({ maxLinks: 1 });
    const address = await server.listen((link) => follow(link));
    const client = harness.transport();
    const dial = () => harness.until(client.dial(address, { timeoutMs: 1000 }));
    const first = follow(await dial());
    const second = follow(await dial());
    await harness.until(second.closed);
    assert.ok(first.link.send(Uint8Array.of(1)));
    await client.close();
    await server.close();
  });
}

function testClosing(test: Test): void {
  test("close() tells both ends why, once, and nothing is sent afterwards", async (harness) => {
    const { near, far, close } = await connect(harness);
    const left = follow(near);
    const right = follow(far);
    near.close("Wrong cluster");
    near.close("Again");
    assert.equal(await harness.until(left.closed), "Wrong cluster");
    assert.match(await harness.until(right.closed), /Closed by the peer|reset/);
    assert.equal(near.send(Uint8Array.of(1)), false);
    assert.equal(near.queuedBytes, 0);
    await close();
  });

  test("closing inside onFrame delivers nothing more", async (harness) => {
    const { near, far, close } = await connect(harness);
    follow(near);
    const right = follow(far, () => far.close());
    near.send(Uint8Array.of(1));
    near.send(Uint8Array.of(2));
    await harness.until(right.closed);
    assert.equal(right.frames.length, 1);
    await close();
  });

  test("Transport.close() closes every link and frees the port", async (harness) => {
    const { near, address, close } = await connect(harness);
    const left = follow(near);
    await close();
    await harness.until(left.closed);
    const next = harness.transportAt(address);
    assert.deepEqual(await next.listen(() => {}), address);
    await next.close();
  });

  test("dial() to where nobody listens is UNREACHABLE and names the address", async (harness) => {
    const { address, close } = await connect(harness);
    await close();
    const client = harness.transport();
    const dialled = harness.until(client.dial(address, { timeoutMs: 1000 }));
    await assert.rejects(dialled, (thrown: Error) => {
      assert.equal(thrown.name, "UNREACHABLE");
      return thrown.message.includes(`${address.hostname}:${address.port}`);
    });
    await client.close();
  });

  test("listen() on a taken port is PORT_TAKEN and names it", async (harness) => {
    const { address, close } = await connect(harness);
    const other = harness.transportAt(address);
    await assert.rejects(other.listen(() => {}), (thrown: Error) => {
      assert.equal(thrown.name, "PORT_TAKEN");
      return thrown.message.includes(String(address.port));
    });
    await other.close();
    await close();
  });
}
