/**
 * The template "http": a slice that answers HTTP requests.
 *
 * @module
 */
import { contractHead, moduleHead, type Template } from "./template.ts";

/** See the module. */
export const httpTemplate: Template = {
  summary: "answers HTTP requests",
  contract: (names) =>
    `${contractHead(names, "contract, method, z")}
export const ${names.constant} = contract("${names.base}", {
  greet: method({
    input: z.object({ name: z.string().min(1).max(100) }),
    output: z.object({ greeting: z.string() }),
    http: "GET /${names.name}/:name",
    summary: "Greets somebody by name",
  }),
});
`,
  module: ({ constant }) =>
    `${moduleHead("slice", constant)}
export default slice(${constant}, {
  create: (_handles, instance) => {
    instance.log.info("Ready");
    return {
      greet: ({ name }, call) => {
        call.log.info("Greeting", { name });
        return { greeting: \`Hello, \${name}\` };
      },
    };
  },
});
`,
  test: () =>
    `import assert from "node:assert/strict";
import { testSlice } from "aether";
import definition from "./mod.ts";

Deno.test("greet() greets by name", async () => {
  const tested = await testSlice(definition);
  assert.deepEqual(await tested.client.greet({ name: "Ada" }), { greeting: "Hello, Ada" });
  await tested.stop();
});

Deno.test("greet() refuses an empty name", async () => {
  const tested = await testSlice(definition);
  await assert.rejects(tested.client.greet({ name: "" }), { name: "INPUT_INVALID" });
  await tested.stop();
});
`,
  tryLines: ({ name }) => [`curl http://127.0.0.1:8070/${name}/Ada`],
};
