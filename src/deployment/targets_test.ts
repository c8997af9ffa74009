import assert from "node:assert/strict";
import { targetsOf } from "./targets.ts";

Deno.test("targetsOf() answers one target per slice, in load order", () => {
  const slice = { instances: 2, minAvailable: 1, isDependency: false };
  const targets = targetsOf([{
    id: "org.shop:app:1.0.0",
    source: "",
    slices: [
      { ...slice, artifact: "org.shop:b:1.0.0", dependencies: [] },
      { ...slice, artifact: "org.shop:a:1.0.0", dependencies: ["org.shop:b:1.0.0"] },
    ],
  }]);
  assert.deepEqual(targets, [
    {
      artifactBase: "org.shop:b",
      artifact: "org.shop:b:1.0.0",
      instances: 2,
      minAvailable: 1,
      dependencies: [],
    },
    {
      artifactBase: "org.shop:a",
      artifact: "org.shop:a:1.0.0",
      instances: 2,
      minAvailable: 1,
      dependencies: ["org.shop:b:1.0.0"],
    },
  ]);
});
