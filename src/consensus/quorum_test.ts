import assert from "node:assert/strict";
import { Configurations, quorumSizes } from "./quorum.ts";

Deno.test("quorumSizes() lets any two quorums meet, and a quorum meet f + 1 votes", () => {
  for (let members = 1; members <= 9; members++) {
    const { faults, quorum, majority } = quorumSizes(members);
    assert.ok(2 * quorum > members);
    assert.ok(quorum + faults + 1 > members);
    assert.ok(2 * majority > members && majority <= quorum);
    assert.ok(members >= 2 * faults + 1);
  }
});

Deno.test("quorumSizes() gives the known sizes", () => {
  assert.deepEqual(quorumSizes(4), { members: 4, faults: 1, quorum: 3, majority: 3 });
  assert.deepEqual(quorumSizes(5), { members: 5, faults: 2, quorum: 3, majority: 3 });
});

Deno.test("Configurations.at() gives the one in force at a slot", () => {
  const configurations = new Configurations([{ from: 0, members: ["a"] }]);
  configurations.add({ from: 10, members: ["a", "b"] });
  assert.deepEqual(configurations.at(9).members, ["a"]);
  assert.deepEqual(configurations.at(10).members, ["a", "b"]);
  assert.equal(configurations.latest.from, 10);
});

Deno.test("Configurations.add() refuses one that is not the newest", () => {
  const configurations = new Configurations([{ from: 5, members: ["a"] }]);
  assert.throws(() => configurations.add({ from: 5, members: ["b"] }), /come in order/);
});

Deno.test("Configurations.forgetBefore() keeps the one in force", () => {
  const configurations = new Configurations([
    { from: 0, members: ["a"] },
    { from: 10, members: ["b"] },
    { from: 20, members: ["c"] },
  ]);
  configurations.forgetBefore(15);
  assert.deepEqual(configurations.all.map(({ from }) => from), [10, 20]);
});
