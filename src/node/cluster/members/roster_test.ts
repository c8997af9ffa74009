import assert from "node:assert/strict";
import { keys } from "../../../protocol/keys.ts";
import type { KeyOperation, Writer } from "../../../protocol/store/command.ts";
import { StoreState } from "../../../store/state.ts";
import { admissionOf, rosterOf } from "./roster.ts";

const founders = [{ id: "n1", address: "old-1:1" }, { id: "n2", address: "" }];

function stateWith(...operations: readonly [Writer, KeyOperation][]): StoreState {
  const state = new StoreState({ maxBytes: 1_000_000 });
  for (const [index, [writer, operation]] of operations.entries()) {
    state.apply({
      node: "n1",
      incarnation: 1,
      sequence: index + 1,
      acknowledgedBelow: 0,
      writer,
      transaction: { compare: [], then: [operation], otherwise: [] },
    });
  }
  return state;
}

function listed(node: string, status: "added" | "removed", address: string) {
  const value = { status, address, changedAtMs: 1 };
  return ["operator", keys.roster.put(keys.roster.key(node), value)] as const;
}

function registered(node: string, cluster: string) {
  const addresses = { cluster, gateway: "", storage: "", management: "", app: "" };
  const value = { id: node, state: "ON_DUTY" as const, version: "0", incarnation: 1, addresses };
  return ["node", keys.member.put(keys.member.key(node), value)] as const;
}

Deno.test("admissionOf() knows founders, and whom an operator added or removed", () => {
  const state = stateWith(
    [...listed("n2", "removed", "")],
    [...listed("n3", "added", "h3:1")],
    [...registered("n4", "h4:1")],
  );
  const admission = (node: string) => admissionOf(state, founders, node);
  assert.deepEqual(["n1", "n2", "n3", "n4", "n5"].map(admission), [
    "added",
    "removed",
    "added",
    "added",
    "unknown",
  ]);
});

Deno.test("rosterOf() names the places of each node, the likeliest first", () => {
  const state = stateWith(
    [...registered("n1", "new-1:1")],
    [...registered("n3", "new-3:1")],
    [...listed("n3", "added", "h3:1")],
    [...listed("n4", "added", "")],
    [...registered("n5", "h5:1")],
    [...listed("n5", "removed", "h5:1")],
  );
  const { nodes, places, started } = rosterOf(state, founders);
  assert.deepEqual([...nodes].sort(), ["n1", "n2", "n3", "n4"]);
  const of = (node: string) => places.filter(({ id }) => id === node).map((each) => each.address);
  assert.deepEqual(of("n1"), ["new-1:1", "old-1:1"]);
  assert.deepEqual(of("n3"), ["new-3:1", "h3:1"]);
  assert.deepEqual([of("n2"), of("n4"), of("n5")], [[""], [""], []]);
  assert.deepEqual([...started].sort(), ["n1", "n2", "n3"]);
});
