import assert from "node:assert/strict";
import { parseDuration } from "../../../base/duration.ts";
import { contract } from "../../contract.ts";
import { slice } from "../../slice.ts";
import { cron, every, type Schedules } from "../../triggers/schedule.ts";
import { testCluster, withFakes } from "../test_cluster.ts";
import { testSlice } from "../test_slice.ts";

const clock = contract("org.example:clock", {});
const startMs = Date.UTC(2026, 0, 1);

/** A slice that writes down when its schedule is due and when it runs. */
function watch(schedules: Schedules, run: () => Promise<void> | void = () => {}) {
  const dues: string[] = [];
  const definition = slice(clock, {
    schedules,
    create: (_needs, { instance }) =>
      Object.fromEntries(
        Object.keys(schedules).map((name) => [name, ({ dueAtMs }: { dueAtMs: number }) => {
          dues.push(`${name} ${(dueAtMs - startMs) / 1_000} ${instance}`);
          return run();
        }]),
      ) as never,
  });
  return { dues, definition };
}

Deno.test("advance() fires what becomes due, each at its moment", async () => {
  const { dues, definition } = watch({
    quick: every("10s"),
    nightly: cron("0 3 * * *", { timeZone: "Europe/Berlin" }),
  });
  const { advance, failedFires } = await testSlice(definition);
  await advance("9999ms");
  assert.equal(dues.length, 0);
  await advance("1ms");
  assert.equal(dues.join(), "quick 10 test/0");
  await advance(parseDuration("1d") - 10_000);
  assert.equal(dues.filter((due) => due.startsWith("quick")).length, 8_640);
  assert.deepEqual(dues.filter((due) => due.startsWith("nightly")), ["nightly 7200 test/0"]);
  assert.deepEqual(failedFires, []);
});

Deno.test("advance() lets a fire end before the next one, unless they may overlap", async () => {
  for (const overlap of [false, true]) {
    let running = 0;
    let most = 0;
    let end: (() => void)[] = [];
    const { dues, definition } = watch(
      { slow: every("50s", { overlap, timeoutMs: 3_600_000 }) },
      async () => {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => end.push(resolve));
        running--;
      },
    );
    const { advance } = await testSlice(definition);
    await advance("110s");
    assert.equal(most, overlap ? 2 : 1);
    end.forEach((each) => each());
    end = [];
    await advance(0);
    // That of the second due time is late, not lost.
    assert.equal(dues.length, 2);
  }
});

Deno.test("advance() passes over what is too late, or makes up for it once", async () => {
  for (const catchUp of ["skip", "once"] as const) {
    let end = () => {};
    const { dues, definition } = watch(
      { slow: every("20s", { catchUp, timeoutMs: 3_600_000 }) },
      () => new Promise<void>((resolve) => end = resolve),
    );
    const { advance } = await testSlice(definition);
    await advance("150s");
    assert.deepEqual(dues, ["slow 20 test/0"]);
    end();
    await advance(0);
    assert.equal(dues.at(-1), catchUp === "once" ? "slow 40 test/0" : "slow 100 test/0");
    end();
    await advance(0);
    assert.equal(dues.at(-1), catchUp === "once" ? "slow 100 test/0" : "slow 120 test/0");
  }
});

Deno.test("advance() fires on one instance or on all, and notes failures", async () => {
  const { dues, definition } = watch(
    { one: every("1m"), each: every("90s", { mode: "all" }) },
    () => {
      if (dues.length === 3) throw new Error("The third");
    },
  );
  const cluster = await testCluster([withFakes(definition, {}, { instances: 2 })]);
  await cluster.advance("90s");
  assert.deepEqual(dues, ["one 60 test/0", "each 90 test/1", "each 90 test/0"]);
  const { failedFires } = cluster;
  assert.deepEqual(failedFires.map(({ schedule, dueAtMs }) => [schedule, dueAtMs]), [
    ["each", startMs + 90_000],
  ]);
  await cluster.stop();
  await cluster.advance("1d");
  assert.equal(dues.length, 3);
});
