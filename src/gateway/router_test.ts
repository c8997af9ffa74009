import assert from "node:assert/strict";
import fc from "fast-check";
import { Router } from "./router.ts";

interface Route {
  readonly method: string;
  readonly path: string;
}

const methods = ["GET", "HEAD", "POST", "DELETE"];
const anySegment = fc.constantFrom("a", "b", ":x", ":y");
const anyRoute = fc.record({
  method: fc.constantFrom(...methods),
  path: fc.array(anySegment, { maxLength: 4 }).map((segments) => `/${segments.join("/")}`),
});
const anyPath = fc.array(fc.constantFrom("a", "b", "c", "", ":x", "%2F"), { maxLength: 5 })
  .map((segments) => `/${segments.join("/")}`);

function segmentsOf(path: string): string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}

function isParameter(segment: string): boolean {
  return segment.startsWith(":");
}

/** The parameters with which a route matches a path, or undefined. */
function match(route: Route, path: string): string | undefined {
  const [pattern, segments] = [segmentsOf(route.path), segmentsOf(path)];
  if (pattern.length !== segments.length) return undefined;
  const fits = pattern.every((part, index) =>
    isParameter(part) ? segments[index] !== "" : part === segments[index]
  );
  if (!fits) return undefined;
  return segments.filter((_, index) => isParameter(pattern[index] ?? "")).join("/");
}

/** Orders routes as a reader would: the first segment in which only one is fixed decides. */
function byPrecedence(a: Route, b: Route): number {
  const [left, right] = [a, b].map((route) =>
    segmentsOf(route.path).map((part) => isParameter(part) ? "1" : "0").join("")
  );
  return (left ?? "") < (right ?? "") ? -1 : left === right ? 0 : 1;
}

/** Looks at every route: the obvious router. */
function naiveFind(routes: readonly Route[], method: string, path: string) {
  const matching = routes.filter((route) => match(route, path) !== undefined).sort(byPrecedence);
  const shapes = Map.groupBy(matching, ({ path }) => segmentsOf(path).map(isParameter).join());
  for (const group of shapes.values()) {
    const found = group.find((route) => route.method === method) ??
      (method === "HEAD" ? group.find((route) => route.method === "GET") : undefined);
    if (found !== undefined) {
      return { value: `${found.method} ${found.path}`, parameters: match(found, path) };
    }
  }
  if (matching.length === 0) return undefined;
  return { allow: [...new Set(matching.map((route) => route.method))].sort() };
}

/** A router with these routes, and those that it took. */
function routed(routes: readonly Route[]): { router: Router<string>; taken: Route[] } {
  const router = new Router<string>();
  const taken = routes.filter(({ method, path }) => router.add(method, path, `${method} ${path}`));
  return { router, taken };
}

Deno.test("Router.find() finds what looking at every route would", () => {
  const anyMethod = fc.constantFrom(...methods, "PUT");
  fc.assert(
    fc.property(fc.array(anyRoute, { maxLength: 12 }), anyMethod, anyPath, (all, method, path) => {
      const { router, taken } = routed(all);
      assert.deepEqual(router.find(method, path), naiveFind(taken, method, path));
    }),
    { seed: 1, numRuns: 3_000 },
  );
});

Deno.test("Router.find() finds every route by its own path", () => {
  fc.assert(
    fc.property(fc.array(anyRoute, { maxLength: 12 }), (all) => {
      const { router, taken } = routed(all);
      for (const { method, path } of taken) {
        const found = router.find(method, path.replaceAll(":x", "v1").replaceAll(":y", "v2"));
        assert.ok(found !== undefined && "value" in found);
        assert.equal(found.value, `${method} ${path}`);
      }
    }),
    { seed: 2 },
  );
});

Deno.test("Router.add() refuses a route that differs only in the names of parameters", () => {
  const router = new Router<number>();
  assert.equal(router.add("GET", "/urls/:code", 1), true);
  assert.equal(router.add("GET", "/urls/:id", 2), false);
  assert.equal(router.add("POST", "/urls/:id", 3), true);
  assert.deepEqual(router.find("GET", "/urls/a"), { value: 1, parameters: "a" });
});

Deno.test("Router.find() compares paths as they are, before decoding", () => {
  const router = new Router<number>();
  router.add("GET", "/a/:x", 1);
  assert.deepEqual(router.find("GET", "/a/b%2Fc"), { value: 1, parameters: "b%2Fc" });
  assert.equal(router.find("GET", "/%61/b"), undefined);
  assert.equal(router.find("GET", "/a/b/"), undefined);
  assert.equal(router.find("GET", "/a/"), undefined);
  assert.equal(router.find("GET", "/A/b"), undefined);
  assert.deepEqual(router.find("GET", "/a/.."), { value: 1, parameters: ".." });
});

Deno.test("Router.find() tells the methods of a path, and HEAD falls back to GET", () => {
  const router = new Router<string>();
  router.add("GET", "/a", "fixed");
  router.add("DELETE", "/:x", "parameter");
  assert.deepEqual(router.find("HEAD", "/a"), { value: "fixed", parameters: "" });
  assert.deepEqual(router.find("DELETE", "/a"), { value: "parameter", parameters: "a" });
  assert.deepEqual(router.find("POST", "/a"), { allow: ["DELETE", "GET"] });
  assert.deepEqual(router.find("HEAD", "/b"), { allow: ["DELETE"] });
});

Deno.test("Router.find() survives any path", () => {
  const { router } = routed([{ method: "GET", path: "/:x/:y" }]);
  for (const path of ["", "*", "//", "/".repeat(10_000), "/a".repeat(10_000)]) {
    assert.equal(router.find("GET", path), undefined);
  }
  assert.deepEqual(router.find("GET", "/__proto__/constructor"), {
    value: "GET /:x/:y",
    parameters: "__proto__/constructor",
  });
});
