import assert from "node:assert/strict";
import { instanceStates, isTransition } from "../protocol/instance_state.ts";
import { keys } from "../protocol/keys.ts";
import { isLifecycleTransition, nodeLifecycles } from "../protocol/node_lifecycle.ts";
import type { PutOperation } from "../protocol/store/command.ts";
import { verdictOf } from "./guards.ts";
import { StoreState } from "./state.ts";
import { command, roomy } from "./state_fixture_test.ts";

const artifact = "org.example:echo:1.0.0";
const key = keys.instance.key("n1", artifact, 1);
type State = typeof instanceStates[number];

function report(state: State, attempt = 1): PutOperation {
  const value = { artifact, node: "n1", number: 1, state, attempt, changedAtMs: 0, failures: 0 };
  return keys.instance.put(key, value) as PutOperation;
}

function member(state: typeof nodeLifecycles[number], incarnation = 1): PutOperation {
  const addresses = { cluster: "", gateway: "", storage: "", management: "", app: "" };
  const value = { id: "n1", state, version: "1", incarnation, addresses };
  return keys.member.put(keys.member.key("n1"), value) as PutOperation;
}

function write(state: StoreState, ...then: PutOperation[]) {
  return state.apply(command(then, { writer: "node" }));
}

Deno.test("StoreState.apply() takes every legal transition of an instance and refuses all others", () => {
  const paths: Readonly<Record<State, readonly State[]>> = {
    DOWNLOADING: ["DOWNLOADING"],
    LOADING: ["DOWNLOADING", "LOADING"],
    STARTING: ["DOWNLOADING", "LOADING", "STARTING"],
    ACTIVE: ["DOWNLOADING", "LOADING", "STARTING", "ACTIVE"],
    UNLOADING: ["DOWNLOADING", "UNLOADING"],
    UNLOADED: ["DOWNLOADING", "UNLOADING", "UNLOADED"],
    FAILED: ["DOWNLOADING", "FAILED"],
  };
  for (const from of instanceStates) {
    for (const to of instanceStates) {
      const state = new StoreState(roomy);
      assert.equal(
        write(state, ...paths[from].map((each) => report(each))).applied.outcome,
        "done",
      );
      const { applied, change } = write(state, report(to));
      const isLegal = from === to || isTransition(from, to);
      assert.equal(applied.outcome, isLegal ? "done" : "illegal", `${from} to ${to}`);
      // The same state again is no change.
      assert.equal(change !== undefined, isLegal && from !== to, `${from} to ${to}`);
    }
  }
});

Deno.test("StoreState.apply() ignores what an older attempt of an instance reports", () => {
  const state = new StoreState(roomy);
  write(state, report("DOWNLOADING", 2));
  for (const late of instanceStates) {
    const { applied, change } = write(state, report(late, 1));
    assert.deepEqual([applied.outcome, change], ["done", undefined], late);
  }
  assert.equal(write(state, report("ACTIVE", 3)).applied.outcome, "illegal");
  assert.equal(write(state, report("DOWNLOADING", 3)).applied.outcome, "done");
});

Deno.test("StoreState.apply() takes every legal transition of a node and refuses all others", () => {
  const paths = {
    JOINING: ["JOINING"],
    ON_DUTY: ["ON_DUTY"],
    DRAINING: ["ON_DUTY", "DRAINING"],
    DECOMMISSIONED: ["ON_DUTY", "DRAINING", "DECOMMISSIONED"],
    SHUTTING_DOWN: ["ON_DUTY", "SHUTTING_DOWN"],
  } as const;
  for (const from of nodeLifecycles) {
    for (const to of nodeLifecycles) {
      const state = new StoreState(roomy);
      write(state, ...paths[from].map((each) => member(each)));
      const isLegal = from === to || isLifecycleTransition(from, to);
      const { outcome } = write(state, member(to)).applied;
      assert.equal(outcome, isLegal ? "done" : "illegal", `${from} to ${to}`);
    }
  }
});

Deno.test("verdictOf() takes what is not guarded, and refuses what cannot be read", () => {
  const value = new TextEncoder().encode("{}");
  const plain = { type: "put", key: "user/a", value, contentType: "" } as const;
  assert.equal(verdictOf(plain, undefined), "apply");
  assert.equal(verdictOf({ ...plain, key }, undefined), "illegal");
  assert.equal(verdictOf(report("DOWNLOADING"), value), "apply", "damage is as good as nothing");
});
