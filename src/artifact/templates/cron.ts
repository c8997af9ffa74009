/**
 * The template "cron": a slice that is called at certain times.
 *
 * @module
 */
import { contractHead, moduleHead, type Template } from "./template.ts";

/** See the module. */
export const cronTemplate: Template = {
  summary: "runs at certain times, and shows when it last did",
  contract: (names) =>
    `${contractHead(names, "contract, method, z")}
export const ${names.constant} = contract("${names.base}", {
  last: method({
    input: z.object({}),
    output: z.object({ runs: z.int(), lastDueAtMs: z.number().optional() }),
    http: "GET /${names.name}/last",
    summary: "Says how often it ran, and for what time last",
  }),
});
`,
  module: ({ constant }) =>
    `${moduleHead("cron, every, kv, slice, z", constant)}
export default slice(${constant}, {
  needs: { runs: kv(z.object({ count: z.int(), id: z.string(), dueAtMs: z.number() })) },
  schedules: {
    tick: every("5s"),
    nightly: cron("0 3 * * *", { timeZone: "UTC", catchUp: "once" }),
  },
  create: ({ runs }) => ({
    tick: async ({ id, dueAtMs }, call) => {
      const former = await runs.entry("tick");
      // A fire whose end was not known is attempted again.
      if (former?.value.id === id) return;
      const count = (former?.value.count ?? 0) + 1;
      await runs.put("tick", { count, id, dueAtMs }, { ifRevision: former?.revision ?? 0 });
      call.log.info("Ticked", { count });
    },
    nightly: ({ dueAtMs }, call) => call.log.info("A new day", { dueAtMs }),
    last: async () => {
      const last = await runs.get("tick");
      return last === undefined ? { runs: 0 } : { runs: last.count, lastDueAtMs: last.dueAtMs };
    },
  }),
});
`,
  test: () =>
    `import assert from "node:assert/strict";
import { testSlice } from "aether";
import definition from "./mod.ts";

Deno.test("tick() counts each fire once", async () => {
  const { client, fire } = await testSlice(definition);
  assert.deepEqual(await client.last({}), { runs: 0 });
  await fire.tick({ id: "a", dueAtMs: 1 });
  await fire.tick({ id: "a", dueAtMs: 1, attempt: 2 });
  await fire.tick({ id: "b", dueAtMs: 2 });
  assert.deepEqual(await client.last({}), { runs: 2, lastDueAtMs: 2 });
});

Deno.test("nightly() says so", async () => {
  const { fire, logs } = await testSlice(definition);
  await fire.nightly();
  assert.equal(logs[0]?.message, "A new day");
});
`,
  tryLines: ({ name }) => [`curl http://127.0.0.1:8070/${name}/last`],
};
