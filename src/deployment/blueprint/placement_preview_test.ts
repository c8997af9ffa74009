import assert from "node:assert/strict";
import type { ExpandedBlueprint } from "../../protocol/blueprint.ts";
import type { Instance } from "../targets.ts";
import { previewPlacement } from "./placement_preview.ts";

const old = "org.shop:echo:1.0.0";
const next = "org.shop:echo:2.0.0";
const gone = "org.shop:gone:1.0.0";

function blueprint(slices: Readonly<Record<string, number>>): ExpandedBlueprint {
  const more = { minAvailable: 1, isDependency: false, dependencies: [] };
  return {
    id: "org.shop:app:1.0.0",
    source: "",
    slices: Object.entries(slices).map(([artifact, instances]) => ({
      artifact,
      instances,
      ...more,
    })),
  };
}

function at(node: string, artifact: string, n = 1): Instance {
  return { id: `${node}/${artifact}/${n}`, artifact, node, n, state: "ACTIVE", attempt: 1 };
}

const nodes = [
  { id: "n1", lifecycle: "ON_DUTY" },
  { id: "n2", lifecycle: "ON_DUTY" },
  { id: "n3", lifecycle: "DRAINING" },
] as const;

function texts(
  current: ExpandedBlueprint | undefined,
  after: ExpandedBlueprint,
  ...own: Instance[]
) {
  const context = { instances: own, nodes, instancesPerNode: 2 };
  return previewPlacement(current, after, context).map((change) =>
    `${
      change.artifact.split(":").slice(1).join(":")
    } ${change.node} ${change.before}>${change.after}`
  );
}

Deno.test("previewPlacement() shows where new instances go and old ones end", () => {
  assert.deepEqual(texts(undefined, blueprint({ [old]: 3 })), [
    "echo:1.0.0 n1 0>2",
    "echo:1.0.0 n2 0>1",
  ]);
  const current = blueprint({ [old]: 1, [gone]: 1 });
  const own = [at("n1", old), at("n3", gone), at("n2", "org.shop:other:1.0.0")];
  assert.deepEqual(texts(current, blueprint({ [next]: 1 }), ...own), [
    "echo:2.0.0 n1 0>1",
    "echo:1.0.0 n1 1>0",
    "gone:1.0.0 n3 1>0",
  ]);
});

Deno.test("previewPlacement() is empty when nothing moves", () => {
  const same = blueprint({ [old]: 2 });
  assert.deepEqual(texts(same, same, at("n1", old), at("n2", old)), []);
});
