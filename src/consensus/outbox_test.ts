import assert from "node:assert/strict";
import type { SlotMessage } from "../protocol/consensus/message.ts";
import { Outbox } from "./outbox.ts";

const proposal = (slot: number): SlotMessage => ({ type: "proposal", slot, value: "a/1" });

Deno.test("Outbox.hold() holds nothing in memory mode", () => {
  const outbox = new Outbox(false);
  assert.equal(outbox.hold(proposal(1)), false);
  outbox.record({ type: "batch", digest: "a/1", payload: new Uint8Array() });
  outbox.note({ type: "decided", slot: 1, value: "a/1" });
  assert.deepEqual(outbox.take(), []);
});

Deno.test("Outbox.persisted() releases messages in the order in which they became durable", () => {
  const outbox = new Outbox(true);
  outbox.hold(proposal(1));
  outbox.hold(proposal(2));
  outbox.take();
  outbox.hold(proposal(3));
  const [persist] = outbox.take();
  assert.equal(persist?.type === "persist" && persist.sequence, 2);
  assert.ok(outbox.isHolding);
  assert.deepEqual(outbox.persisted(1).map(({ slot }) => slot), [1, 2]);
  assert.deepEqual(outbox.persisted(1), []);
  assert.deepEqual(outbox.persisted(2).map(({ slot }) => slot), [3]);
  assert.ok(!outbox.isHolding);
});

Deno.test("Outbox.take() asks for records before everything else, batches before proposals", () => {
  const outbox = new Outbox(true);
  outbox.record({ type: "batch", digest: "a/1", payload: new Uint8Array() });
  outbox.hold(proposal(1));
  outbox.send("all", { type: "get", digest: "b/1" });
  const outputs = outbox.take();
  assert.deepEqual(outputs.map(({ type }) => type), ["persist", "send"]);
  const records = outputs[0]?.type === "persist" ? outputs[0].records : [];
  assert.deepEqual(records.map(({ type }) => type), ["batch", "sent"]);
});
