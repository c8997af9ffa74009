import assert from "node:assert/strict";
import { assignPartitions, type PartitionHost, type WantedPartition } from "./assign.ts";

function host(node: string, life = "a", isAlive = true): PartitionHost {
  return { node, life, isAlive };
}

const three = [host("n1"), host("n2"), host("n3")];
const base: WantedPartition = {
  topic: "t",
  number: 0,
  durability: "replicated",
  assigned: undefined,
  settledEpoch: 0,
};
const assigned = { epoch: 4, leader: "n1", life: "a", replicas: ["n1", "n2", "n3"], former: [] };

function decide(wanted: Partial<WantedPartition>, hosts: readonly PartitionHost[]) {
  return assignPartitions([{ ...base, ...wanted }], hosts)[0]?.value;
}

Deno.test("assignPartitions() spreads new partitions and those who lead them", () => {
  const wanted = Array.from({ length: 6 }, (_, number) => ({ ...base, number }));
  const values = assignPartitions(wanted, [...three, host("n4")]).map(({ value }) => value);
  assert.ok(values.every(({ replicas, epoch }) => replicas.length === 3 && epoch === 1));
  const leads = Map.groupBy(values, ({ leader }) => leader);
  assert.ok([...leads.values()].every(({ length }) => length <= 2), JSON.stringify([...leads]));
});

Deno.test("assignPartitions() leaves alone what is well", () => {
  assert.equal(decide({ assigned, settledEpoch: 4 }, three), undefined);
  assert.equal(decide({ assigned, settledEpoch: 3 }, three), undefined);
});

Deno.test("assignPartitions() replaces a leader that is gone or has forgotten, by an owner", () => {
  const gone = decide({ assigned, settledEpoch: 4 }, [host("n1", "a", false), ...three.slice(1)]);
  assert.deepEqual([gone?.epoch, gone?.leader, gone?.replicas], [5, "n2", assigned.replicas]);
  const restarted = decide({ assigned, settledEpoch: 4 }, [host("n1", "b")]);
  assert.deepEqual([restarted?.leader, restarted?.life], ["n1", "b"]);
  const none = decide({ assigned, settledEpoch: 4 }, [host("n4")]);
  assert.equal(none, undefined, "Who is no owner has nothing to lead with");
});

Deno.test("assignPartitions() keeps the former owners until a change of them is settled", () => {
  const one = { epoch: 2, leader: "n1", life: "a", replicas: ["n1"], former: [] };
  const grown = decide({ assigned: one, settledEpoch: 2 }, three);
  assert.deepEqual([grown?.epoch, grown?.replicas, grown?.former], [3, ["n1", "n2", "n3"], ["n1"]]);
  const isGone = [host("n1", "a", false), ...three.slice(1)];
  const unsettled = decide({ assigned: grown, settledEpoch: 2 }, isGone);
  assert.deepEqual([unsettled?.leader, unsettled?.former], ["n2", ["n1"]]);
  assert.deepEqual(decide({ assigned: grown, settledEpoch: 3 }, isGone)?.former, []);
});

Deno.test("assignPartitions() replaces an owner that is no member any more", () => {
  const hosts = [...three.slice(0, 2), host("n4")];
  const value = decide({ assigned, settledEpoch: 4 }, hosts);
  assert.deepEqual([value?.leader, value?.replicas], ["n1", ["n1", "n2", "n4"]]);
  assert.deepEqual(value?.former, assigned.replicas);
});

Deno.test("assignPartitions() gives a transient partition one owner, a new one when it is gone", () => {
  const transient = { durability: "transient" } as const;
  const first = decide(transient, three);
  assert.deepEqual(first?.replicas, ["n1"]);
  const next = decide({ ...transient, assigned: first, settledEpoch: 1 }, three.slice(1));
  assert.deepEqual([next?.epoch, next?.leader, next?.replicas], [2, "n2", ["n2"]]);
});
