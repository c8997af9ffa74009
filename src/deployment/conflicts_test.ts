import assert from "node:assert/strict";
import type { ExpandedBlueprint } from "../protocol/blueprint.ts";
import { ownershipConflicts, refuseConflicts } from "./conflicts.ts";
import { makeCatalog, makeManifest } from "./manifest_fixture_test.ts";

function expanded(id: string, ...artifacts: string[]): ExpandedBlueprint {
  const slices = artifacts.map((artifact) => ({
    artifact,
    instances: 1,
    minAvailable: 1,
    isDependency: false,
    dependencies: [],
  }));
  return { id, slices, source: "" };
}

const shop = expanded("org.shop:shop:1.0.0", "org.shop:a:1.0.0", "org.shop:b:1.0.0");
const other = expanded("org.shop:other:1.0.0", "org.shop:b:2.0.0", "org.shop:c:1.0.0");

Deno.test("ownershipConflicts() names slice and owner, whatever the version", () => {
  assert.deepEqual(ownershipConflicts(shop, [other]), [{
    path: "slices[1]",
    message: "org.shop:b:1.0.0 is owned by blueprint org.shop:other:1.0.0 as org.shop:b:2.0.0",
  }]);
});

Deno.test("ownershipConflicts() ignores the same blueprint", () => {
  assert.deepEqual(ownershipConflicts(shop, [shop]), []);
});

Deno.test("refuseConflicts() throws BLUEPRINT_CONFLICT with the owner", () => {
  assert.throws(() => refuseConflicts(shop, [other], () => undefined), {
    name: "BLUEPRINT_CONFLICT",
    message: "Blueprint org.shop:shop:1.0.0 lists what another blueprint owns: org.shop:b:1.0.0 " +
      "is owned by blueprint org.shop:other:1.0.0 as org.shop:b:2.0.0",
  });
});

Deno.test("refuseConflicts() throws ROUTE_CONFLICT for a route of another blueprint", () => {
  const { manifest } = makeCatalog(
    makeManifest("org.shop:a:1.0.0", { routes: ["GET /"] }),
    makeManifest("org.shop:c:1.0.0", { routes: ["GET /"] }),
  );
  const one = expanded("org.shop:one:1.0.0", "org.shop:a:1.0.0");
  const two = expanded("org.shop:two:1.0.0", "org.shop:c:1.0.0");
  refuseConflicts(one, [one], manifest);
  assert.throws(() => refuseConflicts(one, [two], manifest), {
    name: "ROUTE_CONFLICT",
    message: "Blueprint org.shop:one:1.0.0 claims a route twice: GET / of org.shop:a:1.0.0 " +
      "(method0) in org.shop:one:1.0.0 and GET / of org.shop:c:1.0.0 (method0) in " +
      "org.shop:two:1.0.0 are the same",
  });
});
