import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { scheduleSchema } from "../../protocol/schedule/schedule.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { ListedSlice } from "../parse_blueprint.ts";
import { requireSettings } from "./slice_settings.ts";

const definition = {
  methods: { cleanup: {}, report: {} },
  schedules: {
    cleanup: scheduleSchema.parse({ every: "5m" }),
    report: scheduleSchema.parse({ cron: "0 3 * * *" }),
  },
};
const listed = new Map([["org.example:keeper", { definition } as unknown as Manifest]]);

function check(settings: Partial<ListedSlice>): void {
  const slice = { artifact: "org.example:keeper:1.0.0", instances: 1, minAvailable: 1, line: 3 };
  requireSettings({ id: "", source: "", slices: [{ ...slice, ...settings }] }, listed);
}

Deno.test("requireSettings() takes what the slice has", () => {
  check({});
  check({ interceptors: { "*": { metrics: {} }, cleanup: { metrics: {} } } });
  check({ schedules: { cleanup: { every: "1m" }, report: { timeZone: "Asia/Tokyo" } } });
});

Deno.test("requireSettings() names every mistake with its place", () => {
  const mistakes = () =>
    check({
      interceptors: { clean: { metrics: {} } },
      schedules: {
        toString: { enabled: false },
        cleanup: { timeZone: "Asia/Tokyo" },
      } as unknown as NonNullable<ListedSlice["schedules"]>,
    });
  assert.throws(mistakes, (error) => {
    assert.ok(error instanceof AetherError && error.name === "BLUEPRINT_INVALID");
    assert.deepEqual(error.issues.map(({ path, line }) => `${line} ${path}`), [
      "3 slices[0].interceptors.clean",
      "3 slices[0].schedules.toString",
      "3 slices[0].schedules.cleanup",
    ]);
    assert.match(error.issues[1]?.message ?? "", /no schedule "toString"; it has cleanup, report$/);
    return true;
  });
});
