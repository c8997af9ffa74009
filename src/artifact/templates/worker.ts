/**
 * The template "worker": a slice that does work for other slices, each piece once.
 *
 * @module
 */
import { contractHead, moduleHead, type Template } from "./template.ts";

/** See the module. */
export const workerTemplate: Template = {
  summary: "does work for other slices, without routes",
  contract: (names) =>
    `${contractHead(names, "contract, method, z")}
export const ${names.constant} = contract("${names.base}", {
  work: method({
    input: z.object({ id: z.string().min(1).max(100), text: z.string().max(10_000) }),
    output: z.object({ words: z.int() }),
    // The result is kept by id, so a repeated call does the work once.
    idempotent: true,
    summary: "Counts the words of a text",
  }),
}, {
  errors: { TEXT_EMPTY: { status: 422 } },
});
`,
  module: ({ constant }) =>
    `${moduleHead("kv, lock, slice, z", constant)}
export default slice(${constant}, {
  needs: { results: kv(z.object({ words: z.int() })), jobs: lock() },
  create: ({ results, jobs }) => ({
    work: async ({ id, text }, call) => {
      if (text.trim() === "") throw ${constant}.errors.TEXT_EMPTY("The text has no words");
      return await jobs.run(id, async (held) => {
        const done = await results.get(id);
        if (done !== undefined) return done;
        const result = { words: text.trim().split(/\\s+/).length };
        await results.put(id, result, { fence: held });
        call.log.info("Worked", { id, ...result });
        return result;
      }, { waitMs: 5_000 });
    },
  }),
});
`,
  test: () =>
    `import assert from "node:assert/strict";
import { testSlice } from "aether";
import definition from "./mod.ts";

Deno.test("work() counts words, and does each piece once", async () => {
  const { client, logs } = await testSlice(definition);
  assert.deepEqual(await client.work({ id: "1", text: "to be or not" }), { words: 4 });
  assert.deepEqual(await client.work({ id: "1", text: "to be or not" }), { words: 4 });
  assert.equal(logs.length, 1);
});

Deno.test("work() refuses a text without words", async () => {
  const { client } = await testSlice(definition);
  await assert.rejects(client.work({ id: "1", text: " " }), { code: "TEXT_EMPTY", status: 422 });
});

Deno.test("work() waits while another instance has the piece", async () => {
  const { client, handles, advance } = await testSlice(definition);
  const held = await handles.jobs.acquire("1");
  const working = client.work({ id: "1", text: "a b" });
  await advance("1s");
  await held.release();
  assert.deepEqual(await working, { words: 2 });
});
`,
  tryLines: ({ name }) => [`aether slice status ${name}`],
};
