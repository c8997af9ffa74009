import assert from "node:assert/strict";
import type { FiguresReport } from "../protocol/slice/call_figures.ts";
import { ClusterFigures } from "./cluster_figures.ts";
import { bucketOf } from "./histogram.ts";

function report(calls: number, changes: Partial<FiguresReport["methods"][number]> = {}) {
  const artifact = "org.example:echo:1.0.0";
  const buckets: [number, number][] = [[bucketOf(10), calls]];
  const method = { artifact, method: "get", calls, errors: 0, refused: 0, buckets, ...changes };
  return { methods: [method], instances: [] } satisfies FiguresReport;
}

Deno.test("ClusterFigures adds up what nodes report, for the last minute and in all", () => {
  const figures = new ClusterFigures(0);
  figures.add("n1", report(10), 1_000);
  figures.add("n2", report(30, { errors: 3, refused: 2, outcomes: { "200": 25 } }), 2_000);
  const [method] = figures.view(10_000).methods;
  assert.ok(method !== undefined && method.p50Ms >= 10 && method.p99Ms < 11.3);
  assert.deepEqual([method.calls, method.errors, method.refused], [40, 3, 2]);
  assert.equal(method.perSecond, 4);
  assert.deepEqual(method.outcomes, { "200": 25 });
  figures.add("n1", report(5), 120_000);
  const [later] = figures.view(121_000).methods;
  assert.deepEqual([later?.calls, later?.total], [5, { calls: 45, errors: 3 }]);
});

Deno.test("ClusterFigures keeps versions and methods apart, in order", () => {
  const figures = new ClusterFigures(0);
  figures.add("n1", report(1, { artifact: "org.example:echo:2.0.0" }), 0);
  figures.add("n1", report(1, { method: "put" }), 0);
  figures.add("n1", report(1), 0);
  const names = figures.view(0).methods.map(({ artifact, method }) => `${artifact} ${method}`);
  assert.deepEqual(names, [
    "org.example:echo:1.0.0 get",
    "org.example:echo:1.0.0 put",
    "org.example:echo:2.0.0 get",
  ]);
  figures.clear(0);
  assert.deepEqual(figures.view(0).methods, []);
});

Deno.test("ClusterFigures knows the health of instances of nodes that still report", () => {
  const figures = new ClusterFigures(0);
  const instances = [{ instance: "n1/a/1", health: "SILENT" as const }];
  figures.add("n1", { methods: [], instances }, 1_000);
  assert.deepEqual(figures.view(2_000).health, { "n1/a/1": "SILENT" });
  assert.deepEqual(figures.view(60_000).health, {});
});

Deno.test("ClusterFigures forgets the methods that were not called for longest", () => {
  const figures = new ClusterFigures(0);
  for (let index = 0; index < 2_001; index++) {
    figures.add("n1", report(1, { method: `m${index}` }), index);
  }
  const { methods } = figures.view(2_001);
  assert.equal(methods.length, 2_000);
  assert.ok(methods.every(({ method }) => method !== "m0"));
});
