/**
 * A schedule of one second while the leader is killed three times: each due time is fired once.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import type { ScheduleView } from "../src/protocol/api/deployment/schedules.ts";
import { type ClusterNode, TestCluster } from "./lib/cluster.ts";
import { labTest, labTests } from "./lib/netns.ts";

const kills = 3;
const schedule = "org.example:ticker/tick";
const path = "/api/scheduled-tasks/org.example:ticker/tick";

/** It writes each fire under its id, and notes when one comes again. */
const module = `import { contract, every, kv, method, slice, z } from "aether";
const tick = z.object({ id: z.string(), dueAtMs: z.number(), by: z.string() });
const ticker = contract("org.example:ticker", {
  ticks: method({
    input: z.object({}),
    output: z.object({ ticks: z.array(tick), again: z.array(tick) }),
    http: "GET /ticks",
  }),
});
export default slice(ticker, {
  needs: { fires: kv(tick) },
  schedules: { tick: every("1s") },
  create: ({ fires }) => ({
    async ticks() {
      const values = async (prefix) => (await fires.list(prefix)).map(({ value }) => value);
      return { ticks: await values("once/"), again: await values("again/") };
    },
    async tick({ id, dueAtMs }, call) {
      const own = { id, dueAtMs, by: call.requestId };
      for (let attempt = 1; ; attempt++) {
        try {
          const first = await fires.entry("once/" + id);
          if (first === undefined) await fires.put("once/" + id, own, { ifRevision: 0 });
          else if (first.value.by !== own.by) {
            await fires.put("again/" + id + "/" + own.by, own);
          }
          return;
        } catch (error) {
          if (attempt === 10) throw error;
        }
      }
    },
  }),
});
`;

interface Tick {
  readonly id: string;
  readonly dueAtMs: number;
}

labTests(import.meta.url, 240_000, () => {
  labTest("A schedule fires each due time once over three kills of the leader", async (
    world,
    lab,
  ) => {
    const cluster = await TestCluster.create(world, {
      hosts: lab.hosts.slice(0, 3),
      isDurable: false,
    });
    await cluster.start();
    await cluster.ready();
    await world.write("ticker/slice.toml", 'artifact = "org.example:ticker:1.0.0"\n');
    await world.write("ticker/mod.ts", module);
    let node = cluster.node(1);
    await node.must(["slice", "publish", world.path("ticker"), "--skip-check"]);
    const blueprint = 'id = "org.example:app:1.0.0"\n[[slices]]\n' +
      'artifact = "org.example:ticker:1.0.0"\ninstances = 3\n';
    await node.must(["blueprint", "apply", "-"], blueprint);
    const view = () => node.json<ScheduleView>(path);
    const fires = async (count: number) => {
      const wanted = ((await view())?.totals.succeeded ?? 0) + count;
      await until(`${wanted} fires`, async () => {
        const { totals: { succeeded } } = await view() ?? { totals: { succeeded: 0 } };
        return succeeded >= wanted || undefined;
      });
    };
    await fires(2);
    for (let kill = 0; kill < kills; kill++) {
      const leader = await until("a leader", () => cluster.leader(node));
      node = cluster.nodes.find((each) => each !== leader) as ClusterNode;
      await leader.crash();
      await fires(3);
      leader.launch();
      await leader.ready();
      await cluster.ready();
    }
    await node.must(["schedule", "pause", schedule]);
    const { totals, registeredAtMs, nextAtMs } = await until("nothing runs", async () => {
      const now = await view();
      return now?.running === 0 ? now : undefined;
    });
    assert.equal(nextAtMs, null);
    const response = await fetch(`http://${node.host.management}:8070/ticks`);
    const { ticks, again } = await response.json() as { ticks: Tick[]; again: Tick[] };
    const dues = ticks.map(({ dueAtMs }) => dueAtMs).sort((left, right) => left - right);
    const expected = dues.map((_, index) => registeredAtMs + (index + 1) * 1_000);
    console.log(`${dues.length} fires, ${again.length} attempted again`);
    // The clocks of the two are read one after the other.
    const offsetMs = (dues[0] ?? 0) - (expected[0] ?? 0);
    assert.ok(Math.abs(offsetMs) < 50, `The first fire is ${offsetMs} ms away from its time`);
    assert.deepEqual(dues, expected.map((due) => due + offsetMs), "none is lost, none twice");
    const { length } = dues;
    assert.deepEqual(totals, { fired: length, succeeded: length, failed: 0, missed: 0 });
    assert.ok(again.length <= kills, `${again.length} fires came again, under their own ids`);
    const list = await node.must(["schedule", "list"]);
    assert.match(list, /org\.example:ticker\/tick +every 1s +single +PAUSED/);
    await node.must(["schedule", "trigger", schedule]);
    await until(
      "the fire by hand",
      async () => (await view())?.totals.succeeded === length + 1 || undefined,
    );
    await node.must(["blueprint", "delete", "org.example:app:1.0.0"]);
    await until("it is gone", async () => (await node.request(path)).status === 404 || undefined);
  });
});
