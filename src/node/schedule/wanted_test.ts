import assert from "node:assert/strict";
import { keys } from "../../protocol/keys.ts";
import { scheduleSchema } from "../../protocol/schedule/schedule.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { RoutedService } from "../../protocol/thread/threads.ts";
import { MemoryStore } from "../control/store_fixture_test.ts";
import { wantedSchedules } from "./wanted.ts";

const contract = "org.example:keeper";
const service: RoutedService = {
  contract,
  artifact: `${contract}:1.0.0`,
  weight: 1,
  methods: {},
  calls: [],
  concurrency: 1,
  instances: ["n1/a/1"],
  remotes: [],
};
const manifestOf = (artifact: string) => {
  const every = artifact.endsWith("1.0.0") ? "5m" : "1h";
  const schedules = { cleanup: scheduleSchema.parse({ every }) };
  return { definition: { schedules } } as unknown as Manifest;
};

Deno.test("wantedSchedules() are those of the version with most calls, as blueprints change them", () => {
  const { state } = new MemoryStore();
  const newer = { ...service, artifact: `${contract}:2.0.0`, weight: 3, instances: [] };
  const wanted = (...services: RoutedService[]) => {
    const [each] = wantedSchedules(state, { services }, manifestOf);
    return each === undefined
      ? "none"
      : `${each[0]} of ${each[1].artifact} ${each[1].isServed ? "served" : "idle"}`;
  };
  const key = keys.schedule.key(contract, "cleanup");
  assert.equal(wanted(), "none");
  assert.equal(wanted(service), `${key} of ${contract}:1.0.0 served`);
  assert.equal(wanted(service, newer), `${key} of ${contract}:2.0.0 served`);
  assert.equal(wanted(newer), `${key} of ${contract}:2.0.0 idle`);
});

Deno.test("wantedSchedules() follow what a blueprint changes", () => {
  const store = new MemoryStore();
  const id = "org.example:app:1.0.0";
  store.write(
    "operator",
    keys.blueprint.put(keys.blueprint.key(id), {
      id,
      source: "",
      slices: [{
        artifact: service.artifact,
        instances: 1,
        minAvailable: 1,
        isDependency: false,
        dependencies: [],
        schedules: { cleanup: { every: "1m", enabled: false } },
      }],
    }),
  );
  const [wanted] = wantedSchedules(store.state, { services: [service] }, manifestOf).values();
  assert.deepEqual([wanted?.schedule.every, wanted?.isEnabled], ["1m", false]);
});
