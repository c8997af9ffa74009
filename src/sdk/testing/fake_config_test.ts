import assert from "node:assert/strict";
import { z } from "zod";
import { contract, method } from "../contract.ts";
import { config } from "../resource/config.ts";
import { slice } from "../slice.ts";
import { fakeConfig } from "./fake_config.ts";
import { testSlice } from "./test_slice.ts";

const limit = contract("org.example:limit", { now: method({ input: z.null(), output: z.int() }) });
const definition = slice(limit, {
  needs: { limits: config("limits", z.object({ perUser: z.int().default(5) })) },
  create: ({ limits }, { log }) => {
    limits.onChange(({ perUser }) => log.info("Changed", { perUser }));
    return { now: async () => (await limits.get()).perUser };
  },
});

Deno.test("fakeConfig() tells of changes, and the schema adds its defaults", async () => {
  const limits = fakeConfig({ perUser: 1 });
  const { client, logs } = await testSlice(definition, { limits });
  assert.equal(await client.now(null), 1);
  await limits.set({});
  assert.equal(await client.now(null), 5);
  assert.deepEqual(logs, [
    { slice: "org.example:limit", level: "info", message: "Changed", fields: { perUser: 5 } },
  ]);
});

Deno.test("fakeConfig() leaves out values that the schema refuses, as the cluster does", async () => {
  const limits = fakeConfig({ perUser: 1 });
  const { client, logs } = await testSlice(definition, { limits });
  // What an operator wrote wrongly.
  await limits.set({ perUser: "many" });
  assert.match(logs[0]?.message ?? "", /A change of config "limits" failed: .*values\.perUser/);
  await assert.rejects(client.now(null), { name: "RESOURCE_INVALID" });
});
