import assert from "node:assert/strict";
import { newSlice } from "../../src/artifact/scaffold.ts";
import { sliceTools } from "../../src/forge/tools.ts";
import { withFolder } from "../fixtures/slices/temporary.ts";
import { TestNode } from "./setup.ts";

const patient = `import { contract, every, method, slice, z } from "aether";
const patient = contract("org.example:patient", {
  heal: method({ input: z.object({}), output: z.object({}), http: "POST /heal" }),
  seen: method({
    input: z.object({}),
    output: z.object({ ids: z.array(z.string()) }),
    http: "GET /seen",
  }),
});
export default slice(patient, {
  schedules: { checkUp: every("1d") },
  create: () => {
    const ids = [];
    let isHealed = false;
    return {
      heal: () => {
        isHealed = true;
        return {};
      },
      seen: () => ({ ids }),
      checkUp: ({ id }) => {
        ids.push(id);
        if (!isHealed) throw new Error("It hurts");
      },
    };
  },
});
`;

const files = {
  "slice.toml": 'artifact = "org.example:patient:1.0.0"\n',
  "mod.ts": patient,
};

async function until<T>(what: string, check: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const value = await check();
    if (value !== undefined) return value;
    assert.ok(performance.now() < deadline, `It did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The schedule, once so many of its fires have ended. */
function ended(node: TestNode, params: { contract: string; name: string }, count: number) {
  return until(`${count} fires have ended`, async () => {
    const view = await node.client.call("scheduleGet", { params }).catch(() => undefined);
    if (view === undefined) return undefined;
    return view.totals.succeeded + view.totals.failed >= count ? view : undefined;
  });
}

Deno.test("a fire that failed is an event and a dead letter, whose retry is the same fire", async () => {
  await withFolder(files, async (folder) => {
    await using node = await TestNode.start();
    const { client, info } = node;
    await node.deploy("org.example:care:1.0.0", [folder]);
    const params = { contract: "org.example:patient", name: "checkUp" };
    await ended(node, params, 0);
    const { fire } = await client.call("scheduleTrigger", { params, body: {} });
    assert.equal((await ended(node, params, 1)).last?.result, "failed");

    const { letters: [letter] } = await client.call("deadLetterList", {});
    assert.ok(letter !== undefined && letter.source.kind === "schedule");
    assert.deepEqual([letter.source.schedule, letter.contract], ["checkUp", params.contract]);
    const retry = { params: { id: letter.id } };
    await assert.rejects(client.call("deadLetterRetry", retry), { name: "DEAD_LETTER_REFUSED" });
    const headers = { "content-type": "application/json" };
    const healing = await fetch(`http://${info.app}/heal`, { method: "POST", headers, body: "{}" });
    assert.deepEqual([healing.status, await healing.json()], [200, {}]);
    await client.call("deadLetterRetry", retry);
    assert.equal((await client.call("deadLetterList", {})).count, 0);
    const seen = await (await fetch(`http://${info.app}/seen`)).json();
    assert.deepEqual(seen.ids, [fire, fire, fire]);

    await client.call("scheduleTrigger", { params, body: {} });
    await ended(node, params, 2);
    await client.call("schedulePause", { params, body: {} });
    await client.call("scheduleResume", { params, body: {} });
    const types = await until("the events are there", async () => {
      const { events } = await client.call("eventList", {});
      const own = events.filter(({ type }) => type.startsWith("SCHEDULE_"));
      return own.length >= 4 ? own.map(({ type }) => type) : undefined;
    });
    assert.deepEqual(types, [
      ...["SCHEDULE_FAILED", "SCHEDULE_RECOVERED", "SCHEDULE_PAUSED", "SCHEDULE_RESUMED"],
    ]);
  });
});

Deno.test("the template cron builds, runs on a node, and its schedules fire", async () => {
  await withFolder({}, async (root) => {
    const folder = `${root}/clock`;
    const { sdkPath } = sliceTools();
    const { artifact } = await newSlice("clock", folder, { template: "cron", sdkPath });
    assert.equal(artifact, "org.example:clock:1.0.0");
    await using node = await TestNode.start();
    await node.deploy("org.example:app:1.0.0", [folder]);
    const tick = { contract: "org.example:clock", name: "tick" };
    const nightly = { contract: "org.example:clock", name: "nightly" };
    await ended(node, nightly, 0);
    await node.client.call("scheduleTrigger", { params: nightly, body: {} });
    // Its own interval fires this one.
    assert.equal((await ended(node, tick, 1)).last?.result, "succeeded");
    assert.equal((await ended(node, nightly, 1)).last?.result, "succeeded");
    const { runs } = await (await fetch(`http://${node.info.app}/clock/last`)).json();
    assert.ok(runs >= 1, `It ran ${runs} times`);
  });
});
