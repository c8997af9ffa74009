/**
 * What the engine promises about disks, restarts, reads and members, one test for each sentence.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Lab } from "./lab.ts";

const isSlotMessage = (type: string) => ["proposal", "state", "vote"].includes(type);

Deno.test("disk: nothing of a slot is sent before it is durable", () => {
  const lab = new Lab(3, { durable: true });
  lab.submit("a", "1");
  assert.deepEqual(lab.underWay("a").filter(isSlotMessage), []);
  assert.deepEqual(lab.notes.get("a")?.records.map(({ type }) => type), ["batch", "sent"]);
  lab.persist("a");
  assert.deepEqual(lab.underWay("a").filter(isSlotMessage), ["proposal", "proposal"]);
});

Deno.test("disk: who joins an opened slot without hope proposes and votes with one sync", () => {
  const lab = new Lab(3, { durable: true, hopeMs: 0 });
  lab.submit("a", "1");
  lab.persist("a");
  lab.round(({ message }) => message.type === "suggestion");
  assert.equal(lab.notes.get("b")?.persisting.length, 1);
  lab.persist("b");
  assert.deepEqual(new Set(lab.underWay("b")), new Set(["proposal", "vote"]));
});

Deno.test("disk: no decision rests on an own vote that is not durable", () => {
  const lab = new Lab(3, { durable: true, hopeMs: 0 });
  const digest = lab.submit("a", "1");
  lab.persist("a");
  lab.stop("c");
  lab.round();
  lab.persist("b");
  lab.round();
  // Node a has the vote of b and its own.
  assert.deepEqual(lab.applied("a"), []);
  lab.persist("a");
  assert.deepEqual(lab.applied("a"), [digest]);
});

Deno.test("disk: a single node answers after one sync", () => {
  const lab = new Lab(1, { durable: true });
  const digest = lab.submit("a", "1");
  assert.deepEqual(lab.applied("a"), []);
  lab.persist("a");
  assert.deepEqual(lab.applied("a"), [digest]);
});

Deno.test("restart: a node sends what it sent before, and nothing else for those slots", () => {
  const lab = new Lab(3, { durable: true });
  const digest = lab.submit("a", "1");
  lab.persist("a");
  lab.flights = [];
  const records = lab.notes.get("a")?.records ?? [];
  lab.start("a", { records });
  lab.submit("a", "2");
  lab.pass(4);
  const proposals = lab.flights.map(({ message }) => message)
    .filter((message) => message.type === "proposal" && message.slot === 0);
  assert.ok(proposals.length > 0);
  assert.ok(proposals.every((message) => message.type === "proposal" && message.value === digest));
});

Deno.test("restart: all nodes at once go on where they were", () => {
  const lab = new Lab(3, { durable: true });
  const digest = lab.submit("a", "1");
  lab.persist("a");
  lab.round();
  lab.persist("b");
  lab.flights = [];
  for (const id of ["a", "b", "c"]) lab.start(id, { records: lab.notes.get(id)?.records ?? [] });
  for (let step = 0; step < 20; step++) {
    lab.pass(10);
    for (const id of ["a", "b", "c"]) lab.persist(id);
    lab.settle();
  }
  assert.deepEqual(["a", "b", "c"].map((id) => lab.applied(id)), [[digest], [digest], [digest]]);
});

Deno.test("no memory: a node takes no part in slots in which it may have before", () => {
  const lab = new Lab(3, { window: 4 });
  for (let batch = 0; batch < 6; batch++) {
    lab.submit("a", String(batch));
    lab.settle();
  }
  const engine = lab.start("c", { rejoinNonce: "c/2" });
  const sent = new Set<number>();
  for (let step = 0; step < 60; step++) {
    lab.pass(4);
    for (const { from, message } of lab.flights) {
      if (from === "c" && isSlotMessage(message.type) && "slot" in message) sent.add(message.slot);
    }
    lab.settle();
  }
  // Slots 0 to 5 were opened, so it may have opened slots up to 5 + 4.
  assert.equal(engine.abstainUpTo, 9);
  assert.deepEqual([...sent], []);
  // The others have decided nothing in slots up to there, so that it can take part again.
  assert.equal(engine.nextSlot, 10);
  assert.ok(engine.isVoting);
  assert.deepEqual(lab.applied("c"), lab.applied("a"));
});

Deno.test("no memory: one other node's answer is not enough", () => {
  const lab = new Lab(3);
  lab.submit("a", "1");
  lab.settle();
  lab.stop("b");
  const engine = lab.start("c", { rejoinNonce: "c/2" });
  lab.run(500);
  assert.equal(engine.abstainUpTo, Infinity);
});

Deno.test("no memory: nodes that forgot too are no witnesses", () => {
  const lab = new Lab(3);
  const engines = ["b", "c"].map((id) => lab.start(id, { rejoinNonce: `${id}/2` }));
  lab.run(500);
  assert.deepEqual(engines.map(({ abstainUpTo }) => abstainUpTo), [Infinity, Infinity]);
});

Deno.test("reads: a barrier needs one round trip to a majority and no slot", () => {
  const lab = new Lab(3);
  lab.submit("a", "1");
  lab.settle();
  lab.step("b", { type: "barrier", id: 1 });
  lab.round();
  assert.deepEqual(lab.notes.get("b")?.barriers, []);
  lab.round();
  assert.deepEqual(lab.notes.get("b")?.barriers, [1]);
  assert.equal(lab.engines.get("b")?.nextSlot, 1);
});

Deno.test("reads: a barrier waits for writes that were acknowledged elsewhere", () => {
  const lab = new Lab(3);
  const digest = lab.submit("a", "1");
  lab.settle(({ to }) => to === "c");
  assert.deepEqual(lab.applied("a"), [digest]);
  lab.step("c", { type: "barrier", id: 1 });
  const withoutLog = ({ message }: { message: { type: string } }) => message.type === "entries";
  lab.settle(withoutLog);
  lab.run(40, withoutLog);
  assert.deepEqual(lab.notes.get("c")?.barriers, []);
  lab.run(200);
  assert.deepEqual(lab.applied("c"), [digest]);
  assert.deepEqual(lab.notes.get("c")?.barriers, [1]);
});

Deno.test("reads: barriers that come while one asks share the next question", () => {
  const lab = new Lab(3);
  for (const id of [1, 2, 3]) lab.step("b", { type: "barrier", id });
  assert.equal(lab.underWay("b").length, 2);
  lab.round();
  lab.round();
  assert.deepEqual(lab.notes.get("b")?.barriers, [1]);
  lab.round();
  lab.round();
  assert.deepEqual(lab.notes.get("b")?.barriers, [1, 2, 3]);
});

Deno.test("reads: a node cut off from the others answers none", () => {
  const lab = new Lab(3);
  lab.step("a", { type: "barrier", id: 1 });
  lab.run(500, () => true);
  assert.deepEqual(lab.notes.get("a")?.barriers, []);
});

Deno.test("members: a new configuration is in force from its first slot on", () => {
  const lab = new Lab(1, { window: 2 });
  lab.start("b", { configurations: [{ from: 0, members: ["a"] }] });
  lab.submit("a", "1");
  lab.settle();
  const configuration = { from: 4, members: ["a", "b"] };
  for (const id of ["a", "b"]) lab.configure(id, configuration);
  // Slots without batches are decided until then, so that it does not take for ever.
  lab.run(40);
  assert.equal(lab.engines.get("a")?.nextSlot, 4);
  assert.ok(lab.engines.get("b")?.isVoting);
  lab.stop("b");
  lab.submit("a", "2");
  lab.run(200);
  assert.deepEqual(lab.applied("a"), ["a/1"], "Two of two members are needed now");
});

Deno.test("members: a node that was removed follows the log", () => {
  const lab = new Lab(3, { window: 2 });
  lab.submit("a", "1");
  lab.settle();
  for (const id of ["a", "b", "c"]) lab.configure(id, { from: 5, members: ["a", "b"] });
  lab.run(80);
  const digest = lab.submit("a", "2");
  lab.run(80);
  assert.ok(!lab.engines.get("c")?.isVoting);
  assert.ok(lab.applied("c").includes(digest));
});

Deno.test("members: a configuration that was to come comes after a restart too", () => {
  const lab = new Lab(1, { window: 2 });
  const configurations = [{ from: 0, members: ["a"] }, { from: 6, members: ["a", "b"] }];
  lab.start("a", { firstSlot: 3, configurations });
  lab.run(40);
  assert.equal(lab.engines.get("a")?.nextSlot, 6);
});
