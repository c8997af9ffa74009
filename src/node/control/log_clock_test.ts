import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import type { Leadership } from "../cluster/cluster.ts";
import { LogClock } from "./log_clock.ts";
import { elect, MemoryStore, recordingLogger, turn } from "./store_fixture_test.ts";

async function advance(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    await turn();
  }
}

function setUp() {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const { log } = recordingLogger();
  let leading: Leadership | undefined;
  const logClock = new LogClock({ store, clock, log, leadership: () => leading });
  const lead = (term: number | undefined) => {
    leading = term === undefined ? undefined : { node: "n1", term };
  };
  const grant = () => store.write("user", { type: "grant", lease: "l", ttlMs: 86_400_000 });
  return { store, clock, logClock, lead, grant };
}

Deno.test("LogClock proposes nothing without a lease, or without leading", async () => {
  const { store, clock, logClock, lead, grant } = setUp();
  lead(elect(store, "n1"));
  await advance(clock, 3_000);
  assert.equal(store.state.timeMs, 0);
  lead(undefined);
  grant();
  await advance(clock, 3_000);
  assert.equal(store.state.timeMs, 0);
  logClock.stop();
});

Deno.test("LogClock counts its own clock, and credits no gap", async () => {
  const { store, clock, logClock, lead, grant } = setUp();
  grant();
  lead(elect(store, "n1"));
  await advance(clock, 3_000);
  assert.equal(store.state.timeMs, 2_500, "the first interval belongs to nobody");
  // The process stood still for an hour.
  clock.advance(3_600_000);
  await turn();
  assert.ok(store.state.timeMs <= 4_500, String(store.state.timeMs));
  logClock.stop();
});

Deno.test("LogClock of a leader of the past adds nothing", async () => {
  const { store, clock, logClock, lead, grant } = setUp();
  grant();
  lead(elect(store, "n1"));
  await advance(clock, 1_000);
  const { timeMs } = store.state;
  elect(store, "n2");
  await advance(clock, 3_000);
  assert.equal(store.state.timeMs, timeMs);
  logClock.stop();
});
