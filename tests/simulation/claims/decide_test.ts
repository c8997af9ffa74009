/**
 * What the engine promises about deciding slots, one test for each sentence.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Lab } from "./lab.ts";

const proposals = ["proposal"];

Deno.test("decide: three nodes need two message delays from the opener's submission", () => {
  const lab = new Lab(3);
  const digest = lab.submit("a", "1");
  lab.round();
  assert.deepEqual(lab.applied("a"), []);
  lab.round();
  assert.deepEqual(lab.applied("a"), [digest]);
  assert.deepEqual(lab.applied("b"), [digest]);
});

Deno.test("decide: five nodes need two message delays when all answer", () => {
  const lab = new Lab(5);
  const digest = lab.submit("a", "1");
  lab.round();
  lab.round();
  assert.deepEqual(lab.applied("a"), [digest]);
});

Deno.test("decide: five nodes need three message delays when one is down", () => {
  const lab = new Lab(5);
  lab.stop("e");
  const digest = lab.submit("a", "1");
  lab.round();
  lab.round();
  assert.deepEqual(lab.applied("a"), []);
  lab.round();
  assert.deepEqual(lab.applied("a"), [digest]);
});

Deno.test("decide: a batch of another node takes one message delay more", () => {
  const lab = new Lab(3);
  const digest = lab.submit("b", "1");
  lab.round();
  lab.round();
  assert.deepEqual(lab.applied("b"), []);
  lab.round();
  assert.deepEqual(lab.applied("b"), [digest]);
});

Deno.test("decide: a single node decides at once", () => {
  const lab = new Lab(1);
  const digest = lab.submit("a", "1");
  assert.deepEqual(lab.applied("a"), [digest]);
});

Deno.test("decide: one slot takes the batches of all nodes that wait", () => {
  const lab = new Lab(3, { depth: 1 });
  lab.submit("a", "1");
  lab.submit("b", "2");
  lab.submit("c", "3");
  lab.settle();
  const slots = lab.notes.get("a")?.applied.map(({ batches }) => batches.length);
  assert.deepEqual(slots, [1, 2]);
});

Deno.test("decide: the good case needs one proposal and one vote of each node, nothing else", () => {
  const lab = new Lab(3);
  lab.submit("a", "1");
  const sent: string[] = [];
  while (lab.flights.length > 0) {
    sent.push(...lab.underWay());
    lab.round();
  }
  // Each is sent to two others; the batch by its submitter only.
  const counts = Object.groupBy(sent, (type) => type);
  const sizes = Object.entries(counts).map(([type, list]) => [type, list?.length]);
  assert.deepEqual(Object.fromEntries(sizes), { batch: 2, proposal: 6, vote: 6 });
});

Deno.test("decide: nodes that propose different batches decide nothing, and them later", () => {
  const lab = new Lab(3, { takeoverMs: 0, graceMs: 0 });
  lab.stop("c");
  // Neither hears of the other's batch before it opens the slot.
  lab.pass(1);
  const first = lab.submit("a", "1");
  const second = lab.submit("b", "2");
  lab.run(200);
  assert.deepEqual(lab.applied("a").sort(), [first, second]);
  assert.deepEqual(lab.applied("b"), lab.applied("a"));
  const empty = lab.notes.get("a")?.applied.filter(({ batches }) => batches.length === 0) ?? [];
  assert.ok(empty.length > 0, "The first slot decides nothing");
});

Deno.test("decide: a node that lost all proposals decides by the votes it hears", () => {
  const lab = new Lab(3);
  const digest = lab.submit("a", "1");
  for (let round = 0; round < 3; round++) {
    lab.round(({ to, message }) => to === "c" && proposals.includes(message.type));
  }
  assert.deepEqual(lab.applied("c"), [digest]);
});

Deno.test("decide: a node that follows the log decides by the votes it hears", () => {
  const lab = new Lab(3);
  lab.start("follower");
  const digest = lab.submit("a", "1");
  lab.settle();
  assert.deepEqual(lab.applied("follower"), [digest]);
  assert.ok(!lab.engines.get("follower")?.isVoting);
});

Deno.test("decide: a batch of a node that follows the log is opened by a member", () => {
  const lab = new Lab(3);
  lab.start("follower");
  const digest = lab.submit("follower", "1");
  lab.settle();
  assert.deepEqual(lab.applied("follower"), [digest]);
});

Deno.test("decide: the next in turn opens the slot when the opener is down", () => {
  const lab = new Lab(3, { takeoverMs: 8 });
  lab.stop("a");
  const digest = lab.submit("b", "1");
  lab.settle();
  lab.run(4);
  assert.deepEqual(lab.applied("b"), []);
  lab.run(8);
  assert.deepEqual(lab.applied("b"), [digest]);
});

Deno.test("decide: nobody waits for a node that is known to be down", () => {
  const lab = new Lab(3);
  lab.stop("a");
  for (const id of ["b", "c"]) lab.step(id, { type: "suspect", nodes: new Set(["a"]) });
  const digest = lab.submit("b", "1");
  lab.settle();
  assert.deepEqual(lab.applied("b"), [digest]);
});

Deno.test("decide: whoever was busiest opens the slots two blocks later", () => {
  const lab = new Lab(3, { window: 2 });
  for (let batch = 0; batch < 12; batch++) {
    lab.submit("c", String(batch));
    lab.settle();
  }
  const digest = lab.submit("c", "last");
  lab.round();
  lab.round();
  assert.ok(lab.applied("c").includes(digest), "It needs two message delays now");
});

Deno.test("decide: an idle cluster sends nothing about slots", () => {
  const lab = new Lab(3);
  lab.submit("a", "1");
  lab.settle();
  lab.run(200);
  lab.pass(1_000);
  assert.deepEqual(lab.flights, []);
  assert.ok([...lab.engines.values()].every(({ isBusy }) => !isBusy));
});

Deno.test("decide: slots are applied in order, in whatever order they are decided", () => {
  const lab = new Lab(3, { depth: 4, slotLimits: { batchesMax: 1, bytesMax: 1_000 } });
  const digests = ["1", "2", "3"].map((name) => lab.submit("a", name));
  const isFirst = (message: object) => "slot" in message && message.slot === 0;
  lab.settle(({ message }) => isFirst(message));
  assert.deepEqual(lab.applied("a"), []);
  lab.run(200);
  assert.deepEqual(lab.applied("a"), digests);
});

Deno.test("decide: no slot beyond the window is opened", () => {
  const lab = new Lab(3, {
    window: 4,
    depth: 100,
    slotLimits: { batchesMax: 1, bytesMax: 1_000 },
  });
  for (let batch = 0; batch < 10; batch++) lab.submit("a", String(batch));
  const opened = lab.flights.filter(({ to, message }) => to === "b" && message.type === "proposal");
  assert.equal(opened.length, 4);
});

Deno.test("decide: more batches than the limit are refused", () => {
  const lab = new Lab(3, { batchLimits: { batchesMax: 1, bytesMax: 1_000 } });
  lab.submit("a", "1");
  const digest = lab.submit("a", "2");
  assert.deepEqual(lab.notes.get("a")?.others, [{ type: "refused", digest }]);
});
