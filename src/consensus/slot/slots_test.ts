import assert from "node:assert/strict";
import type { SlotMessage } from "../../protocol/consensus/message.ts";
import { SlotTable } from "./slots.ts";
import { WeakMvc } from "./weak_mvc.ts";

function make(isDecided: (slot: number) => boolean = () => false) {
  const held = new Map<number, readonly string[]>();
  const table = new SlotTable({
    self: "a",
    coin: () => 0,
    protocol: (context) => new WeakMvc(context),
    membersAt: () => ["a", "b", "c"],
    isDecided,
    hold: (slot, digests) => held.set(slot, digests),
    resendMs: 10,
    resendMaxMs: 40,
  });
  return { table, held };
}

const proposal = (slot: number): SlotMessage => ({ type: "proposal", slot, value: "a/1" });

Deno.test("SlotTable.due() sends a slot again after longer and longer times, up to a limit", () => {
  const { table } = make();
  const slot = table.at(0, 0);
  table.sent(slot, proposal(0), 0);
  const dueAt: number[] = [];
  for (let now = 0; now <= 150; now += 5) for (const _ of table.due(now)) dueAt.push(now);
  assert.deepEqual(dueAt, [10, 30, 70, 110, 150]);
});

Deno.test("SlotTable.decided() ends retransmission and counts no slot as initiated any more", () => {
  const { table, held } = make();
  const slot = table.at(0, 0);
  table.opened(slot, ["a/1"], true, 0);
  table.sent(slot, proposal(0), 0);
  assert.equal(table.initiated, 1);
  assert.deepEqual(held.get(0), ["a/1"]);
  table.decided(slot);
  table.decided(slot);
  assert.equal(table.initiated, 0);
  assert.deepEqual([...table.due(1_000)], []);
});

Deno.test("SlotTable.isBeyondSent() tells messages that this node's own do not answer", () => {
  const { table } = make();
  assert.ok(table.isBeyondSent(proposal(0)), "Nothing was sent");
  table.sent(table.at(0, 0), proposal(0), 0);
  assert.ok(!table.isBeyondSent(proposal(0)));
  assert.ok(
    table.isBeyondSent({ type: "vote", slot: 0, phase: 0, vote: 2, value: undefined }),
  );
});

Deno.test("SlotTable.resumeBefore() takes up undecided slots of a former life, and sends again", () => {
  const { table } = make((slot) => slot === 1);
  for (const slot of [1, 2, 9]) table.recover(proposal(slot));
  assert.equal(table.highest, 9);
  table.resumeBefore(5, 100);
  assert.deepEqual([1, 2, 9].map((slot) => table.find(slot)?.protocol.isOpen), [
    undefined,
    true,
    undefined,
  ]);
  assert.deepEqual([...table.due(100)].map(({ number }) => number), [2]);
});

Deno.test("SlotTable.forgetBefore() keeps nothing of earlier slots", () => {
  const { table } = make();
  for (const slot of [3, 1, 2]) table.at(slot, 0);
  table.forgetBefore(3);
  assert.equal(table.size, 1);
  assert.deepEqual([...table.undecided].map(({ number }) => number), [3]);
});
