/**
 * What the engine promises about its fast way with disks: one sync, when all nodes are there.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Lab } from "./lab.ts";

const durable = { durable: true } as const;
const nodes = ["a", "b", "c"];

Deno.test("suggestion: all nodes sync at the same time, and decide without votes", () => {
  const lab = new Lab(3, durable);
  const digest = lab.submit("a", "1");
  assert.deepEqual(lab.underWay(), ["batch", "batch", "suggestion", "suggestion"]);
  lab.round();
  for (const id of nodes) lab.persist(id);
  assert.deepEqual([...new Set(lab.underWay())], ["proposal"]);
  lab.round();
  for (const id of nodes) assert.deepEqual(lab.applied(id), [digest]);
  assert.deepEqual(lab.flights, [], "Nobody needs a vote");
});

Deno.test("suggestion: it counts for nothing", () => {
  const lab = new Lab(3, durable);
  lab.submit("a", "1");
  lab.round();
  for (const id of ["b", "c"]) lab.persist(id);
  lab.settle();
  for (const id of nodes) assert.deepEqual(lab.applied(id), [], "a has proposed nothing durable");
});

Deno.test("suggestion: a slot goes on when its author dies before it proposes", () => {
  const lab = new Lab(3, durable);
  const digest = lab.submit("a", "1");
  lab.stop("a");
  for (let i = 0; i < 20 && lab.applied("b").length === 0; i++) {
    lab.run(4);
    for (const id of ["b", "c"]) lab.persist(id);
  }
  assert.deepEqual(lab.applied("b"), [digest]);
});

Deno.test("suggestion: only a member's is heard, and none of a slot that is decided", () => {
  const lab = new Lab(3, durable);
  const suggest = (from: string, slot: number) => {
    const header = { decidedUpTo: -1, resent: false };
    const message = { type: "suggestion", slot, value: "" } as const;
    lab.step("b", { type: "message", from, header, message });
  };
  suggest("stranger", 0);
  suggest("a", 10_000);
  assert.deepEqual(lab.notes.get("b")?.records, []);
  suggest("a", 0);
  assert.equal(lab.notes.get("b")?.records.length, 1);
});

Deno.test("suggestion: a node votes when not all proposals come in time, and hopes no more", () => {
  const lab = new Lab(3, { ...durable, hopeMs: 3 });
  const voted = () =>
    lab.notes.get("a")?.records.filter(({ type, ...record }) =>
      type === "sent" && "message" in record && record.message.type === "vote"
    ).length;
  lab.stop("c");
  const decide = (name: string) => {
    const digest = lab.submit("a", name);
    lab.round();
    for (const id of ["a", "b"]) lab.persist(id);
    lab.round();
    return digest;
  };
  decide("1");
  assert.equal(voted(), 0);
  lab.pass(4);
  assert.equal(voted(), 1);
  for (const id of ["a", "b"]) lab.persist(id);
  lab.settle();
  decide("2");
  assert.equal(voted(), 2, "It does not wait again so soon");
});

Deno.test("suggestion: a node does not wait for one that seems to be down", () => {
  const lab = new Lab(3, durable);
  lab.step("a", { type: "suspect", nodes: new Set(["c"]) });
  lab.submit("a", "1");
  lab.round();
  for (const id of ["a", "b"]) lab.persist(id);
  lab.round();
  assert.ok(
    lab.notes.get("a")?.records.some((record) =>
      record.type === "sent" && record.message.type === "vote"
    ),
  );
});

Deno.test("suggestion: without disks there is none", () => {
  const lab = new Lab(3);
  lab.submit("a", "1");
  assert.ok(!lab.underWay().includes("suggestion"));
});
