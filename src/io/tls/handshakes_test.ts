import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { ManualClock } from "../../base/clock.ts";
import { Handshakes } from "./handshakes.ts";

class Knock extends EventEmitter {
  isDestroyed = false;

  constructor(readonly remoteAddress: string, readonly remotePort: number) {
    super();
  }

  destroy(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    this.emit("close");
  }
}

function setUp() {
  const clock = new ManualClock();
  const refused: string[] = [];
  const limits = { timeoutMs: 100, max: 4, maxPerHost: 2 };
  const handshakes = new Handshakes(clock, limits, (host, { kind }) => {
    refused.push(`${host} ${kind}`);
  });
  let port = 0;
  const knock = (host: string) => {
    const socket = new Knock(host, port++);
    return { socket, isTaken: handshakes.add(socket as unknown as Socket) };
  };
  return { clock, refused, handshakes, knock };
}

Deno.test("Handshakes.add() gives each host a share, which comes back", () => {
  const { refused, handshakes, knock } = setUp();
  const first = knock("a").socket;
  assert.ok(knock("a").isTaken);
  const third = knock("a");
  assert.deepEqual([third.isTaken, third.socket.isDestroyed], [false, true]);
  assert.ok(knock("b").isTaken);
  first.destroy();
  assert.ok(knock("a").isTaken);
  assert.deepEqual(refused, ["a too many"]);
  assert.equal(handshakes.size, 3);
});

Deno.test("Handshakes.add() closes the oldest when there are too many", () => {
  const { refused, handshakes, knock } = setUp();
  const oldest = knock("a").socket;
  for (const host of ["b", "c", "d", "e"]) assert.ok(knock(host).isTaken);
  assert.ok(oldest.isDestroyed);
  assert.deepEqual(refused, ["a too many"]);
  assert.equal(handshakes.size, 4);
});

Deno.test("Handshakes ends those that last too long, and leaves those alone that are done", () => {
  const { clock, refused, handshakes, knock } = setUp();
  const done = knock("a").socket;
  const slow = knock("b").socket;
  handshakes.done(done as unknown as Socket);
  clock.advance(100);
  assert.deepEqual([done.isDestroyed, slow.isDestroyed], [false, true]);
  assert.deepEqual(refused, ["b timeout"]);
  knock("c");
  handshakes.close();
  assert.equal(handshakes.size, 0);
  assert.deepEqual(refused, ["b timeout"]);
});
