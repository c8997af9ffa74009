import assert from "node:assert/strict";
import { keys } from "../../protocol/keys.ts";
import { MemoryStore } from "../control/store_fixture_test.ts";
import { TopologyFeed, type TopologySource } from "./topology_feed.ts";

Deno.test("TopologyFeed tells every new thread the members, their addresses and who lives", () => {
  const store = new MemoryStore();
  const addresses = { cluster: "", gateway: "", storage: "h:8092", management: "", app: "" };
  const value = { id: "n1", state: "ON_DUTY" as const, version: "0", incarnation: 1, addresses };
  const { revision } = store.write("node", keys.member.put(keys.member.key("n1"), value));
  const told: unknown[] = [];
  let connect = () => {};
  const line = {
    tell: (_topic: string, body: unknown) => told.push(body),
    onConnect: (listener: () => void) => connect = listener,
  };
  let emit: Parameters<TopologySource["onEvent"]>[0] = () => {};
  const onEvent: TopologySource["onEvent"] = (listener) => emit = listener;
  let alive = true;
  new TopologyFeed(line, { id: "c", store, isAlive: () => alive, onEvent });
  connect();
  alive = false;
  emit({ type: "belief" } as Parameters<typeof emit>[0]);
  const members = (isAlive: boolean) => [{ id: "n1", address: "h:8092", isAlive }];
  assert.deepEqual(told, [
    { revision, cluster: "c", members: members(true), view: undefined },
    { revision, cluster: "c", members: members(false), view: undefined },
  ]);
});
