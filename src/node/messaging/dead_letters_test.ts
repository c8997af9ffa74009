import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import type { DeadLetter } from "../../protocol/messaging/values.ts";
import type { InternalCall, InternalOutcome } from "../../protocol/thread/internal_calls.ts";
import { MemoryStore } from "../control/store_fixture_test.ts";
import { DeadLetters } from "./dead_letters.ts";

const encoder = new TextEncoder();
const refused: InternalOutcome = {
  kind: "problem",
  problem: new AetherError("SLICE_FAILED", "It failed").toProblem(),
};

function letterOf(offset: number): DeadLetter {
  return {
    source: { kind: "topic", topic: "clicks", partition: 1, offset, key: "k", publishedAtMs: 7 },
    contract: "org.example:counter",
    method: "onClick",
    cause: { code: "E4", message: "No" },
    attempts: 3,
    firstAttemptAtMs: 10,
    lastAttemptAtMs: 20,
    bytes: encoder.encode('{"url":"/a"}').toBase64(),
  };
}

class World {
  readonly calls: InternalCall[] = [];
  outcome: InternalOutcome = { kind: "output", output: "null" };
  readonly letters = new DeadLetters({
    store: Object.assign(new MemoryStore(), { readBarrier: () => Promise.resolve() }),
    lettersMax: 10,
    call: (call) => {
      this.calls.push(call);
      return Promise.resolve(this.outcome);
    },
  });
}

Deno.test("DeadLetters keeps a letter once, under the same id", async () => {
  const { letters } = new World();
  const id = await letters.add(letterOf(1));
  assert.equal(await letters.add(letterOf(1)), id);
  await letters.add(letterOf(2));
  assert.equal((await letters.list()).length, 2);
  assert.equal((await letters.list({ kind: "schedule" })).length, 0);
  assert.equal(
    (await letters.list({ topic: "clicks", contract: "org.example:counter" })).length,
    2,
  );
  assert.equal((await letters.get(id)).attempts, 3);
  await assert.rejects(letters.get("none"), { name: "DEAD_LETTER_NOT_FOUND" });
});

Deno.test("DeadLetters.retry() gives the handler the message as it came, and forgets it", async () => {
  const world = new World();
  const id = await world.letters.add(letterOf(1));
  await world.letters.retry(id, 99);
  assert.deepEqual(JSON.parse(world.calls[0]?.input ?? ""), {
    topic: "clicks",
    partition: 1,
    offset: 1,
    key: "k",
    publishedAtMs: 7,
    attempt: 4,
    value: { url: "/a" },
  });
  assert.equal((await world.letters.list()).length, 0);
});

Deno.test("DeadLetters.retry() notes another failure, and counts only what was tried", async () => {
  const world = new World();
  const id = await world.letters.add(letterOf(1));
  world.outcome = refused;
  await assert.rejects(world.letters.retry(id, 99), { name: "DEAD_LETTER_REFUSED" });
  const { attempts, lastAttemptAtMs, cause, firstAttemptAtMs } = await world.letters.get(id);
  assert.deepEqual([attempts, firstAttemptAtMs, lastAttemptAtMs], [4, 10, 99]);
  assert.match(cause.message, /It failed/);
  world.outcome = { ...refused, kind: "notExecuted" } as InternalOutcome;
  await assert.rejects(world.letters.retry(id, 100), { name: "DEAD_LETTER_REFUSED" });
  assert.equal((await world.letters.get(id)).attempts, 4);
});

Deno.test("DeadLetters gives schedules back their input, and purges", async () => {
  const world = new World();
  const source = { kind: "schedule", schedule: "nightly", dueAtMs: 5 } as const;
  const bytes = encoder.encode("null").toBase64();
  const id = await world.letters.add({ ...letterOf(0), source, bytes });
  await world.letters.retry(id, 9);
  assert.equal(world.calls[0]?.input, "null");
  assert.equal(world.calls[0]?.origin, "schedule");
  const one = await world.letters.add(letterOf(1));
  assert.equal(await world.letters.purge([one, "none"]), 1);
});

Deno.test("DeadLetters refuses what has no room, but not what it has already", async () => {
  const { letters } = new World();
  for (let offset = 0; offset < 10; offset++) await letters.add(letterOf(offset));
  await assert.rejects(letters.add(letterOf(10)), { name: "DEAD_LETTERS_FULL" });
  await letters.add(letterOf(7));
});
