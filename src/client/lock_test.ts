import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { AetherClient } from "./client.ts";
import { HeldLock } from "./lock.ts";

/** A client of a node that answers calls by the last word of their path. */
function clientOf(answers: Readonly<Record<string, () => Response>>, seen: string[] = []) {
  return new AetherClient({
    fetch: (input) => {
      const word = new URL(String(input)).pathname.split("/").at(-1) ?? "";
      seen.push(word);
      return Promise.resolve(answers[word]?.() ?? new Response(null, { status: 204 }));
    },
  });
}

function problem(error: AetherError): () => Response {
  return () =>
    Response.json(error.toProblem(), {
      status: error.status,
      headers: { "content-type": "application/problem+json" },
    });
}

const held = () => Response.json({ name: "a", token: 5, lease: "l".repeat(20), ttlMs: 1_000 });
const wish = { name: "a", holder: "me", ttlMs: 1_000, waitMs: 0 };

Deno.test("HeldLock.acquire() gives the token, and release() frees the lock once", async () => {
  const seen: string[] = [];
  const lock = await HeldLock.acquire(clientOf({ acquire: held }, seen), wish);
  assert.equal(lock.token, 5);
  await lock.release();
  await lock.release();
  assert.deepEqual(seen, ["acquire", "release"]);
});

Deno.test("HeldLock.acquire() starts the time again after a wait", async () => {
  const seen: string[] = [];
  const client = clientOf({ acquire: held }, seen);
  const lock = await HeldLock.acquire(client, { ...wish, waitMs: 60_000 });
  await lock.release();
  assert.deepEqual(seen, ["acquire", "renew", "release"]);
});

Deno.test("HeldLock.acquire() throws LOCK_HELD when others hold it", async () => {
  const acquire = problem(new AetherError("LOCK_HELD", "Lock is held"));
  await assert.rejects(HeldLock.acquire(clientOf({ acquire }), wish), { name: "LOCK_HELD" });
});

Deno.test("HeldLock renews while it is held", async () => {
  const renewed = Promise.withResolvers<void>();
  let count = 0;
  const renew = () => {
    if (++count === 3) renewed.resolve();
    return new Response(null, { status: 204 });
  };
  const lock = await HeldLock.acquire(clientOf({ acquire: held, renew }), { ...wish });
  await renewed.promise;
  await lock.release();
});

Deno.test("HeldLock is lost when the node says so, or when nobody answers in time", async () => {
  const failures = [
    new AetherError("LOCK_LOST", "Lost"),
    new AetherError("NOT_PROPOSED", "There is no quorum"),
  ];
  for (const failure of failures) {
    const client = clientOf({ acquire: held, renew: problem(failure) });
    const lock = await HeldLock.acquire(client, wish);
    const { promise, resolve } = Promise.withResolvers<string>();
    lock.onLost(({ name }) => resolve(name));
    // Timers come in the order of their times, however late.
    const others = setTimeout(() => resolve("The node lets others in"), wish.ttlMs);
    assert.equal(await promise, "LOCK_LOST");
    clearTimeout(others);
    await lock.release();
  }
});
