import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { AetherError } from "../base/errors.ts";
import { History } from "./history.ts";
import type { StoreChange } from "./state.ts";

function change(revision: number, bytes = 1): StoreChange {
  const entry = {
    value: new Uint8Array(bytes),
    contentType: "",
    createRevision: revision,
    revision,
  };
  return { revision, events: [{ key: `user/${revision}`, entry, previous: entry }] };
}

function revisions(history: History, since: number, limit?: number): number[] {
  return history.changesSince(since, limit).map(({ revision }) => revision);
}

function compacted(history: History, since: number): string {
  try {
    history.changesSince(since);
  } catch (error) {
    assert.ok(error instanceof AetherError && error.name === "COMPACTED");
    return error.message;
  }
  throw new Error(`Changes since ${since} are there`);
}

Deno.test("History.changesSince() answers all later changes in order", () => {
  const history = new History({ revisions: 10 });
  for (const revision of [1, 2, 5]) history.add(change(revision));
  assert.deepEqual(revisions(history, 0), [1, 2, 5]);
  assert.deepEqual(revisions(history, 2), [5]);
  assert.deepEqual(revisions(history, 3), [5]);
  assert.deepEqual(revisions(history, 5), []);
  assert.deepEqual(revisions(history, 99), []);
  assert.deepEqual(revisions(history, 0, 2), [1, 2]);
  assert.equal(history.revision, 5);
});

Deno.test("History keeps a number of revisions and says which are gone", () => {
  const history = new History({ revisions: 3 });
  for (let revision = 1; revision <= 1_000; revision++) history.add(change(revision));
  assert.equal(history.size, 3);
  assert.deepEqual(revisions(history, 997), [998, 999, 1000]);
  assert.match(compacted(history, 996), /after revision 996 are gone; kept are those after 997/);
  history.resize({ revisions: 1 });
  assert.deepEqual(revisions(history, 999), [1000]);
  compacted(history, 998);
});

Deno.test("History keeps a number of bytes, and always the newest change", () => {
  const history = new History({ revisions: 100, bytes: 2_000 });
  for (let revision = 1; revision <= 10; revision++) history.add(change(revision, 500));
  assert.ok(history.size >= 2 && history.size <= 3);
  history.add(change(11, 5_000));
  assert.deepEqual(revisions(history, 10), [11]);
  history.add(change(12));
  assert.deepEqual(revisions(history, 11), [12]);
});

Deno.test("History.reset() forgets everything before a revision", () => {
  const history = new History({ revisions: 10 }, 3);
  compacted(history, 2);
  history.add(change(4));
  history.reset(9);
  compacted(history, 8);
  assert.deepEqual(revisions(history, 9), []);
});

Deno.test("History lets go of the changes that it dropped", async () => {
  v8.setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = vm.runInNewContext("gc");
  const history = new History({ revisions: 100 });
  const values: WeakRef<Uint8Array>[] = [];
  for (let revision = 1; revision <= 150; revision++) {
    const added = change(revision);
    history.add(added);
    values.push(new WeakRef(added.events[0]?.entry?.value ?? assert.fail()));
  }
  // A WeakRef keeps its value until the end of the turn in which it was made.
  await new Promise((resolve) => setTimeout(resolve));
  collectGarbage();
  assert.equal(values.filter((value) => value.deref() !== undefined).length, history.size);
});
