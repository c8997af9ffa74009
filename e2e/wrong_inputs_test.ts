/**
 * Wrong inputs, each given to the real program: the exact error code, the value that is wrong, and
 * what to do instead.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Node } from "./lib/node.ts";
import { e2eTest } from "./lib/world.ts";
import { commandLines, configurations } from "./lib/wrong_commands.ts";
import { blueprints, slices } from "./lib/wrong_deployments.ts";
import { checkRefusal } from "./lib/wrong_input.ts";
import { requests, values } from "./lib/wrong_requests.ts";

const tables = { commandLines, configurations, slices, blueprints, values, requests };
const rowsMin = 30;

Deno.test(`there are at least ${rowsMin} wrong inputs, each with a name of its own`, () => {
  for (const [table, rows] of Object.entries(tables)) {
    assert.equal(new Set(rows.map(({ what }) => what)).size, rows.length, table);
  }
  const count = Object.values(tables).reduce((sum, rows) => sum + rows.length, 0);
  assert.ok(count >= rowsMin, String(count));
});

for (const [table, rows] of Object.entries(tables)) {
  e2eTest(`wrong inputs are refused with code, value and fix: ${table}`, async (world, t) => {
    const node = await Node.start(world);
    await node.publish("echo");
    await node.apply("org.example:echo:1.0.0");
    for (const row of rows) {
      await t.step(row.what, async () => await checkRefusal({ world, node }, row));
    }
    // None of them has hurt the node.
    assert.equal((await node.client.call("health")).ready, true);
    assert.equal(await node.served("/echo/a"), '{"text":"a","version":"1"}');
  });
}
