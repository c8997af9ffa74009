/**
 * Samples of the rows about schedules, and what they need.
 *
 * @module
 */
import { until } from "../../scripts/lib/until.ts";
import { repositoryPath } from "../../src/protocol/coordinates.ts";
import type { TestApi } from "./setup.ts";
import { packedSlice } from "./slices.ts";

const contract = "org.example:keeper";
const params = { contract, name: "cleanup" };
const body = "{}";

/** A call of each row that succeeds after {@link prepareSchedules}. */
export const goodSchedules = {
  scheduleList: {},
  scheduleListOf: { params: { contract } },
  scheduleGet: { params },
  schedulePause: { params, body },
  scheduleResume: { params, body },
  scheduleTrigger: { params, body },
} as const;

const wrongParams = [
  { part: "params", params: { contract: "keeper", name: "cleanup" }, body, issue: "contract" },
  { part: "params", params: { contract, name: "clean-up" }, body, issue: "name" },
] as const;
const wrongBody = { part: "body", params, body: '{"at": 5}' } as const;

/** Wrong calls of each row. */
export const wrongSchedules = {
  scheduleList: [],
  scheduleListOf: [{ part: "params", params: { contract: "keeper" }, issue: "contract" }],
  scheduleGet: wrongParams.map(({ body: _, ...rest }) => rest),
  schedulePause: [...wrongParams, wrongBody],
  scheduleResume: [...wrongParams, wrongBody],
  scheduleTrigger: [...wrongParams, wrongBody],
} as const;

/** Applies a slice with a schedule, and waits until that is registered. */
export async function prepareSchedules(
  api: TestApi,
  headers: Record<string, string> = {},
): Promise<void> {
  const artifact = `${contract}:1.0.0`;
  const path = repositoryPath({ group: "org.example", name: "keeper", version: "1.0.0" });
  const module = packedSlice(artifact, { schedules: ["cleanup"] });
  const text = `id = "org.example:keeping:1.0.0"\n[[slices]]\nartifact = "${artifact}"\n`;
  const published = await api.fetch("PUT", `/repository/${path}`, { headers, body: module });
  const applied = await api.fetch("POST", "/api/blueprint", { headers, body: text });
  for (const response of [published, applied]) {
    if (!response.ok) throw new Error(await response.text());
    await response.body?.cancel();
  }
  await until("the schedule is registered", async () => {
    const response = await api.fetch("GET", "/api/scheduled-tasks", { headers });
    const { tasks } = await response.json() as { tasks: unknown[] };
    return tasks.length > 0 || undefined;
  });
}
