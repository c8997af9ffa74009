import assert from "node:assert/strict";
import type { ExpandedBlueprint } from "../protocol/blueprint.ts";
import { makeCatalog, makeManifest } from "./manifest_fixture_test.ts";
import { planBlueprint } from "./plan.ts";

type Row = [artifact: string, instances: number, minAvailable: number, isDependency?: boolean];

function expanded(rows: Row[], id = "org.shop:app:1.0.0"): ExpandedBlueprint {
  const slices = rows.map(([artifact, instances, minAvailable, isDependency = false]) => ({
    artifact,
    instances,
    minAvailable,
    isDependency,
    dependencies: [],
  }));
  return { id, slices, source: "" };
}

const { manifest } = makeCatalog(
  makeManifest("org.shop:a:1.0.0", { permissions: { env: ["TZ"], net: ["old.example.com:1"] } }),
  makeManifest("org.shop:a:2.0.0", {
    permissions: { env: ["TZ"], net: ["api.example.com:443"] },
  }),
);
const placement = { instances: [], nodes: [], instancesPerNode: 1 };
const context = { revision: 7, manifest, placement };

Deno.test("planBlueprint() creates everything of a new blueprint", () => {
  const next = expanded([["org.shop:a:1.0.0", 2, 1], ["org.shop:b:1.0.0", 1, 1]]);
  assert.deepEqual(planBlueprint(undefined, next, context), {
    id: "org.shop:app:1.0.0",
    changes: [
      {
        action: "create",
        artifact: "org.shop:a:1.0.0",
        changes: [
          "instances 2",
          "minAvailable 1",
          "permissions + net old.example.com:1",
          "permissions + env TZ",
        ],
      },
      {
        action: "create",
        artifact: "org.shop:b:1.0.0",
        changes: ["instances 1", "minAvailable 1"],
      },
    ],
    changeCount: 2,
    revision: 7,
    warnings: [],
    placement: [],
  });
});

Deno.test("planBlueprint() shows exactly what differs", () => {
  const current = expanded([
    ["org.shop:a:1.0.0", 1, 1, true],
    ["org.shop:b:1.0.0", 1, 1],
    ["org.shop:c:1.0.0", 4, 2],
    ["org.shop:d:1.0.0", 1, 1],
  ]);
  const next = expanded([["org.shop:b:1.0.0", 1, 1], ["org.shop:a:2.0.0", 2, 2]]);
  const plan = planBlueprint(current, next, context);
  assert.deepEqual(plan.changes, [
    { action: "keep", artifact: "org.shop:b:1.0.0", changes: [] },
    {
      action: "update",
      artifact: "org.shop:a:2.0.0",
      changes: [
        "version 1.0.0 -> 2.0.0",
        "instances 1 -> 2",
        "minAvailable 1 -> 2",
        "listed as a dependency -> in the blueprint",
        "permissions + net api.example.com:443",
        "permissions - net old.example.com:1",
      ],
    },
    { action: "remove", artifact: "org.shop:d:1.0.0", changes: ["instances 1 -> 0"] },
    { action: "remove", artifact: "org.shop:c:1.0.0", changes: ["instances 4 -> 0"] },
  ]);
  assert.equal(plan.changeCount, 3);
  assert.deepEqual(plan.warnings, [
    "minAvailable of org.shop:a:2.0.0 is all 2 instances: a node that runs one can only be " +
    "drained while another node has room",
  ]);
});

Deno.test("planBlueprint() counts a new version of the blueprint itself", () => {
  const rows: Row[] = [["org.shop:b:1.0.0", 1, 1]];
  const plan = planBlueprint(expanded(rows), expanded(rows, "org.shop:app:1.1.0"), context);
  assert.deepEqual(plan.changes[0], {
    action: "update",
    artifact: "org.shop:app:1.1.0",
    changes: ["blueprint org.shop:app:1.0.0 -> org.shop:app:1.1.0"],
  });
  assert.equal(plan.changeCount, 1);
});

Deno.test("planBlueprint() warns of an older version", () => {
  const plan = planBlueprint(
    expanded([["org.shop:a:2.0.0", 1, 1]]),
    expanded([["org.shop:a:1.0.0", 1, 1]]),
    context,
  );
  assert.deepEqual(plan.warnings, ["org.shop:a:1.0.0 goes back from version 2.0.0"]);
});
