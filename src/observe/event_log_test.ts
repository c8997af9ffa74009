import assert from "node:assert/strict";
import { EventLog } from "./event_log.ts";

function logOf(...names: readonly string[]): EventLog<{ readonly name: string }> {
  const log = new EventLog<{ readonly name: string }>(3, 100);
  for (const name of names) log.add({ name });
  return log;
}

function names(events: readonly { readonly name: string }[]): string {
  return events.map(({ name }) => name).join("");
}

Deno.test("EventLog numbers events, and keeps the last ones", () => {
  const log = logOf("a", "b", "c", "d");
  assert.equal(log.newest, 104);
  assert.deepEqual(log.since(0, 9).map(({ revision }) => revision), [102, 103, 104]);
  assert.equal(names(log.since(102, 9)), "cd");
  assert.equal(names(log.since(104, 9)), "");
});

Deno.test("EventLog.since() begins with the oldest, latest() ends with the newest", () => {
  const log = logOf("a", "b", "c");
  assert.equal(names(log.since(0, 2)), "ab");
  assert.equal(names(log.latest(0, 2)), "bc");
});

Deno.test("EventLog.since() begins anew for a number that it has never given", () => {
  assert.equal(names(logOf("a", "b").since(5_000, 9)), "ab");
});

Deno.test("EventLog.onAdd() tells of events until it is ended", () => {
  const log = logOf();
  let count = 0;
  const end = log.onAdd(() => count++);
  log.add({ name: "a" });
  end();
  log.add({ name: "b" });
  assert.equal(count, 1);
});
