import assert from "node:assert/strict";
import { reconcile } from "./reconcile.ts";
import { at, decide, echo, next, target } from "./reconcile/scene_fixture_test.ts";
import { defaultRetryLimits } from "./states.ts";

Deno.test("reconcile() spreads a new target over the nodes on duty", () => {
  const { texts, trace } = decide({
    targets: [target(3)],
    nodes: { n1: "ON_DUTY", n2: "ON_DUTY", n3: "DECOMMISSIONED" },
  });
  assert.deepEqual(texts, ["start n1/1.0.0/1", "start n1/1.0.0/2", "start n2/1.0.0/1"]);
  assert.deepEqual(trace, [{
    artifact: echo,
    wanted: 3,
    active: 0,
    waitingFor: [],
    candidates: [
      { node: "n3", starts: 0, reason: "Refused: the node is DECOMMISSIONED" },
      { node: "n1", starts: 2, reason: "Takes 2 of its 2" },
      { node: "n2", starts: 1, reason: "Takes 1 of its 1" },
    ],
    notes: [],
  }]);
});

Deno.test("reconcile() does nothing when all is as wanted or on its way", () => {
  const instances = [at("n1", 1), at("n1", 2, "STARTING"), at("n2", 1, "DOWNLOADING")];
  const { actions, trace, wakeAtMs } = decide({ targets: [target(3)], instances });
  assert.deepEqual(actions, []);
  assert.equal(wakeAtMs, 3 * 60_000, "it looks again when the start takes too long");
  assert.equal(trace[0]?.candidates[0]?.reason, "Has its 2");
});

Deno.test("reconcile() says when there is too little room", () => {
  const { texts, notes } = decide({ targets: [target(9)], perNode: 1 });
  assert.deepEqual(texts, ["start n1/1.0.0/1", "start n2/1.0.0/1"]);
  assert.deepEqual(notes, [
    "Wants 9 instances, but there is room for 2: 2 nodes ON_DUTY, at most 1 instances each",
  ]);
});

Deno.test("reconcile() starts a slice only when its dependencies are ACTIVE", () => {
  const log = "org.shop:log:1.0.0";
  const waiting = target(1, { dependencies: [log] });
  const starting = at("n2", 1, "STARTING", { artifact: log });
  const logTarget = target(1, { artifactBase: "org.shop:log", artifact: log });
  const before = decide({ targets: [waiting, logTarget], instances: [starting] });
  assert.deepEqual(before.texts, []);
  assert.deepEqual(before.trace[0]?.waitingFor, [log]);
  assert.deepEqual(before.trace[0]?.candidates[0], {
    node: "n1",
    starts: 0,
    reason: "Would take 1 of its 1: waits for org.shop:log:1.0.0",
  });
  const active = { ...starting, state: "ACTIVE" as const };
  const after = decide({ targets: [waiting, logTarget], instances: [active] });
  assert.deepEqual(after.texts, ["start n1/1.0.0/1"]);
});

Deno.test("reconcile() does not count a dependency on a node that is gone", () => {
  const log = "org.shop:log:1.0.0";
  const gone = at("n9", 1, "ACTIVE", { artifact: log });
  const { trace } = decide({ targets: [target(1, { dependencies: [log] })], instances: [gone] });
  assert.deepEqual(trace[0]?.waitingFor, [log]);
});

Deno.test("reconcile() starts a new version first and stops the old one when it is up", () => {
  const targets = [target(2, { artifact: next })];
  const old = [at("n1", 1), at("n2", 1)];
  const first = decide({ targets, instances: old });
  assert.deepEqual(first.texts, ["start n1/2.0.0/1", "start n2/2.0.0/1"]);

  const half = [at("n1", 1, "ACTIVE", { artifact: next })];
  const starting = at("n2", 1, "STARTING", { artifact: next });
  const second = decide({ targets, instances: [...old, ...half, starting] });
  assert.deepEqual(second.texts, []);
  assert.deepEqual(second.notes, [
    "Keeps 2 instances of other versions: 1 of 2 of this version are ACTIVE",
  ]);

  const up = [...half, { ...starting, state: "ACTIVE" as const }];
  const third = decide({ targets, instances: [...old, ...up] });
  assert.deepEqual(third.texts, ["stop n2/1.0.0/1", "stop n1/1.0.0/1"]);
});

Deno.test("reconcile() keeps the old version when the new one fails for good", () => {
  const instances = [
    at("n1", 1),
    at("n1", 1, "FAILED", { artifact: next, fatal: true, reason: "Its module does not load" }),
  ];
  const { texts, notes, wakeAtMs } = decide({
    targets: [target(1, { artifact: next })],
    instances,
  });
  assert.deepEqual(texts, []);
  assert.equal(wakeAtMs, undefined);
  assert.deepEqual(notes, [
    "Instance 1 on n1 failed: Its module does not load; a retry cannot help",
    "Keeps 1 instances of other versions: 0 of 1 of this version are ACTIVE",
  ]);
});

Deno.test("reconcile() stops an old version that does not serve at once", () => {
  const instances = [at("n1", 1, "LOADING"), at("n2", 1, "FAILED")];
  const { texts } = decide({ targets: [target(1, { artifact: next })], instances });
  assert.deepEqual(texts, ["start n1/2.0.0/1", "stop n1/1.0.0/1", "stop n2/1.0.0/1"]);
});

Deno.test("reconcile() scales down newest first, and keeps what serves", () => {
  const serving = [at("n1", 1), at("n1", 2), at("n1", 3), at("n2", 1)];
  assert.deepEqual(decide({ targets: [target(2)], instances: serving }).texts, [
    "stop n1/1.0.0/3",
    "stop n1/1.0.0/2",
  ]);
  const failed = [at("n1", 1, "FAILED"), at("n2", 1)];
  assert.deepEqual(decide({ targets: [target(1)], instances: failed }).texts, ["stop n1/1.0.0/1"]);
});

Deno.test("reconcile() backs off, retries, and gives up", () => {
  const failing = (attempt: number) => [
    at("n1", 1, "FAILED", { attempt, sinceMs: 1000, reason: "Boom" }),
  ];
  const targets = [target(1)];
  const nodes = { n1: "ON_DUTY" } as const;
  const early = decide({ targets, nodes, instances: failing(3), nowMs: 2000 });
  assert.deepEqual(early.texts, []);
  assert.equal(early.wakeAtMs, 5000);
  assert.deepEqual(early.notes, [
    "Instance 1 on n1 failed: Boom; backs off 3000 ms before attempt 4",
  ]);
  const due = decide({ targets, nodes, instances: failing(3), nowMs: 5000 });
  assert.deepEqual(due.texts, ["start n1/1.0.0/1 attempt 4"]);
  const final = decide({ targets, nodes, instances: failing(5), nowMs: 10 ** 9 });
  assert.deepEqual(final.texts, []);
  assert.deepEqual(final.notes, ["Instance 1 on n1 failed: Boom; all attempts are used"]);
});

Deno.test("reconcile() moves an instance to a node that came later", () => {
  const targets = [target(2)];
  const crowded = [at("n1", 1), at("n1", 2)];
  assert.deepEqual(decide({ targets, instances: crowded }).texts, ["start n2/1.0.0/1"]);
  const starting = [...crowded, at("n2", 1, "STARTING")];
  assert.deepEqual(decide({ targets, instances: starting }).texts, []);
  const moved = [...crowded, at("n2", 1)];
  assert.deepEqual(decide({ targets, instances: moved }).texts, ["stop n1/1.0.0/2"]);
});

Deno.test("reconcile() stops orphans and removes the records of nodes that are gone", () => {
  const instances = [
    at("n1", 1),
    at("n1", 2, "UNLOADING"),
    at("n9", 1, "UNLOADING"),
    at("n9", 2, "ACTIVE"),
  ];
  assert.deepEqual(
    decide({ instances }).texts,
    [
      "stop n1/1.0.0/1",
      "stop n9/1.0.0/1",
      "stop n9/1.0.0/2",
    ],
  );
});

Deno.test("reconcile() numbers a new instance past those that are still unloading", () => {
  const instances = [at("n1", 1, "UNLOADING"), at("n1", 2)];
  const { texts } = decide({ targets: [target(2)], nodes: { n1: "ON_DUTY" }, instances });
  assert.deepEqual(texts, ["start n1/1.0.0/3"]);
});

Deno.test("reconcile() starts in load order and stops dependents first", () => {
  const log = "org.shop:log:2.0.0";
  const targets = [
    target(1, { artifactBase: "org.shop:log", artifact: log }),
    target(1, { artifact: next }),
  ];
  const instances = [
    at("n1", 1, "LOADING", { artifact: "org.shop:log:1.0.0", id: "old log" }),
    at("n1", 1, "LOADING", { id: "old echo" }),
  ];
  assert.deepEqual(decide({ targets, nodes: { n1: "ON_DUTY" }, instances }).texts, [
    "start n1/2.0.0/1",
    "start n1/2.0.0/1",
    "stop old echo",
    "stop old log",
  ]);
});

Deno.test("reconcile() keeps every old instance while there is no room for new ones", () => {
  const { texts } = decide({
    targets: [target(2, { artifact: next })],
    nodes: { n1: "DRAINING" },
    instances: [at("n1", 1), at("n1", 2), at("n1", 3)],
  });
  assert.deepEqual(texts, []);
});

Deno.test("reconcile() keeps old instances that minAvailable needs", () => {
  const { texts } = decide({
    targets: [target(3, { artifact: next, minAvailable: 3 })],
    instances: [
      at("n1", 1),
      at("n1", 2),
      at("n1", 1, "ACTIVE", { artifact: next }),
      at("n2", 1, "ACTIVE", { artifact: next }),
    ],
    perNode: 1,
  });
  assert.deepEqual(texts, ["stop n1/1.0.0/2"]);
});

Deno.test("reconcile() names every member, also one that does not answer", () => {
  const { trace } = reconcile({
    targets: [target(1)],
    instances: [],
    nodes: [{ id: "n1", lifecycle: "ON_DUTY", isAlive: false }, { id: "n2", lifecycle: "JOINING" }],
    nowMs: 0,
    limits: { ...defaultRetryLimits, instancesPerNode: 8 },
  });
  assert.deepEqual(trace[0]?.candidates.map(({ node, reason }) => [node, reason]), [
    ["n1", "Refused: the node does not answer"],
    ["n2", "Refused: the node is JOINING"],
  ]);
});

Deno.test("reconcile() withdraws what is stuck, and forgets what does not unload", () => {
  const nodes = { n1: "ON_DUTY" } as const;
  const stuck = [at("n1", 1, "STARTING", { sinceMs: 0 })];
  const early = decide({ targets: [target(1)], nodes, instances: stuck, nowMs: 179_999 });
  assert.deepEqual([early.texts, early.wakeAtMs], [[], 180_000]);
  const late = decide({ targets: [target(1)], nodes, instances: stuck, nowMs: 180_000 });
  assert.deepEqual(late.texts, ["start n1/1.0.0/2", "stop n1/1.0.0/1"]);
  assert.deepEqual(late.notes, ["Instance 1 on n1 is stuck in STARTING: it is withdrawn"]);
  const unloading = [at("n1", 1, "UNLOADING", { sinceMs: 0 }), at("n1", 2)];
  const scene = { targets: [target(1)], nodes, instances: unloading };
  assert.deepEqual(decide({ ...scene, nowMs: 359_999 }).texts, []);
  assert.deepEqual(decide({ ...scene, nowMs: 360_000 }).texts, ["forget n1/1.0.0/1"]);
});

Deno.test("reconcile() keeps two versions of a rollout beside each other within one budget", () => {
  const part = { isPart: true, minAvailable: 2 };
  const old = target(1, part);
  const fresh = target(2, { ...part, artifact: next });
  const instances = [at("n1", 1), at("n2", 1), at("n1", 1, "ACTIVE", { artifact: next })];
  assert.deepEqual(decide({ targets: [old, fresh], instances }).texts, [
    "start n2/2.0.0/1",
    "stop n2/1.0.0/1",
  ]);
  const none = target(0, part);
  const last = [at("n1", 1), at("n1", 1, "ACTIVE", { artifact: next })];
  assert.deepEqual(decide({ targets: [none, fresh], instances: last }).texts, ["start n2/2.0.0/1"]);
});
