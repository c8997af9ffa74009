import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { EventLog } from "../observe/event_log.ts";
import type { ClusterEventView } from "../protocol/api/cluster.ts";
import { EventStreams } from "./events.ts";

type Log = EventLog<Omit<ClusterEventView, "revision">>;

function happen(log: Log, ...nodes: readonly string[]): void {
  for (const node of nodes) log.add({ type: "NODE_UP", atMs: 0, node, detail: node });
}

async function nodesOf(stream: AsyncIterableIterator<ClusterEventView>, count: number) {
  const nodes: (string | undefined)[] = [];
  for (let i = 0; i < count; i++) nodes.push((await stream.next()).value?.node);
  return nodes.join("");
}

Deno.test("EventStreams.open() gives past events, then those that come", async () => {
  const log: Log = new EventLog(10, 0);
  const streams = new EventStreams(log, () => 10);
  happen(log, "a", "b");
  const all = streams.open(0);
  const late = streams.open(undefined);
  assert.equal(await nodesOf(all, 2), "ab");
  const coming = [nodesOf(all, 2), nodesOf(late, 2)];
  happen(log, "c", "d");
  assert.deepEqual(await Promise.all(coming), ["cd", "cd"]);
  streams.close();
  assert.equal((await all.next()).done, true);
});

Deno.test("EventStreams.open() has a limit, and return() makes room", async () => {
  const streams = new EventStreams(new EventLog(10, 0), () => 1);
  const first = streams.open(0);
  assert.throws(
    () => streams.open(0),
    (error) => error instanceof AetherError && error.name === "WATCHES_EXHAUSTED",
  );
  const waiting = first.next();
  await first.return?.();
  assert.equal((await waiting).done, true);
  streams.open(0);
  streams.close();
});
