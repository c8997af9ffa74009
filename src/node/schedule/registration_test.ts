import assert from "node:assert/strict";
import { scheduleSchema } from "../../protocol/schedule/schedule.ts";
import { registered } from "./registration.ts";
import type { WantedSchedule } from "./wanted.ts";

const wanted: WantedSchedule = {
  contract: "org.example:keeper",
  name: "cleanup",
  artifact: "org.example:keeper:1.0.0",
  schedule: scheduleSchema.parse({ every: "10s" }),
  isEnabled: true,
  isServed: true,
};

Deno.test("registered() begins with an active instance, and keeps what does not change", () => {
  assert.equal(registered(undefined, { ...wanted, isServed: false }, 7, 100), undefined);
  const record = registered(undefined, wanted, 7, 100) ?? assert.fail("None");
  assert.deepEqual([record.registeredAtMs, record.state.nextDueMs], [7, 10_100]);
  assert.equal(registered(record, { ...wanted, isServed: false }, 8, 200), record);
});

Deno.test("registered() starts the times anew with another timing, mode or end of being off", () => {
  const record = registered(undefined, wanted, 7, 100) ?? assert.fail("None");
  const after = (changes: Partial<WantedSchedule>, former = record) => {
    const next = registered(former, { ...wanted, ...changes }, 8, 200) ?? assert.fail("None");
    return `${next.epoch} ${next.state.nextDueMs}`;
  };
  const { schedule } = wanted;
  assert.equal(after({ artifact: "org.example:keeper:2.0.0" }), "1 10100");
  assert.equal(after({ schedule: { ...schedule, catchUp: "once" } }), "1 10100");
  assert.equal(after({ isEnabled: false }), "1 10100");
  assert.equal(after({ schedule: { ...schedule, every: "20s" } }), "2 20200");
  assert.equal(after({ schedule: { ...schedule, mode: "all" } }), "2 10200");
  assert.equal(after({}, { ...record, isEnabled: false }), "2 10200");
});
