import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { ManualClock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { Asks } from "./asks.ts";
import type { PeerFrame } from "../../protocol/peer/frame.ts";

type Frame = Parameters<Asks["receive"]>[1];

function isName(name: string): (error: unknown) => boolean {
  return (error) => error instanceof AetherError && error.name === name;
}

/** Two nodes whose frames are handed over by the test. */
class Pair {
  readonly clock = new ManualClock();
  readonly sent: [from: string, frame: Frame][] = [];
  readonly a: Asks;
  readonly b: Asks;
  isLinked = true;
  queuedBytes = 0;

  constructor(answerBytesMax = 1_000_000) {
    const node = (from: string) =>
      new Asks({
        clock: this.clock,
        answerBytesMax,
        send: (_to: string, frame: Frame) => {
          if (this.isLinked) this.sent.push([from, frame]);
          return this.isLinked;
        },
        queuedBytes: () => this.queuedBytes,
      });
    this.a = node("a");
    this.b = node("b");
  }

  /** Hands over what was sent, until nothing more is. */
  async deliver(change: (frame: Frame) => Frame | undefined = (frame) => frame): Promise<void> {
    for (let idle = 0; idle < 3;) {
      const next = this.sent.shift();
      await new Promise((resolve) => setImmediate(resolve));
      if (next === undefined) {
        idle++;
        continue;
      }
      idle = 0;
      const frame = change(next[1]);
      if (frame !== undefined) (next[0] === "a" ? this.b : this.a).receive(next[0], frame);
    }
  }
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (content: string) => new TextEncoder().encode(content);

Deno.test("Asks.ask() brings the answer of the other node's handler", async () => {
  const pair = new Pair();
  pair.b.handle("echo", (body, from) => Promise.resolve(bytes(`${from} said ${text(body)}`)));
  const asked = pair.a.ask("b", "echo", bytes("hello"), 100);
  await pair.deliver();
  assert.equal(text(await asked), "a said hello");
  assert.equal(pair.clock.pendingTimers, 0);
});

Deno.test("Asks carry large and empty answers whole, in pieces of 64 KiB", async () => {
  for (const size of [0, 1, 65_536, 65_537, 300_000]) {
    const pair = new Pair();
    const answer = Uint8Array.from({ length: size }, (_, index) => index * 7);
    pair.b.handle("get", () => Promise.resolve(answer));
    const asked = pair.a.ask("b", "get", new Uint8Array(), 100);
    let pieces = 0;
    await pair.deliver((frame) => {
      if (frame.kind === "answer") {
        pieces++;
        assert.ok(frame.bytes.length <= 65_536);
      }
      return frame;
    });
    assert.deepEqual(await asked, answer);
    assert.equal(pieces, Math.max(1, Math.ceil(size / 65_536)));
  }
});

Deno.test("Asks wait with further pieces while the queue is long", async () => {
  const pair = new Pair();
  pair.b.handle("get", () => Promise.resolve(new Uint8Array(300_000)));
  const asked = pair.a.ask("b", "get", new Uint8Array(), 1_000);
  pair.queuedBytes = 600_000;
  await pair.deliver();
  pair.clock.advance(50);
  await pair.deliver();
  let isAnswered = false;
  asked.then(() => {
    isAnswered = true;
  });
  await pair.deliver();
  assert.equal(isAnswered, false);
  pair.queuedBytes = 0;
  pair.clock.advance(10);
  await pair.deliver();
  assert.equal((await asked).length, 300_000);
});

Deno.test("Asks bring the other node's error with its name", async () => {
  const pair = new Pair();
  pair.b.handle("get", () => Promise.reject(new AetherError("ARTIFACT_NOT_FOUND", "Not here")));
  pair.b.handle("bug", () => {
    throw new TypeError("A bug");
  });
  const asked = pair.a.ask("b", "get", new Uint8Array(), 100);
  const bug = pair.a.ask("b", "bug", new Uint8Array(), 100);
  const unknown = pair.a.ask("b", "what", new Uint8Array(), 100);
  const settled = Promise.allSettled([asked, bug, unknown]);
  await pair.deliver();
  const errors = (await settled).map((each) => each.status === "rejected" ? each.reason : each);
  assert.deepEqual(errors.map(({ name, message }) => `${name}: ${message}`), [
    "ARTIFACT_NOT_FOUND: Not here",
    "INTERNAL: A bug",
    'NOT_BUILT: This node does not know the topic "what"',
  ]);
});

Deno.test("Asks survive an error that is none", async () => {
  for (const problem of ["{", "null", "7", '"x"', "[]"]) {
    const pair = new Pair();
    const asked = pair.a.ask("b", "get", new Uint8Array(), 100);
    const answer: PeerFrame = {
      kind: "answer",
      id: 1,
      ok: false,
      isLast: true,
      offset: 0,
      bytes: bytes(problem),
    };
    pair.a.receive("b", answer);
    await assert.rejects(asked, isName("INTERNAL"), problem);
  }
});

Deno.test("Asks.ask() ends after its time, and takes no late answer", async () => {
  const pair = new Pair();
  pair.b.handle("get", () => Promise.resolve(bytes("late")));
  const asked = pair.a.ask("b", "get", new Uint8Array(), 100);
  const rejected = assert.rejects(asked, isName("TIMEOUT"));
  pair.clock.advance(100);
  await rejected;
  await pair.deliver();
});

Deno.test("Asks.ask() fails at once without a link, and when the link ends", async () => {
  const pair = new Pair();
  pair.isLinked = false;
  await assert.rejects(pair.a.ask("b", "get", new Uint8Array(), 100), isName("UNREACHABLE"));
  pair.isLinked = true;
  const asked = pair.a.ask("b", "get", new Uint8Array(), 100);
  const other = pair.a.ask("c", "get", new Uint8Array(), 100);
  const rejected = assert.rejects(asked, isName("UNREACHABLE"));
  pair.a.lost("b");
  await rejected;
  // Only that node's.
  assert.equal(pair.clock.pendingTimers, 1);
  pair.a.lost("c");
  await assert.rejects(other, isName("UNREACHABLE"));
});

Deno.test("Asks never put an answer together of which a piece is missing", async () => {
  const pair = new Pair();
  pair.b.handle("get", () => Promise.resolve(new Uint8Array(300_000)));
  const asked = pair.a.ask("b", "get", new Uint8Array(), 100);
  const rejected = assert.rejects(asked, isName("UNREACHABLE"));
  let count = 0;
  await pair.deliver((frame) => frame.kind === "answer" && ++count === 3 ? undefined : frame);
  await rejected;
});

Deno.test("Asks refuse an answer that is too large, and answers of others", async () => {
  const pair = new Pair(100_000);
  pair.b.handle("get", () => Promise.resolve(new Uint8Array(150_000)));
  const asked = pair.a.ask("b", "get", new Uint8Array(), 100);
  const rejected = assert.rejects(asked, isName("BODY_TOO_LARGE"));
  const forged = {
    kind: "answer",
    id: 1,
    ok: true,
    isLast: true,
    offset: 0,
    bytes: bytes("forged"),
  } as const;
  pair.a.receive("c", forged);
  pair.a.receive("b", { ...forged, id: 99 });
  await pair.deliver();
  await rejected;
});

Deno.test("Asks have limits on both sides", async () => {
  const pair = new Pair();
  const never = new Promise<Uint8Array>(() => {});
  pair.b.handle("hang", () => never);
  const asked = Array.from({ length: 1_000 }, () => pair.a.ask("b", "hang", bytes("x"), 100));
  await assert.rejects(pair.a.ask("b", "hang", bytes("x"), 100), isName("OVERLOADED"));
  const settled = Promise.allSettled(asked);
  await pair.deliver();
  pair.clock.advance(100);
  const names = (await settled).map((each) =>
    each.status === "rejected" ? (each.reason as Error).name : "fulfilled"
  );
  assert.equal(names.filter((name) => name === "OVERLOADED").length, 1_000 - 64);
  assert.equal(names.filter((name) => name === "TIMEOUT").length, 64);
});
