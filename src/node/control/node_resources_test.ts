import assert from "node:assert/strict";
import type { ResourcesToControl, ResourceView } from "../../protocol/thread/resources.ts";
import type { AskHandler } from "../cluster/asks.ts";
import { Locks } from "./locks.ts";
import { NodeResources } from "./node_resources.ts";
import { addMember, MemoryStore } from "./store_fixture_test.ts";
import { ManualClock } from "../../base/clock.ts";

const pool: ResourceView = {
  type: "http",
  section: "payments",
  state: "OPEN",
  references: 1,
  users: [{ instance: "n1/shop/1", artifact: "org.example:shop:1.0.0", need: "pay" }],
};

Deno.test("NodeResources.all() has the own resources, those of others, and who is silent", async () => {
  const memory = new MemoryStore();
  const readBarrier = () => Promise.resolve();
  const store = Object.assign(memory, { readBarrier });
  for (const id of ["n1", "n2", "n3", "n4"]) addMember(memory, id);
  let handler: AskHandler | undefined;
  const resources = new NodeResources({
    node: "n1",
    store,
    locks: new Locks({ store, clock: new ManualClock() }),
    cluster: {
      asks: {
        handle: (_topic, given) => void (handler = given),
        ask: (node) =>
          node === "n2"
            ? Promise.resolve(new TextEncoder().encode("[]"))
            : Promise.reject(new Error("Too late")),
      },
      isAlive: (node) => node !== "n3",
    },
  });
  const { port1, port2 } = new MessageChannel();
  resources.connect(port1);
  const told: ResourcesToControl = { type: "resources", resources: [pool] };
  port2.postMessage(told);
  const answered = new Promise((resolve) => port2.onmessage = ({ data }) => resolve(data));
  port2.postMessage({ type: "ask", id: 1, op: "entry", args: ["user/a"] });
  assert.deepEqual(await answered, { id: 1, ok: true, result: undefined });
  assert.deepEqual(await resources.all(), {
    nodes: [{ node: "n1", resources: [pool] }, { node: "n2", resources: [] }],
    silent: ["n3", "n4"],
  });
  const text = new TextDecoder().decode(await handler?.(new Uint8Array(), "n2"));
  assert.deepEqual(JSON.parse(text), [pool]);
  resources.close();
  assert.deepEqual((await resources.all()).nodes[0]?.resources, []);
  port2.close();
});
