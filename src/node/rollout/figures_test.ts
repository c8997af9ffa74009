import assert from "node:assert/strict";
import { noCounts } from "../../protocol/figures.ts";
import type { AskHandler } from "../cluster/asks.ts";
import { ClusterFigures } from "./figures.ts";

const echo = "org.example:echo:1.0.0";
const none = { requests: 0, errors: 0, p99Ms: 0 };

function counts(requests: number, errors = 0) {
  const latencies = [requests, ...noCounts(echo).latencies.slice(1)];
  return [{ artifact: echo, requests, errors, latencies, cpuMs: 0 }];
}

/** Two nodes whose questions reach each other. */
function pair() {
  const handlers = new Map<string, AskHandler>();
  const nodeOf = (node: string, other: string) =>
    new ClusterFigures({
      peers: () => [other],
      asks: {
        handle: (_topic, handler) => void handlers.set(node, handler),
        ask: (to, _topic, body) =>
          handlers.get(to)?.(body, node) ?? Promise.reject(new Error("Nobody")),
      },
    });
  return { one: nodeOf("n1", "n2"), two: nodeOf("n2", "n1"), handlers };
}

Deno.test("ClusterFigures.since() adds what all gateways have counted since the mark", async () => {
  const { one, two } = pair();
  one.onCounts(counts(1_000));
  await one.gather();
  assert.deepEqual(one.since(echo, new Map()), none, "what was before is no news");
  const mark = one.mark();
  one.onCounts(counts(1_010, 1));
  two.onCounts(counts(5, 2));
  await one.gather();
  assert.deepEqual(one.since(echo, mark), { requests: 15, errors: 3, p99Ms: 1 });
  const later = one.mark();
  // The other gateway has started anew.
  two.onCounts(counts(3));
  await one.gather();
  assert.deepEqual(one.since(echo, later), { requests: 3, errors: 0, p99Ms: 1 });
  assert.deepEqual(one.since("org.example:other:1.0.0", mark), none);
});

Deno.test("ClusterFigures.gather() loses nothing of a node that does not answer for a while", async () => {
  const { one, two, handlers } = pair();
  await one.gather();
  const mark = one.mark();
  const handler = handlers.get("n2") as AskHandler;
  handlers.delete("n2");
  two.onCounts(counts(7));
  await one.gather();
  assert.deepEqual(one.since(echo, mark), none);
  handlers.set("n2", handler);
  two.onCounts(counts(9));
  await one.gather();
  assert.equal(one.since(echo, mark).requests, 9);
});

Deno.test("ClusterFigures.counts() has the CPU time of all instances of a version", async () => {
  const { one, two } = pair();
  const used = (node: string, ...cpuMs: (number | undefined)[]) =>
    cpuMs.map((each, index) => ({ instance: `${node}/${echo}/${index + 1}`, cpuMs: each }));
  one.onUsages(used("n1", 500));
  await one.gather();
  const mark = one.mark();
  const cpuMs = () => one.counts(echo, mark).cpuMs;
  assert.equal(cpuMs(), 0, "what was before is no news");
  one.onUsages(used("n1", 700, 30));
  two.onUsages([...used("n2", 100, undefined), {
    instance: "n2/org.example:other:1.0.0/1",
    cpuMs: 9,
  }]);
  await one.gather();
  assert.equal(cpuMs(), 200 + 30 + 100);
  // A gateway starts anew, an instance too, and another one has ended.
  one.onCounts(counts(3));
  await one.gather();
  one.onCounts(counts(1));
  one.onUsages(used("n1", 50));
  await one.gather();
  assert.equal(cpuMs(), 330 + 50);
});
