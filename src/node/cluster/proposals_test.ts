import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { AetherError } from "../../base/errors.ts";
import { DecodeError } from "../../base/codec.ts";
import type { Applied, Transaction } from "../../protocol/store/command.ts";
import { decodeBatch, encodeBatch, Proposals } from "./proposals.ts";

function isName(name: string): (error: unknown) => boolean {
  return (error) => error instanceof AetherError && error.name === name;
}

function put(key: string, bytes = 1): Transaction {
  const value = new Uint8Array(bytes);
  const operation = { type: "put", key: `user/${key}`, value, contentType: "x" } as const;
  return { compare: [], then: [operation], otherwise: [] };
}

/** Proposals whose batches the test decides. */
class Harness {
  readonly proposals: Proposals;
  readonly batches: { digest: string; payload: Uint8Array }[] = [];
  /** Refuses batches while they are being submitted. */
  isRefusing = false;

  constructor() {
    this.proposals = new Proposals({
      node: "n1",
      incarnation: 7,
      submit: (payload) => {
        const digest = `n1/${this.batches.length}`;
        this.batches.push({ digest, payload });
        if (this.isRefusing) this.proposals.onRefused(digest);
        return digest;
      },
    });
  }

  propose(key: string, bytes?: number): Promise<Applied> {
    return this.proposals.propose("user", put(key, bytes));
  }

  /** Keys of each submitted batch. */
  get keys(): string[][] {
    return this.batches.map(({ payload }) =>
      decodeBatch(payload).map(({ transaction: { then: [operation] } }) =>
        operation !== undefined && "key" in operation ? operation.key.slice(5) : ""
      )
    );
  }

  decide(index: number): void {
    const { digest, payload } = this.batches[index] ?? { digest: "", payload: new Uint8Array() };
    for (const command of decodeBatch(payload)) {
      const revision = command.sequence;
      this.proposals.onApplied(command, { outcome: "done", revision, succeeded: true, deleted: 0 });
    }
    this.proposals.onDecided(digest);
  }
}

async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

Deno.test("Proposals of one turn travel in one batch, in their order", async () => {
  const harness = new Harness();
  const all = Promise.all(["a", "b", "c"].map((key) => harness.propose(key)));
  await turn();
  assert.deepEqual(harness.keys, [["a", "b", "c"]]);
  harness.decide(0);
  assert.deepEqual((await all).map(({ revision }) => revision), [1, 2, 3]);
  assert.equal(harness.proposals.size, 0);
});

Deno.test("Proposals collect while two batches are under way", async () => {
  const harness = new Harness();
  const all: Promise<Applied>[] = [];
  for (const key of ["a", "b", "c", "d", "e"]) {
    all.push(harness.propose(key));
    await turn();
  }
  assert.deepEqual(harness.keys, [["a"], ["b"]]);
  harness.decide(1);
  await turn();
  assert.deepEqual(harness.keys, [["a"], ["b"], ["c", "d", "e"]]);
  harness.decide(2);
  harness.decide(0);
  await Promise.all(all);
});

Deno.test("Proposals make no batch of more than 512 KiB or 1000 commands", async () => {
  const harness = new Harness();
  const all = [1, 2, 3].map((number) => harness.propose(`large-${number}`, 300_000));
  await turn();
  harness.decide(0);
  await turn();
  assert.deepEqual(harness.keys.map(({ length }) => length), [1, 1, 1]);
  harness.decide(1);
  harness.decide(2);
  for (let i = 0; i < 1_500; i++) all.push(harness.propose(`small-${i}`));
  await turn();
  assert.deepEqual(harness.keys.slice(3).map(({ length }) => length), [1_000, 500]);
  harness.decide(3);
  harness.decide(4);
  await Promise.all(all);
});

Deno.test("Proposals of a refused batch were certainly not done", async () => {
  for (const isAtOnce of [true, false]) {
    const harness = new Harness();
    harness.isRefusing = isAtOnce;
    const asked = harness.propose("a");
    const rejected = assert.rejects(asked, isName("NOT_PROPOSED"));
    await turn();
    if (!isAtOnce) harness.proposals.onRefused("n1/0");
    await rejected;
    assert.equal(harness.proposals.size, 0);
    // And they block nothing.
    harness.isRefusing = false;
    const next = harness.propose("b");
    await turn();
    harness.decide(1);
    assert.equal((await next).outcome, "done");
  }
});

Deno.test("Proposals.refuseQueued() ends what was not submitted, and nothing else", async () => {
  const harness = new Harness();
  const first = harness.propose("a");
  await turn();
  const second = harness.propose("b");
  await turn();
  const third = harness.propose("c");
  const rejected = assert.rejects(third, isName("NOT_PROPOSED"));
  harness.proposals.refuseQueued(new AetherError("NOT_PROPOSED", "No quorum"));
  await rejected;
  harness.decide(0);
  harness.decide(1);
  await Promise.all([first, second]);
  await turn();
  assert.equal(harness.batches.length, 2);
});

Deno.test("Proposals.close() tells what certainly did not happen from what may have", async () => {
  const harness = new Harness();
  const submitted = [harness.propose("a")];
  await turn();
  submitted.push(harness.propose("b"));
  await turn();
  const queued = harness.propose("c");
  harness.proposals.close();
  for (const each of submitted) await assert.rejects(each, isName("OUTCOME_UNKNOWN"));
  await assert.rejects(queued, isName("NODE_STOPPING"));
  await assert.rejects(harness.propose("d"), isName("NODE_STOPPING"));
  await turn();
  assert.equal(harness.batches.length, 2);
});

Deno.test("Proposals are limited in number and in bytes", async () => {
  const many = new Harness();
  const all = Array.from({ length: 20_000 }, (_, index) => many.propose(`${index}`));
  await assert.rejects(many.propose("x"), isName("NOT_PROPOSED"));
  const settled = Promise.allSettled(all);
  many.proposals.close();
  await settled;
  const large = new Harness();
  const some = Array.from({ length: 30 }, (_, index) => large.propose(`${index}`, 2_500_000));
  const names = await Promise.race([
    Promise.allSettled(some.slice(27)),
    turn().then(() => []),
  ]);
  assert.ok(
    names.every((each) => each.status === "rejected" && isName("NOT_PROPOSED")(each.reason)),
  );
  assert.equal(names.length, 3);
  const rest = Promise.allSettled(some);
  large.proposals.close();
  await rest;
  await assert.rejects(new Harness().propose("x", 3 * 1024 * 1024), isName("VALUE_TOO_LARGE"));
});

Deno.test("Proposals give their room back, whatever became of them", async () => {
  const harness = new Harness();
  // Altogether more than twice of what may wait at a time.
  for (let round = 0; round < 60; round++) {
    const settled = Promise.allSettled([harness.propose("a", 2_500_000)]);
    if (round % 3 === 0) {
      harness.proposals.refuseQueued(new AetherError("NOT_PROPOSED", "No quorum"));
    }
    await turn();
    const last = harness.batches.length - 1;
    if (round % 3 === 1) harness.decide(last);
    if (round % 3 === 2) harness.proposals.onRefused(`n1/${last}`);
    const [result] = await settled;
    assert.equal(result?.status, round % 3 === 1 ? "fulfilled" : "rejected");
  }
  assert.equal(harness.batches.length, 40);
  assert.equal(harness.proposals.size, 0);
});

Deno.test("Proposals say which answers nobody waits for any more", async () => {
  const harness = new Harness();
  const acknowledged = () =>
    harness.batches.map(({ payload }) =>
      decodeBatch(payload).map((command) => command.acknowledgedBelow)
    );
  const first = harness.propose("a");
  await turn();
  const second = harness.propose("b");
  await turn();
  harness.decide(1);
  await second;
  const third = harness.propose("c");
  await turn();
  harness.decide(0);
  await first;
  const fourth = harness.propose("d");
  await turn();
  assert.deepEqual(acknowledged(), [[1], [1], [1], [3]]);
  harness.decide(2);
  harness.decide(3);
  await Promise.all([third, fourth]);
});

Deno.test("Proposals take no answer that was meant for another life", async () => {
  const harness = new Harness();
  const asked = harness.propose("a");
  await turn();
  const [command] = decodeBatch(harness.batches[0]?.payload ?? new Uint8Array());
  assert.ok(command);
  const applied: Applied = { outcome: "done", revision: 99, succeeded: true, deleted: 0 };
  harness.proposals.onApplied({ ...command, incarnation: 6 }, applied);
  harness.proposals.incarnation = 9;
  assert.equal(harness.proposals.size, 1);
  const next = harness.propose("b");
  await turn();
  const [later] = decodeBatch(harness.batches[1]?.payload ?? new Uint8Array());
  assert.deepEqual([later?.incarnation, later?.sequence], [9, 2]);
  // What is under way keeps its number, and its answer is still its own.
  harness.decide(0);
  harness.decide(1);
  assert.deepEqual([(await asked).revision, (await next).revision], [1, 2]);
});

Deno.test("decodeBatch() reads back encodeBatch(), and refuses what is no batch", () => {
  assert.deepEqual(decodeBatch(encodeBatch([])), []);
  for (const bytes of [[], [1], [1, 1, 0], [0, 0], [255, 255, 255, 255, 1]]) {
    assert.throws(() => decodeBatch(Uint8Array.from(bytes)), DecodeError);
  }
});
