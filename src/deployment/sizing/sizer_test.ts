import assert from "node:assert/strict";
import { noSizing, type Sizing } from "../../protocol/deployment/sizing.ts";
import {
  afterRemoval,
  nextSizeStep,
  nextStartMs,
  orderTimeoutMs,
  type SizedNode,
  type SizeSight,
} from "./sizer.ts";

function node(id: string, more: Partial<SizedNode> = {}): SizedNode {
  return { id, lifecycle: "ON_DUTY", isAlive: true, isLost: false, isVoter: true, ...more };
}

const lost = { isAlive: false, isLost: true };

function sight(members: readonly SizedNode[], more: Partial<SizeSight> = {}): SizeSight {
  return { wanted: 3, leader: "n1", members, nowMs: 0, ...more };
}

const sizingOf = (more: Partial<Sizing>): Sizing => ({ ...noSizing, ...more });

Deno.test("nextSizeStep() does nothing while the cluster has its size", () => {
  assert.equal(nextSizeStep(noSizing, sight([node("n1"), node("n2"), node("n3")])), undefined);
  const restarting = node("n3", { isAlive: false });
  assert.equal(nextSizeStep(noSizing, sight([node("n1"), node("n2"), restarting])), undefined);
});

Deno.test("nextSizeStep() replaces a lost node, its vote and its membership, in this order", () => {
  const before = [node("n1"), node("n2"), node("n3", lost)];
  const start = nextSizeStep(noSizing, sight(before));
  assert.ok(start?.type === "start");
  assert.deepEqual(start.sizing.order, {
    kind: "start",
    node: "auto-1",
    replaces: "n3",
    orderedAtMs: 0,
  });
  const { sizing } = start;
  assert.equal(nextSizeStep(sizing, sight(before)), undefined, "It is on its way");
  const joining = node("auto-1", { lifecycle: "JOINING", isVoter: false });
  assert.equal(nextSizeStep(sizing, sight([...before, joining])), undefined);
  const own = node("auto-1", { isVoter: false });
  assert.deepEqual(nextSizeStep(sizing, sight([...before, own])), {
    type: "promote",
    node: "auto-1",
    insteadOf: "n3",
  });
  const voting = [node("n1"), node("n2"), node("n3", { ...lost, isVoter: false }), node("auto-1")];
  assert.deepEqual(nextSizeStep(sizing, sight(voting)), { type: "remove", node: "n3" });
  const after = afterRemoval(sizing, "n3");
  const done = nextSizeStep(after, sight([node("n1"), node("n2"), node("auto-1")]));
  assert.ok(done?.type === "write");
  assert.equal(done.sizing.order, undefined);
  assert.deepEqual(done.sizing.started, ["auto-1"]);
});

Deno.test("nextSizeStep() puts nobody out who came back, and stops the one too many", () => {
  const sizing = sizingOf({
    order: { kind: "start", node: "auto-1", replaces: "n3", orderedAtMs: 0 },
    started: ["auto-1"],
  });
  const all = [node("n1"), node("n2"), node("n3"), node("auto-1", { isVoter: false })];
  const done = nextSizeStep(sizing, sight(all));
  assert.ok(done?.type === "write" && done.sizing.order === undefined);
  const surplus = nextSizeStep(done.sizing, sight(all));
  assert.ok(surplus?.type === "write");
  assert.deepEqual(surplus.sizing.order, { kind: "stop", node: "auto-1", orderedAtMs: 0 });
  const next = (lifecycle: SizedNode["lifecycle"]) =>
    nextSizeStep(surplus.sizing, sight([...all.slice(0, 3), node("auto-1", { lifecycle })]));
  assert.equal(next("ON_DUTY")?.type, "drain");
  assert.equal(next("DRAINING")?.type, "drain", "once more changes nothing");
  assert.deepEqual(next("DECOMMISSIONED"), { type: "remove", node: "auto-1" });
  const gone = nextSizeStep(surplus.sizing, sight(all.slice(0, 3)));
  assert.ok(gone?.type === "write");
  assert.deepEqual([gone.sizing.order, gone.sizing.started], [undefined, []]);
});

Deno.test("nextSizeStep() stops only what was started for the size, and never the leader", () => {
  const all = [node("n1"), node("n2"), node("auto-1"), node("auto-2")];
  assert.equal(nextSizeStep(noSizing, sight(all)), undefined);
  const stop = nextSizeStep(
    sizingOf({ started: ["auto-1", "auto-2"] }),
    sight(all, { leader: "auto-2" }),
  );
  assert.ok(stop?.type === "write");
  assert.equal(stop.sizing.order?.node, "auto-1");
});

Deno.test("nextSizeStep() gives up a node that does not come up, and waits longer each time", () => {
  const members = [node("n1"), node("n2")];
  let sizing = noSizing;
  let nowMs = 0;
  const gaps: number[] = [];
  let lastMs: number | undefined;
  for (let round = 0; round < 6;) {
    const step = nextSizeStep(sizing, sight(members, { nowMs }));
    if (step?.type === "start") {
      if (lastMs !== undefined) gaps.push(nowMs - lastMs);
      lastMs = nowMs;
      sizing = step.sizing;
      round++;
    } else if (step?.type === "remove") {
      assert.equal(step.node, sizing.order?.node);
      assert.ok(nowMs - (sizing.order?.orderedAtMs ?? 0) >= orderTimeoutMs);
      sizing = afterRemoval(sizing, step.node);
    } else nowMs += 1_000;
  }
  assert.equal(sizing.next, 7, "every one has a name of its own");
  assert.deepEqual(sizing.started, ["auto-6"], "what was given up is forgotten");
  assert.ok(gaps.every((gap, index) => gap >= (gaps[index - 1] ?? 0)), gaps.join());
});

Deno.test("nextSizeStep() never loops: nodes that die again and again are replaced ever less", () => {
  let sizing = noSizing;
  let starts = 0;
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += 1_000) {
    // Each one serves, and is lost a moment later.
    const started = sizing.order?.node;
    const members = started === undefined
      ? [node("n1"), node("n2")]
      : [node("n1"), node("n2"), node(started, { isVoter: false })];
    const step = nextSizeStep(sizing, sight(members, { nowMs }));
    if (step?.type === "start") starts++;
    if (step?.type === "start" || step?.type === "write") sizing = step.sizing;
  }
  assert.equal(starts, 6, "twice the size in an hour");
  const later = nextSizeStep(sizing, sight([node("n1"), node("n2")], { nowMs: 3_610_000 }));
  assert.equal(later?.type, "start", "and then again");
});

Deno.test("nextStartMs() forgets what a clock that was ahead has written", () => {
  const sizing = sizingOf({ startedAtMs: [1_000, 9e12], failures: 1 });
  assert.equal(nextStartMs(sizing, 3, 2_000), 6_000);
  assert.equal(nextStartMs(noSizing, 3, 0), -Infinity);
});
