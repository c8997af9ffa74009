import assert from "node:assert/strict";
import { partitionCount } from "../protocol/dht/scope.ts";
import { isSameMember, partitionOf, Placement } from "./placement.ts";

const membersOf = (count: number, prefix = "node-") =>
  Array.from({ length: count }, (_, i) => ({ node: `${prefix}${i}`, storage: `s${i}` }));
const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);

Deno.test("partitionOf() spreads keys over all partitions", () => {
  const counts = new Uint32Array(partitionCount);
  for (let i = 0; i < 102_400; i++) counts[partitionOf(`artifacts/org/app-${i}`)]!++;
  assert.ok(Math.min(...counts) > 50 && Math.max(...counts) < 150, `${Math.max(...counts)}`);
});

Deno.test("Placement gives every partition different owners, as many as there can be", () => {
  for (const count of [1, 2, 3, 7]) {
    const placement = new Placement(membersOf(count));
    for (const partition of partitions) {
      const owners = placement.owners(partition, 3);
      assert.equal(owners.length, Math.min(3, count));
      assert.equal(new Set(owners.map(({ node }) => node)).size, owners.length);
    }
  }
});

Deno.test("Placement does not depend on the order of members nor on their storages", () => {
  const members = membersOf(5);
  const other = members.toReversed().map(({ node }) => ({ node, storage: "new" }));
  const [a, b] = [new Placement(members), new Placement(other)];
  for (const partition of partitions) {
    assert.deepEqual(
      a.owners(partition, 3).map(({ node }) => node),
      b.owners(partition, 3).map(({ node }) => node),
    );
  }
});

Deno.test("Placement gives no member more than 1.35 times its share", () => {
  for (let round = 0; round < 40; round++) {
    const count = 3 + round % 8;
    const placement = new Placement(membersOf(count, `round${round}-`));
    const shares = new Map<string, number>();
    for (const partition of partitions) {
      for (const { node } of placement.owners(partition, 3)) {
        shares.set(node, (shares.get(node) ?? 0) + 1);
      }
    }
    const ideal = partitionCount * 3 / count;
    const most = Math.max(...shares.values()) / ideal;
    assert.ok(most <= 1.35, `${most} of ${count} members in round ${round}`);
  }
});

Deno.test("Placement moves at most 1.3 times the ideal share when a member joins or leaves", () => {
  let worst = 0;
  for (let round = 0; round < 60; round++) {
    const count = 3 + round % 8;
    const members = membersOf(count + 1, `round${round}-`);
    const [before, after] = [new Placement(members.slice(0, count)), new Placement(members)];
    let moved = 0;
    for (const partition of partitions) {
      const had = before.owners(partition, 3);
      const has = after.owners(partition, 3);
      moved += has.filter((member) => !had.some((other) => isSameMember(member, other))).length;
    }
    worst = Math.max(worst, moved / (partitionCount * 3 / (count + 1)));
  }
  assert.ok(worst <= 1.3, `${worst}`);
});
