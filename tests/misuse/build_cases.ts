/**
 * Ways to misuse the programming model that a build refuses.
 *
 * @module
 */
import { goodSlice } from "../fixtures/slices/temporary.ts";
import { buildOf, type Misuse } from "./misuse.ts";

/** A slice whose contract.ts and mod.ts are one module. */
function oneModule(code: string, toml = ""): Misuse["give"] {
  const module = `import * as aether from "aether";
const { contract, cron, every, http, kv, method, slice, subscribe, topic, z } = aether;
void [contract, cron, every, http, kv, method, slice, subscribe, topic, z];
const text = z.object({ name: z.string() });
${code}`;
  return buildOf({
    "slice.toml": `artifact = "org.example:good:1.0.0"\n${toml}`,
    "mod.ts": module,
  });
}

/** A slice with these methods; the handlers do not matter. */
const methods = (text: string, options = "") =>
  oneModule(`const it = contract("org.example:good", { ${text} }${options});
export default slice(it, { create: () => ({}) as never });`);

/** A slice with these needs and more properties of its definition. */
const definition = (properties: string, before = "", toml = "") =>
  oneModule(
    `${before}
const it = contract("org.example:good", { get: method({ input: text, output: text }) });
export default slice(it, { ${properties}, create: () => ({}) as never });`,
    toml,
  );

const toml = (text: string) => buildOf({ ...goodSlice, "slice.toml": text });
const artifact = 'artifact = "org.example:good:1.0.0"\n';
const other = `const other = contract("org.example:other", {});`;

/** What is wrong with slice.toml. */
export const manifests: readonly Misuse[] = [
  {
    what: "no slice.toml",
    give: buildOf({ "mod.ts": "" }),
    code: "FILE_UNREADABLE",
    place: "slice.toml",
    fix: "aether slice new",
  },
  {
    what: "text that is no TOML",
    give: toml('artifact = "org.example:good:1.0.0\n'),
    code: "SLICE_INVALID",
    place: "line 1",
    fix: /quote|string|close|write/i,
  },
  {
    what: "a version that is none",
    give: toml('artifact = "org.example:good:1.0"\n'),
    code: "SLICE_INVALID",
    place: "line 1 artifact",
    fix: "1.0.0",
  },
  {
    what: "a key that does not exist",
    give: toml(`${artifact}[permission]\n`),
    code: "SLICE_INVALID",
    place: "line 2",
    fix: 'did you mean "permissions"?',
  },
  {
    what: "an entry that is not there",
    give: toml(`${artifact}entry = "mods.ts"\n`),
    code: "SLICE_INVALID",
    place: "entry",
    fix: 'did you mean "mod.ts"?',
  },
  {
    what: "a host with a scheme",
    give: toml(`${artifact}[permissions]\nnet = ["https://api.example.com"]\n`),
    code: "SLICE_INVALID",
    place: "line 3 permissions.net",
    fix: "write host:port without scheme",
  },
  {
    what: "a limit out of range",
    give: toml(`${artifact}[limits]\nheapMb = 4\n`),
    code: "SLICE_INVALID",
    place: "line 3 limits.heapMb",
    fix: ">=16",
  },
  {
    what: "a dependency on itself",
    give: toml(`${artifact}[dependencies]\n"org.example:good" = "^1.0.0"\n`),
    code: "SLICE_INVALID",
    place: "line 3",
    fix: "remove it",
  },
  {
    what: "a version range that is none",
    give: toml(`${artifact}[dependencies]\n"org.example:a" = "one"\n`),
    code: "SLICE_INVALID",
    place: "line 3",
    fix: "Write a version range such as ^1.0.0",
  },
];

/** What is wrong with a contract. */
export const contracts: readonly Misuse[] = [
  {
    what: "a contract with another name than the artifact",
    give: oneModule(
      'export default slice(contract("org.example:bad", {}), { create: () => ({}) });',
    ),
    code: "SLICE_INVALID",
    place: '"org.example:bad"',
    fix: "give both the same name",
  },
  {
    what: "one route for two methods",
    give: methods(`a: method({ input: text, output: text, http: "GET /a/:name" }),
      b: method({ input: text, output: text, http: "GET /a/:name" })`),
    code: "SLICE_INVALID",
    place: '"GET /a/:name" is also the route of a',
    fix: "change one",
  },
  {
    what: "a path parameter that the input does not have",
    give: methods('a: method({ input: text, output: text, http: "GET /a/:id" })'),
    code: "SLICE_INVALID",
    place: '"id"',
    fix: "add it to the schema",
  },
  {
    what: "a route without a method",
    give: methods('a: method({ input: text, output: text, http: "/a" as never })'),
    code: "SLICE_INVALID",
    place: "Method a of org.example:good",
    fix: "write METHOD /path",
  },
  {
    what: "a method that is not in camelCase",
    give: methods("GetIt: method({ input: text, output: text })"),
    code: "SLICE_INVALID",
    place: "Method GetIt",
    fix: "camelCase",
  },
  {
    what: "an error code in lower case",
    give: methods(
      "a: method({ input: text, output: text })",
      ", { errors: { gone: { status: 410 } } }",
    ),
    code: "SLICE_INVALID",
    place: '"gone"',
    fix: "UPPER_CASE",
  },
  {
    what: "a status that is no error's",
    give: methods("", ", { errors: { GONE: { status: 200 } } }"),
    code: "SLICE_INVALID",
    place: "Error GONE",
    fix: "choose 400 to 599",
  },
  {
    what: "a stream without a route",
    give: methods("a: method({ input: text, output: aether.bytes() })"),
    code: "SLICE_INVALID",
    place: "Method a",
    fix: "needs an http route",
  },
  {
    what: "interceptors of a method that does not exist",
    give: definition("interceptors: { got: { retry: {} } } as never"),
    code: "SLICE_INVALID",
    place: '"got"',
    fix: "no method of org.example:good",
  },
];

/** What is wrong with what a slice needs. */
export const needs: readonly Misuse[] = [
  {
    what: "a call to a slice that slice.toml does not name",
    give: definition("needs: { other }", other),
    code: "SLICE_INVALID",
    place: "org.example:other",
    fix: 'add "org.example:other" = "^1.0.0" under [dependencies]',
  },
  {
    what: "a slice that calls itself",
    give: oneModule(`const it = contract("org.example:good", {});
export default slice(it, { needs: { it }, create: () => ({}) });`),
    code: "SLICE_INVALID",
    place: "its own contract org.example:good",
    fix: "remove it",
  },
  {
    what: "a need that is neither contract nor resource",
    give: definition("needs: { store: 1 as never }"),
    code: "SLICE_INVALID",
    place: '"store"',
    fix: "a resource such as kv()",
  },
  {
    what: "a section that is no name",
    give: definition('needs: { bank: http("My Bank") }'),
    code: "SLICE_INVALID",
    place: '"My Bank"',
    fix: 'e.g. "payments"',
  },
  {
    what: "a topic that is no name",
    give: definition('needs: { clicks: topic("My Clicks", text) }'),
    code: "SLICE_INVALID",
    place: '"My Clicks"',
    fix: 'e.g. "clicks"',
  },
  {
    what: "a subscription that reads what nobody writes",
    give: definition(
      'needs: { clicks: topic("clicks", text) }, subscriptions: { onClick: subscribe(wrong) }',
      'const wrong = topic("clicks", z.object({ url: z.string() }));',
    ),
    code: "SLICE_INVALID",
    place: '"url"',
    fix: "Use one schema for both",
  },
  {
    what: "a subscription with the name of a method",
    give: definition(
      "subscriptions: { get: subscribe(clicks) }",
      'const clicks = topic("clicks", text);',
    ),
    code: "SLICE_INVALID",
    place: '"get" is a method and a subscription',
    fix: "rename one",
  },
  {
    what: "a cron expression that never fits",
    give: definition('schedules: { nightly: cron("0 3 * *") }'),
    code: "SLICE_INVALID",
    place: '"0 3 * *"',
    fix: "minute hour day-of-month month day-of-week",
  },
  {
    what: "an interval without a unit",
    give: definition('schedules: { tick: every("5") }'),
    code: "SLICE_INVALID",
    place: '"5"',
    fix: /unit|5s/,
  },
];

/** What is wrong with the module. */
export const modules: readonly Misuse[] = [
  {
    what: "no slice as the default export",
    give: oneModule("export default 1;"),
    code: "SLICE_INVALID",
    place: "default export",
    fix: "write `export default slice(...)`",
  },
  {
    what: "a package that does not travel along",
    give: buildOf({ ...goodSlice, "mod.ts": 'import _ from "lodash";\nexport default _;\n' }),
    code: "SLICE_BUILD_FAILED",
    place: /mod\.ts:1.*"lodash"/,
    fix: "import it with ./",
  },
  {
    what: "code of another slice",
    give: buildOf({ ...goodSlice, "mod.ts": 'export { default } from "../other/mod.ts";\n' }),
    code: "SLICE_BUILD_FAILED",
    place: "mod.ts:1",
    fix: "contract.ts",
  },
  {
    what: "work that needs a permission when the module is loaded",
    give: oneModule(
      'Deno.env.get("HOME");\nexport default slice(contract("org.example:good", {}), ' +
        "{ create: () => ({}) });",
    ),
    code: "SLICE_INVALID",
    place: '"HOME"',
    fix: "create()",
  },
  {
    what: "a handler that answers something else",
    give: buildOf({
      ...goodSlice,
      "mod.ts": `import { slice } from "aether";
import { good } from "./contract.ts";
export default slice(good, { create: () => ({ greet: () => ({ greeting: 1 }) }) });
`,
    }, { check: true }),
    code: "SLICE_BUILD_FAILED",
    place: "mod.ts:3",
    fix: "Type 'number' is not assignable to type 'string'",
  },
];
