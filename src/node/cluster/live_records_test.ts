import assert from "node:assert/strict";
import type { ConsensusRecord } from "../../protocol/consensus/message.ts";
import { LiveRecords } from "./live_records.ts";

function batch(name: string): ConsensusRecord {
  return { type: "batch", digest: `n1/${name}`, payload: new Uint8Array(1) };
}

function proposal(slot: number, ...names: readonly string[]): ConsensusRecord {
  const value = names.map((name) => `n1/${name}`).join(" ");
  return { type: "sent", message: { type: "proposal", slot, value } };
}

function vote(slot: number): ConsensusRecord {
  return { type: "sent", message: { type: "vote", slot, phase: 0, vote: 1, value: undefined } };
}

function live(...records: readonly ConsensusRecord[]): LiveRecords {
  const all = new LiveRecords();
  for (const record of records) all.add(record);
  return all;
}

/** The records in short: batches by name, others by slot. */
function shown(records: LiveRecords): string {
  return [...records.all()].map((record) => {
    if (record.type === "batch") return record.digest.slice(3);
    const slot = record.type === "sent" ? record.message.slot : record.slot;
    return `${record.type === "sent" ? record.message.type : "decided"}${slot}`;
  }).join(" ");
}

Deno.test("LiveRecords hold what was sent for open slots, and the batches that it names", () => {
  const records = live(batch("a"), proposal(1, "a"), vote(1), {
    type: "decided",
    slot: 2,
    value: "n2/x",
  });
  assert.equal(shown(records), "a proposal1 vote1 decided2");
  records.applied({ slot: 1, batches: [] });
  assert.equal(shown(records), "decided2");
  records.applied({ slot: 2, batches: [] });
  assert.equal(shown(records), "");
});

Deno.test("LiveRecords keep a batch as long as any slot names it", () => {
  const records = live(batch("a"), proposal(1, "a"), batch("b"), batch("a"), proposal(2, "a", "b"));
  records.applied({ slot: 1, batches: [] });
  assert.equal(shown(records), "a b proposal2");
  records.applied({ slot: 2, batches: [] });
  assert.equal(shown(records), "");
});

Deno.test("LiveRecords keep no batch that lost its slot, though it is not decided", () => {
  const records = live(batch("a"), proposal(1, "a"));
  records.applied({ slot: 1, batches: [{ digest: "n2/other", payload: new Uint8Array() }] });
  assert.equal(shown(records), "");
});

Deno.test("LiveRecords.removeBefore() ends all slots that a snapshot covers", () => {
  const records = live(batch("a"), proposal(1, "a"), vote(2), batch("b"), proposal(3, "b"));
  records.removeBefore(3);
  assert.equal(shown(records), "b proposal3");
});

Deno.test("LiveRecords.removeUnnamedBatches() removes what a torn write left", () => {
  const records = live(batch("a"), batch("b"), proposal(1, "b"));
  records.removeUnnamedBatches();
  assert.equal(shown(records), "b proposal1");
});

Deno.test("LiveRecords take as long for each slot, however many there are", () => {
  // As after a restart with a long log: a search through all of them would take minutes.
  const records = new LiveRecords();
  const count = 100_000;
  for (let slot = 0; slot < count; slot++) {
    for (const record of [batch(`${slot}`), proposal(slot, `${slot}`), vote(slot)]) {
      records.add(record);
    }
  }
  for (let slot = 0; slot < count; slot++) records.applied({ slot, batches: [] });
  assert.deepEqual([...records.all()], []);
});
