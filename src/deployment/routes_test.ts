import assert from "node:assert/strict";
import { makeManifest } from "./manifest_fixture_test.ts";
import { pathShape, routeConflicts } from "./routes.ts";

Deno.test("pathShape() leaves out the names of parameters", () => {
  assert.equal(pathShape("/urls/:code/clicks/:day"), "/urls/:/clicks/:");
  assert.equal(pathShape("/a:b"), "/a:b");
  assert.equal(pathShape("/"), "/");
});

Deno.test("routeConflicts() lets different methods and static segments pass", () => {
  const a = makeManifest("org.shop:a:1.0.0", { routes: ["GET /urls/:code", "GET /urls/stats"] });
  const b = makeManifest("org.shop:b:1.0.0", { routes: ["DELETE /urls/:code", "GET /urls"] });
  assert.deepEqual(routeConflicts([{ manifest: a }, { manifest: b }]), []);
});

Deno.test("routeConflicts() names the other blueprint, and ignores conflicts among others", () => {
  const a = makeManifest("org.shop:a:1.0.0", { routes: ["GET /x/:a"] });
  const b = makeManifest("org.shop:b:1.0.0", { routes: ["GET /x/:b"] });
  const blueprint = "org.shop:other:1.0.0";
  assert.deepEqual(routeConflicts([], [{ manifest: a }, { manifest: b }]), []);
  assert.deepEqual(routeConflicts([{ manifest: b }], [{ manifest: a, blueprint }]), [{
    path: "GET /x/:b",
    message: "GET /x/:b of org.shop:b:1.0.0 (method0) and GET /x/:a of org.shop:a:1.0.0 " +
      "(method0) in org.shop:other:1.0.0 are the same",
  }]);
});
