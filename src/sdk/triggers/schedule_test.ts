import assert from "node:assert/strict";
import { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import { contract, method } from "../contract.ts";
import { describeDefinition } from "../describe.ts";
import { slice, type SliceDefinition } from "../slice.ts";
import { testSlice } from "../testing/test_slice.ts";
import { cron, every, type Fire } from "./schedule.ts";

const keeper = contract("org.example:keeper", {
  count: method({ input: z.object({}), output: z.int() }),
});

Deno.test("every() and cron() let the cluster call functions of the slice", async () => {
  const fires: Fire[] = [];
  const definition = slice(keeper, {
    schedules: {
      cleanup: every("5m", { timeoutMs: 60_000 }),
      report: cron("0 3 * * *", { timeZone: "Europe/Berlin", catchUp: "once" }),
    },
    create: () => ({
      count: () => fires.length,
      cleanup: (fire, call) => {
        fires.push(fire);
        call.log.info("Cleaned up");
      },
      report: () => Promise.reject(new AetherError("KEY_NOT_FOUND", "Nothing to report")),
    }),
  });
  const { schedules, methods } = describeDefinition(definition);
  const rest = { catchUp: "skip", mode: "single", overlap: false };
  assert.deepEqual(schedules?.["cleanup"], { every: "5m", timeoutMs: 60_000, ...rest });
  assert.deepEqual(schedules?.["report"], {
    cron: "0 3 * * *",
    timeZone: "Europe/Berlin",
    timeoutMs: 30_000,
    ...rest,
    catchUp: "once",
  });
  assert.equal(methods["cleanup"]?.trigger, "schedule");
  assert.equal(methods["cleanup"]?.timeoutMs, 60_000);
  assert.equal(methods["cleanup"]?.http, undefined);
  const tested = await testSlice(definition);
  await tested.fire.cleanup();
  await tested.fire.cleanup({ id: "mine", dueAtMs: 7 });
  assert.deepEqual(fires[1], { id: "mine", dueAtMs: 7, attempt: 1, isManual: false });
  assert.notEqual(fires[0]?.id, "mine");
  assert.equal(await tested.client.count({}), 2);
  await assert.rejects(tested.fire.report(), /Nothing to report/);
  await tested.stop();
});

Deno.test("describeDefinition() names every mistake in schedules and what to do", () => {
  const schedules = {
    cleanup: every("0.5s"),
    report: cron("0 3 * *"),
    count: every("5m"),
    "clean-up": every("5m", { retries: 3 } as never),
  };
  const definition = slice(keeper, { create: () => ({ count: () => 0 }) });
  const broken = { ...definition, schedules } as unknown as SliceDefinition;
  assert.throws(() => describeDefinition(broken), (error) => {
    assert.ok(error instanceof AetherError && error.name === "SLICE_INVALID");
    const texts = error.issues.map(({ path, message }) => `${path}: ${message}`);
    assert.equal(texts.length, 5);
    assert.match(texts[0] ?? "", /^schedules.count: "count" is a method and a schedule/);
    assert.match(texts[1] ?? "", /^schedules.clean-up: .* camelCase$/);
    assert.match(texts[2] ?? "", /^schedules.cleanup: .*"0.5s" has a fraction/);
    assert.match(texts[3] ?? "", /^schedules.report: .* has 4 fields, not 5/);
    assert.match(texts[4] ?? "", /^schedules.clean-up: .*"retries"/);
    return true;
  });
});
