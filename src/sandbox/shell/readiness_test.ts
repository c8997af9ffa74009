import assert from "node:assert/strict";
import { Readiness } from "./readiness.ts";

/** Checks whose answers the test gives, and what was logged. */
function world() {
  const lines: string[] = [];
  const readiness = new Readiness((level, message) => lines.push(`${level} ${message}`));
  return { readiness, lines };
}

/** Lets promises that need no time settle. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("Readiness without checks is ready, and with some as soon as all of them agree", async () => {
  const { readiness } = world();
  await readiness.first();
  assert.ok(readiness.ask());
  let asked = 0;
  readiness.add(() => ++asked >= 2);
  readiness.add(() => Promise.resolve(true));
  await readiness.first();
  assert.equal(asked, 2);
});

Deno.test("Readiness says in the log why the slice is not ready, and when it is again", async () => {
  const { readiness, lines } = world();
  let answer: () => boolean = () => true;
  readiness.add(() => answer());
  assert.ok(readiness.ask());
  await settled();
  for (const next of [() => false, () => assert.fail("No database"), () => true]) {
    answer = next;
    readiness.ask();
    await settled();
  }
  assert.ok(readiness.ask());
  assert.deepEqual(lines, [
    "warn The slice is not ready: its check does not answer true",
    "info The slice is ready again",
  ]);
});

Deno.test("Readiness asks a check that does not answer only once at a time", async () => {
  const { readiness } = world();
  const waiting = Promise.withResolvers<boolean>();
  let asked = 0;
  readiness.add(() => {
    asked++;
    return waiting.promise;
  });
  for (let times = 0; times < 5; times++) readiness.ask();
  assert.equal(asked, 1);
  waiting.resolve(true);
  await settled();
  readiness.ask();
  assert.equal(asked, 2);
});

Deno.test("Readiness.add() takes no more than a hundred checks", () => {
  const { readiness } = world();
  for (let index = 0; index < 100; index++) readiness.add(() => true);
  assert.throws(() => readiness.add(() => true), /more than 100 readiness checks/);
});
