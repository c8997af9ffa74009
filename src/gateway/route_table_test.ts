import assert from "node:assert/strict";
import fc from "fast-check";
import { type Route, RouteTable } from "./route_table.ts";

fc.configureGlobal({ seed: 34 });

const segment = fc.constantFrom("a", "b", ":x", ":y");
const anyPath = fc.array(segment, { maxLength: 3 }).map((parts) => `/${parts.join("/")}`);
const anyRoutes = fc.array(
  fc.record({ method: fc.constantFrom("GET", "POST", "HEAD"), path: anyPath }),
  { maxLength: 5 },
);
const anyChange = fc.record({ owner: fc.constantFrom("one", "two", "three"), routes: anyRoutes });

function tableOf(changes: Iterable<readonly [string, readonly Route<string>[]]>) {
  const table = new RouteTable<string>();
  for (const [owner, routes] of changes) table.replace(owner, routes);
  return table;
}

Deno.test("RouteTable.replace() leads to what a new table of the same routes would be", () => {
  fc.assert(fc.property(fc.array(anyChange, { maxLength: 12 }), (changes) => {
    const steps = changes.map(({ owner, routes }, step) =>
      [owner, routes.map((route) => ({ ...route, value: `${owner} ${step}` }))] as const
    );
    const changed = tableOf(steps);
    const last = new Map(steps);
    const rebuilt = tableOf([...last].reverse());
    const texts = ["a", "b", "c", ""];
    const paths = [
      "/",
      ...texts.flatMap((one) => [
        `/${one}`,
        ...texts.flatMap((two) => [`/${one}/${two}`, `/${one}/${two}/a`]),
      ]),
    ];
    for (const path of paths) {
      for (const method of ["GET", "POST", "HEAD", "PUT"]) {
        assert.deepEqual(changed.find(method, path), rebuilt.find(method, path), path);
      }
    }
  }));
});

Deno.test("RouteTable gives a route that two contracts want to the first, then to the other", () => {
  const table = new RouteTable<string>();
  table.replace("b", [{ method: "GET", path: "/x/:id", value: "of b" }]);
  table.replace("a", [{ method: "GET", path: "/x/:name", value: "of a" }]);
  assert.deepEqual(table.find("GET", "/x/1"), { value: "of a", parameters: "1" });
  table.replace("a", []);
  assert.deepEqual(table.find("GET", "/x/1"), { value: "of b", parameters: "1" });
  table.replace("b", []);
  assert.equal(table.find("GET", "/x/1"), undefined);
});
