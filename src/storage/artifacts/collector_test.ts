import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import type { StorageReply, StorageRequest } from "../../dht/types.ts";
import { createLogger } from "../../sdk/logger.ts";
import type { PeerHandler } from "../peers.ts";
import type { StorageHost } from "../service.ts";
import type { ArtifactDht } from "./artifact_dht.ts";
import { Collector } from "./collector.ts";

const minuteMs = 60_000;
const keys = Array.from({ length: 50 }, (_, index) => `chunk-${index}`);

/** A node whose chunks nobody names, and which takes this long to remove each. */
function world(removeMs: number, answer: (timeoutMs: number) => object = () => assert.fail()) {
  const clock = new ManualClock();
  const removed: string[] = [];
  const asked: { readonly timeoutMs: number; readonly question: Record<string, unknown> }[] = [];
  let handler: PeerHandler = () => assert.fail("No handler");
  const host = {
    node: "a",
    clock,
    log: createLogger(() => {}),
    topology: () => ({ members: [{ id: "a" }, { id: "b" }] }),
    peers: {
      handle: (_topic: string, handle: PeerHandler) => handler = handle,
      ask: (_node: string, _topic: string, body: Uint8Array, timeoutMs: number) => {
        asked.push({ timeoutMs, question: JSON.parse(new TextDecoder().decode(body)) });
        return Promise.try(() => new TextEncoder().encode(JSON.stringify(answer(timeoutMs))));
      },
    },
  };
  const reply = (request: StorageRequest): StorageReply => {
    if (request.op !== "list") return { op: "read", entry: undefined } as StorageReply;
    const listed = request.partition === 0 ? keys.map((key) => ({ key, isTombstone: false })) : [];
    return { op: "list", listed, isLast: true } as unknown as StorageReply;
  };
  const dht = {
    owners: () => ["a", "b"],
    store: { handle: (requests: readonly StorageRequest[]) => requests.map(reply) },
    dht: {
      remove: (_scope: string, key: string) => {
        removed.push(key);
        clock.advance(removeMs);
        return Promise.resolve();
      },
    },
  };
  const collector = new Collector(host as unknown as StorageHost, dht as unknown as ArtifactDht);
  const ask = async (question: object) => {
    const body = new TextEncoder().encode(JSON.stringify(question));
    return JSON.parse(new TextDecoder().decode(await handler(body, "b")));
  };
  return { collector, ask, removed, asked };
}

Deno.test("Collector removes nothing any more when its collection may be taken for over", async () => {
  const none = () => ({ chunks: 0, bytes: 0, isCut: false });
  const { collector, removed } = world(minuteMs, none);
  const { chunks, silent } = await collector.all([], false);
  assert.deepEqual([chunks, removed.length], [8, 8]);
  assert.deepEqual(silent, ["a"]);
});

Deno.test("Collector removes nothing any more when the node that asked has given up", async () => {
  const { ask, removed } = world(20_000);
  const answer = await ask({ indexes: [], dryRun: false, timeoutMs: 120_000 });
  // The last one may take its time, and the question has taken some.
  assert.deepEqual(answer, { chunks: 6, bytes: 0, isCut: true });
  assert.equal(removed.length, 6);
});

Deno.test("Collector counts what a node that was cut off has removed, and names it", async () => {
  const { collector, asked } = world(1_000, () => ({ chunks: 5, bytes: 7, isCut: true }));
  assert.deepEqual(await collector.all([], false), { chunks: 55, bytes: 7, silent: ["b"] });
  assert.deepEqual(asked, [{
    timeoutMs: 120_000,
    question: { indexes: [], dryRun: false, timeoutMs: 120_000 },
  }]);
});

Deno.test("Collector gives other nodes no more time than its collection has left", async () => {
  const { collector, asked } = world(9_000, () => ({ chunks: 0, bytes: 0, isCut: false }));
  assert.deepEqual((await collector.all([], false)).silent, []);
  assert.deepEqual(asked.map(({ timeoutMs }) => timeoutMs), [8 * minuteMs - 50 * 9_000]);
});
