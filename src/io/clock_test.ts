import assert from "node:assert/strict";
import { systemClock } from "./clock.ts";

Deno.test("systemClock() shows the machine's time and a monotonic one", async () => {
  const clock = systemClock();
  assert.ok(Math.abs(clock.wallMs() - Date.now()) < 1000);
  const startMs = clock.monotonicMs();
  await new Promise<void>((resolve) => clock.setTimer(10, resolve));
  assert.ok(clock.monotonicMs() - startMs >= 9);
});

Deno.test("systemClock() timers beyond the system's longest do not fire at once", async () => {
  const clock = systemClock();
  const fired: string[] = [];
  const far = clock.setTimer(2 ** 31, () => fired.push("far"));
  await new Promise<void>((resolve) => clock.setTimer(5, resolve));
  far.cancel();
  assert.deepEqual(fired, []);
});
