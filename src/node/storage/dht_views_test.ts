import assert from "node:assert/strict";
import { dhtViewKey, keys, leaderKey } from "../../protocol/keys.ts";
import { createLogger } from "../../sdk/logger.ts";
import { MemoryStore } from "../control/store_fixture_test.ts";
import { storedValue } from "../control/views.ts";
import { DhtViews } from "./dht_views.ts";

const addresses = { cluster: "", gateway: "", storage: "", management: "", app: "" };

function join(store: MemoryStore, id: string, storage: string, settled = 0): void {
  const member = { id, state: "ON_DUTY" as const, version: "0", incarnation: 1, addresses };
  store.write("node", keys.member.put(keys.member.key(id), member));
  store.write("node", keys.dhtMember.put(keys.dhtMember.key(id), { storage, settled }));
}

Deno.test("DhtViews opens a change when members come or lose their storage, and ends it", async () => {
  const store = new MemoryStore();
  const term = store.write("node", keys.leader.put(leaderKey, { node: "a" })).revision;
  const views = new DhtViews(store, createLogger(() => {}));
  const step = async () => {
    await views.step({ node: "a", term });
    return storedValue(store.state, keys.dhtView, dhtViewKey)?.value;
  };
  assert.equal(await step(), undefined);
  join(store, "a", "s1");
  const first = { revision: 1, members: [{ node: "a", storage: "s1" }], lost: [] };
  assert.deepEqual(await step(), first);
  assert.deepEqual(await step(), first);
  join(store, "b", "s2");
  const both = [{ node: "a", storage: "s1" }, { node: "b", storage: "s2" }];
  assert.deepEqual(await step(), { ...first, revision: 2, next: both });
  join(store, "a", "s1", 2);
  join(store, "b", "s2", 2);
  assert.deepEqual(await step(), { revision: 3, members: both, lost: [] });
  // A node without its disk is another one.
  join(store, "b", "s3");
  assert.deepEqual((await step())?.lost, ["s2"]);
  // One that was removed from the cluster is gone.
  store.write("node", { type: "delete", key: keys.member.key("b") });
  const { next, lost } = await step() ?? {};
  assert.deepEqual([next, lost], [[{ node: "a", storage: "s1" }], ["s2"]]);
});

Deno.test("DhtViews of a former leader change nothing", async () => {
  const store = new MemoryStore();
  const term = store.write("node", keys.leader.put(leaderKey, { node: "a" })).revision;
  store.write("node", keys.leader.put(leaderKey, { node: "b" }));
  join(store, "a", "s1");
  await new DhtViews(store, createLogger(() => {})).step({ node: "a", term });
  assert.equal(store.state.get(dhtViewKey), undefined);
});
