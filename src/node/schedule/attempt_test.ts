import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import type { ErrorName } from "../../base/error_catalog.ts";
import { AetherError } from "../../base/errors.ts";
import type { DeadLetter } from "../../protocol/messaging/values.ts";
import type { InternalCall, InternalOutcome } from "../../protocol/thread/internal_calls.ts";
import type { FireEnd } from "../../schedule/fires.ts";
import { turn } from "../control/store_fixture_test.ts";
import { type AttemptedFire, makeFire } from "./attempt.ts";

const fire: AttemptedFire = {
  contract: "org.example:keeper",
  name: "cleanup",
  id: "cleanup/1/1",
  dueMs: 1_000,
  attempt: 1,
  isManual: false,
  timeoutMs: 5_000,
};
const output: InternalOutcome = { kind: "output", output: "null" };

function failure(kind: "notExecuted" | "unknown", name: ErrorName): InternalOutcome {
  return { kind, problem: new AetherError(name, "It failed").toProblem() };
}

/** Makes a fire of which the slice's calls end like this, the last one again and again. */
class Attempts {
  readonly calls: InternalCall[] = [];
  readonly letters: DeadLetter[] = [];
  readonly clock = new ManualClock();
  readonly #stop = new AbortController();
  readonly #made: Promise<FireEnd | undefined>;
  #isOver = false;

  constructor(outcomes: InternalOutcome[], changes: Partial<AttemptedFire> = {}) {
    this.#made = makeFire({ ...fire, ...changes }, {
      clock: this.clock,
      call: (call) => {
        this.calls.push(call);
        const outcome = outcomes.length > 1 ? outcomes.shift() : outcomes[0];
        return Promise.resolve(outcome ?? assert.fail("No outcome is left"));
      },
      addDeadLetter: (letter) => Promise.resolve(this.letters.push(letter)),
      stopping: this.#stop.signal,
    }).finally(() => this.#isOver = true);
  }

  /** Numbers of the attempts as the slice saw them. */
  get numbers(): number[] {
    return this.calls.map(({ input }) => JSON.parse(input).attempt);
  }

  /** Lets time pass until the fire has ended. */
  async end(): Promise<FireEnd | undefined> {
    for (let seconds = 0; seconds < 1_000; seconds++) {
      await turn();
      if (this.#isOver) break;
      this.clock.advance(1_000);
    }
    return await this.#made;
  }

  async stop(): Promise<FireEnd | undefined> {
    await turn();
    this.#stop.abort();
    return await this.#made;
  }
}

Deno.test("makeFire() calls the slice once when that works", async () => {
  const attempts = new Attempts([output]);
  assert.equal((await attempts.end())?.result, "succeeded");
  assert.deepEqual(attempts.numbers, [1]);
  assert.deepEqual(attempts.letters, []);
});

Deno.test("makeFire() repeats what was not executed, as the same attempt", async () => {
  const away = failure("notExecuted", "NO_INSTANCE");
  const attempts = new Attempts([away, away, away, away, output]);
  assert.equal((await attempts.end())?.attempt, 1);
  assert.deepEqual(attempts.numbers, [1, 1, 1, 1, 1]);
});

Deno.test("makeFire() gives up what never executes, and keeps a dead letter", async () => {
  const attempts = new Attempts([failure("notExecuted", "NO_INSTANCE")]);
  const end = await attempts.end();
  assert.equal(end?.result, "failed");
  assert.match(end?.reason ?? "", /^E\d{4}: It failed$/);
  assert.ok(attempts.calls.length > 10, `${attempts.calls.length} calls`);
  assert.deepEqual(attempts.letters.map(({ attempts, method }) => [attempts, method]), [
    [1, "cleanup"],
  ]);
});

Deno.test("makeFire() tries three times what may have run, each with a number of its own", async () => {
  const attempts = new Attempts([failure("unknown", "CALL_OUTCOME_UNKNOWN")], { attempt: 4 });
  assert.equal((await attempts.end())?.result, "unknown");
  assert.deepEqual(attempts.numbers, [4, 5, 6]);
  assert.equal(attempts.letters.length, 1);
});

Deno.test("makeFire() repeats nothing that would end in the same way again", async () => {
  const refused: InternalOutcome = {
    kind: "problem",
    problem: new AetherError("INTERNAL", "The slice refused it").toProblem(),
  };
  for (const outcome of [refused, failure("unknown", "DEADLINE_EXCEEDED")]) {
    const attempts = new Attempts([outcome]);
    await attempts.end();
    assert.equal(attempts.calls.length, 1);
    assert.equal(attempts.letters.length, 1);
  }
  const gone = new Attempts([failure("notExecuted", "NO_INSTANCE")], { instance: "n1/a/1" });
  assert.equal((await gone.end())?.result, "failed");
  assert.equal(gone.calls.length, 1);
});

Deno.test("makeFire() says nothing of a fire when its node stops first", async () => {
  const attempts = new Attempts([failure("notExecuted", "NO_INSTANCE")]);
  assert.equal(await attempts.stop(), undefined);
  assert.deepEqual(attempts.letters, []);
  assert.equal(attempts.clock.pendingTimers, 0);
});
