import assert from "node:assert/strict";
import { contract, method, slice, z } from "../../mod.ts";
import { SliceNodes } from "./slice_nodes.ts";

const count = z.object({ count: z.number() });
const named = (name: string) =>
  contract(`org.example:${name}`, { pass: method({ input: count, output: count }) });
const ping = named("ping");
const pong = named("pong");

/** A slice that calls the other one, which calls it. */
function circling(own: typeof ping, other: typeof ping, calls: number[]) {
  return slice(own, {
    needs: { other },
    create: ({ other }) => ({
      pass({ count }) {
        calls.push(count);
        return other.pass({ count: count + 1 });
      },
    }),
  });
}

Deno.test("Gateways end calls in a circle over two nodes at the depth that is configured", async () => {
  const pings: number[] = [];
  const pongs: number[] = [];
  await using nodes = await SliceNodes.start(
    [[circling(ping, pong, pings)], [circling(pong, ping, pongs)]],
    { maxDepth: 5 },
  );
  const outcome = await nodes.call(ping.name, "pass", { count: 1 });
  assert.deepEqual([pings, pongs], [[1, 3, 5], [2, 4]]);
  assert.ok(outcome.kind === "problem" && "hint" in outcome.problem);
  const { name, status, detail, hint } = outcome.problem;
  assert.deepEqual([name, status], ["CALL_TOO_DEEP", 508]);
  assert.match(detail, /^The call of org.example:pong pass is inside 5 others/);
  assert.match(hint, /in a circle/);
});
