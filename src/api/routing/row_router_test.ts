import assert from "node:assert/strict";
import { apiRows } from "../../protocol/api/table.ts";
import { RowRouter } from "./row_router.ts";

function routerOf(...paths: readonly string[]): RowRouter<string> {
  const router = new RowRouter<string>();
  for (const path of paths) router.add("GET", path, path);
  return router;
}

/** What a router finds: the row and its parameters. */
function found(router: RowRouter<string>, path: string): unknown {
  const [handlers] = router.match("GET", path);
  return handlers.map(([handler, params]) => [handler, { ...params }]);
}

Deno.test("RowRouter.match() finds the first row that fits, with its parameters", () => {
  const router = routerOf("/api/a/{id}/health", "/api/a/{id}/{action}", "/api/a", "/files/{path+}");
  assert.deepEqual(found(router, "/api/a"), [["/api/a", {}]]);
  assert.deepEqual(found(router, "/api/a/1/health"), [["/api/a/{id}/health", { id: "1" }]]);
  const other = { id: "1", action: "stop" };
  assert.deepEqual(found(router, "/api/a/1/stop"), [["/api/a/{id}/{action}", other]]);
  assert.deepEqual(found(router, "/files/x/y"), [["/files/{path+}", { path: "x/y" }]]);
});

Deno.test("RowRouter.match() finds nothing for other paths and methods", () => {
  const router = routerOf("/api/a", "/api/b/{id}", "/api/kv/{key+}", "/files/{path+}");
  for (const path of ["/", "", "/api", "/api/", "/api/a/", "/api/ab", "/api/b/", "/api/b/1/2"]) {
    assert.deepEqual(found(router, path), [], path);
  }
  for (const path of ["/api/kv/", "/api/kv", "/files", "/files/", "/filesx/a", "//api/a"]) {
    assert.deepEqual(found(router, path), [], path);
  }
  assert.deepEqual(router.match("PUT", "/api/a"), [[]]);
});

Deno.test("RowRouter.methodsOf() gives the methods of all rows with the path", () => {
  const router = routerOf("/api/kv/{key+}");
  router.add("PUT", "/api/kv/{key+}", "put");
  router.add("POST", "/api/txn", "txn");
  assert.deepEqual(router.methodsOf("/api/kv/a"), new Set(["GET", "PUT"]));
  assert.deepEqual(router.methodsOf("/api/other"), new Set());
});

Deno.test("RowRouter finds every row of the API by its own path", () => {
  const router = new RowRouter<string>();
  for (const { name, row } of apiRows()) router.add(row.method, row.path, name);
  for (const { name, row } of apiRows()) {
    const path = row.path.replace(/\{\w+\+\}/g, "x/y").replace(/\{\w+\}/g, "x");
    assert.equal(router.match(row.method, path)[0][0]?.[0], name);
  }
});
