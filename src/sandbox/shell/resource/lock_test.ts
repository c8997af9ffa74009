import assert from "node:assert/strict";
import type { LockHandle } from "../../../sdk/resource/lock.ts";
import { lock } from "../../../sdk/resource/lock.ts";
import { createResource } from "./handles.ts";
import { LockProxy } from "./lock.ts";
import { withPort } from "./port_fixture_test.ts";
import type { ResourcePort } from "./port.ts";

function lockOf(port: ResourcePort): LockHandle {
  return createResource("jobs", lock(), port) as LockHandle;
}

let token = 0;
const answer = ({ op }: Record<string, unknown>) => ({
  ok: true,
  result: op === "acquire" ? ++token : null,
});

Deno.test("lock() acquires and releases once", async () => {
  await withPort(answer, async (port, requests) => {
    const held = await lockOf(port).acquire("nightly", { waitMs: 5 });
    assert.deepEqual([held.name, held.token, held.signal.aborted], ["nightly", token, false]);
    await held.release();
    await held.release();
    assert.deepEqual(requests.map(({ id: _, ...request }) => request), [
      { resource: "jobs", op: "acquire", name: "nightly", waitMs: 5 },
      { resource: "jobs", op: "release", name: "nightly", token },
    ]);
  });
});

Deno.test("lock().run() releases however the work ends", async () => {
  await withPort(answer, async (port, requests) => {
    const jobs = lockOf(port);
    assert.equal(await jobs.run("a", ({ token }) => token), token);
    await assert.rejects(jobs.run("a", () => Promise.reject(new Error("Boom"))), /Boom/);
    assert.deepEqual(requests.map(({ op }) => op), ["acquire", "release", "acquire", "release"]);
  });
});

Deno.test("lock() aborts the signals of what is lost, alone or with the node's side", async () => {
  await withPort(answer, async (port, requests) => {
    const jobs = new LockProxy("jobs", port);
    const [one, two] = [await jobs.acquire("a"), await jobs.acquire("b")];
    jobs.onEvent("lost", { name: "a", token: one.token });
    jobs.onEvent("lost", { name: "?", token: 99_999 });
    assert.deepEqual([one.signal.aborted, two.signal.aborted], [true, false]);
    jobs.onLost();
    assert.equal(two.signal.aborted, true);
    await two.release();
    assert.equal(requests.length, 2);
  });
});
