/**
 * What the engine promises when messages are lost, doubled or wrong, one test for each sentence.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { SlotMessage } from "../../../src/protocol/consensus/message.ts";
import { Lab } from "./lab.ts";

const header = { decidedUpTo: -1, resent: false };

Deno.test("lost messages: an undecided slot is sent again, less and less often", () => {
  const lab = new Lab(3, { resendMs: 60, resendMaxMs: 200 });
  lab.submit("a", "1");
  lab.flights = [];
  const sentAt: number[] = [];
  for (let ms = 0; ms < 800; ms += 10) {
    lab.pass(10);
    if (lab.underWay("a").includes("proposal")) sentAt.push(lab.nowMs);
    lab.flights = [];
  }
  assert.deepEqual(sentAt, [60, 180, 380, 580, 780]);
});

Deno.test("lost messages: what was lost is made up for", () => {
  const lab = new Lab(3);
  const digest = lab.submit("a", "1");
  lab.settle(({ message }) => message.type === "vote" || message.type === "proposal");
  assert.deepEqual(lab.applied("a"), []);
  lab.run(100);
  assert.deepEqual(["a", "b", "c"].map((id) => lab.applied(id)), [[digest], [digest], [digest]]);
});

Deno.test("lost messages: a batch that is missing is asked for by its digest", () => {
  const lab = new Lab(3);
  const digest = lab.submit("a", "1");
  lab.settle(({ to, message }) => to === "b" && message.type === "batch");
  assert.deepEqual(lab.applied("b"), []);
  lab.run(8);
  assert.deepEqual(lab.applied("b"), [digest]);
});

Deno.test("lost messages: messages past a decision are answered with it", () => {
  const lab = new Lab(3);
  const digest = lab.submit("a", "1");
  lab.settle();
  const state: SlotMessage = { type: "state", slot: 0, phase: 1, bit: 1, value: digest };
  lab.step("a", { type: "message", from: "b", header, message: state });
  assert.deepEqual(lab.flights.map(({ to, message }) => [to, message]), [
    ["b", { type: "decision", slot: 0, value: digest }],
  ]);
});

Deno.test("lost messages: messages that a decision answers by itself get no answer", () => {
  const lab = new Lab(3);
  const digest = lab.submit("a", "1");
  lab.settle();
  const proposal: SlotMessage = { type: "proposal", slot: 0, value: digest };
  lab.step("a", { type: "message", from: "b", header, message: proposal });
  assert.deepEqual(lab.flights, []);
});

Deno.test("lost messages: messages that are sent again are answered with the decision", () => {
  const lab = new Lab(3);
  const digest = lab.submit("a", "1");
  lab.settle();
  const proposal: SlotMessage = { type: "proposal", slot: 0, value: digest };
  const again = { ...header, resent: true };
  lab.step("a", { type: "message", from: "b", header: again, message: proposal });
  assert.deepEqual(lab.underWay("a"), ["decision"]);
});

Deno.test("lost messages: a message that comes twice counts once", () => {
  const lab = new Lab(5);
  lab.submit("a", "1");
  // Only one other node answers, many times: no majority.
  const isLost = ({ from, to }: { from: string; to: string }) =>
    !["ab", "ba"].includes(`${from}${to}`);
  lab.run(500, isLost);
  assert.deepEqual(lab.applied("a"), []);
  assert.deepEqual(lab.notes.get("a")?.others, []);
});

Deno.test("wrong messages: of two different ones of a sender the first counts, with an alarm", () => {
  const lab = new Lab(3);
  for (const value of ["b/1", "b/2"]) {
    lab.step("a", {
      type: "message",
      from: "b",
      header,
      message: { type: "proposal", slot: 0, value },
    });
  }
  assert.deepEqual(lab.notes.get("a")?.others.map(({ type }) => type), ["alarm"]);
});

Deno.test("wrong messages: one of a node that is no member does not count", () => {
  const lab = new Lab(3);
  lab.step("a", {
    type: "message",
    from: "stranger",
    header,
    message: { type: "vote", slot: 0, phase: 0, vote: 1, value: "x/1" },
  });
  assert.deepEqual(lab.notes.get("a")?.others.map(({ type }) => type), ["alarm"]);
});

Deno.test("wrong messages: those of slots far ahead take no memory", () => {
  const lab = new Lab(3, { window: 4 });
  for (let slot = 0; slot < 1_000; slot++) {
    lab.step("a", {
      type: "message",
      from: "b",
      header,
      message: { type: "proposal", slot, value: "b/1" },
    });
  }
  assert.ok((lab.engines.get("a")?.usage.slots ?? Infinity) <= 3 * 4);
});

Deno.test("catching up: a node that was away fetches what was decided", () => {
  const lab = new Lab(3, { window: 2, fetchEntriesMax: 3 });
  for (let batch = 0; batch < 20; batch++) {
    lab.submit("a", String(batch));
    lab.settle(({ to }) => to === "c");
  }
  assert.equal(lab.applied("c").length, 0);
  for (const id of ["a", "b"]) {
    const heard = lab.engines.get(id)?.header(false) ?? header;
    lab.step("c", { type: "heard", from: id, header: heard });
  }
  lab.run(120);
  assert.deepEqual(lab.applied("c"), lab.applied("a"));
});

Deno.test("catching up: what is gone is had as a snapshot", () => {
  const lab = new Lab(3, { window: 2 });
  for (let batch = 0; batch < 20; batch++) {
    lab.submit("a", String(batch));
    lab.settle(({ to }) => to === "c");
  }
  lab.step("a", { type: "compact", before: 10 });
  lab.step("c", { type: "heard", from: "a", header: { decidedUpTo: 19, resent: false } });
  lab.run(60, ({ from }) => from === "b");
  assert.ok(lab.notes.get("c")?.others.some(({ type }) => type === "needSnapshot"));
  const configurations = [{ from: 0, members: ["a", "b", "c"] }];
  lab.step("c", { type: "restored", firstSlot: 10, configurations });
  lab.run(60);
  assert.deepEqual(lab.applied("c"), lab.applied("a").slice(10));
  const digest = lab.submit("c", "after");
  lab.run(60);
  assert.ok(lab.applied("c").includes(digest));
});

Deno.test("catching up: an applied batch that is relayed again is decided again", () => {
  const lab = new Lab(3);
  const digest = lab.submit("a", "1");
  lab.settle();
  const payload = new TextEncoder().encode("1");
  const message = { type: "batch", digest, payload } as const;
  lab.step("b", { type: "message", from: "c", header, message });
  lab.run(60);
  assert.deepEqual(lab.applied("a"), [digest]);
  // Its sender has it from a snapshot only, and waits to see it applied.
  lab.step("a", { type: "message", from: "c", header: { ...header, resent: true }, message });
  lab.run(60);
  assert.deepEqual(lab.applied("a"), [digest, digest]);
});
