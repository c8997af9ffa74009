import assert from "node:assert/strict";
import { keys } from "../../protocol/keys.ts";
import { instanceId } from "../control/views.ts";
import { MemoryStore, reportInstance } from "../control/store_fixture_test.ts";
import { assignmentOperations, nodeWrites } from "./assignment_changes.ts";

const artifact = "org.example:one:1.0.0";
const key = keys.assignment.key("n1", artifact);
const [one, two] = [1, 2].map((number) => instanceId("n1", artifact, number)) as [string, string];

function storeWith(...instances: { number: number; attempt: number }[]): MemoryStore {
  const store = new MemoryStore();
  store.write("leader", keys.assignment.put(key, { artifact, node: "n1", instances }));
  return store;
}

function start(node: string, n: number, attempt: number) {
  return { type: "start", artifact, node, n, attempt } as const;
}

Deno.test("assignmentOperations() adds instances to an assignment, or a higher attempt", () => {
  const { state } = storeWith({ number: 1, attempt: 1 });
  const operations = assignmentOperations(state, [
    start("n1", 1, 2),
    start("n1", 2, 1),
    start("n2", 3, 1),
  ]);
  const other = keys.assignment.key("n2", artifact);
  const instances = [{ number: 1, attempt: 2 }, { number: 2, attempt: 1 }];
  assert.deepEqual(operations, [
    keys.assignment.put(key, { artifact, node: "n1", instances }),
    keys.assignment.put(other, {
      artifact,
      node: "n2",
      instances: [{ number: 3, attempt: 1 }],
    }),
  ]);
});

Deno.test("assignmentOperations() takes instances away, and the assignment with the last", () => {
  const { state } = storeWith({ number: 1, attempt: 1 }, { number: 2, attempt: 1 });
  const stop = (id: string) => ({ type: "stop", id }) as const;
  const instances = [{ number: 2, attempt: 1 }];
  assert.deepEqual(assignmentOperations(state, [stop(one)]), [
    keys.assignment.put(key, { artifact, node: "n1", instances }),
  ]);
  assert.deepEqual(assignmentOperations(state, [stop(one), stop(two)]), [{ type: "delete", key }]);
  assert.deepEqual(assignmentOperations(state, [stop("n9/gone/1")]), []);
});

Deno.test("nodeWrites() removes a report only as it was seen", () => {
  const store = storeWith();
  reportInstance(store, { artifact, node: "n1", state: "UNLOADED" });
  const reported = keys.instance.key("n1", artifact, 1);
  const revision = store.state.get(reported)?.revision ?? assert.fail();
  const forget = (id: string) => ({ type: "forget", id }) as const;
  assert.deepEqual(nodeWrites(store.state, [forget(one), forget(two)]), [
    { compare: { key: reported, revision }, operation: { type: "delete", key: reported } },
  ]);
});
