import assert from "node:assert/strict";
import { ByteReader, ByteWriter } from "../base/codec.ts";
import type { Applied } from "../protocol/store/command.ts";
import { IdempotentAnswers } from "./idempotency.ts";

const applied: Applied = { outcome: "done", revision: 7, succeeded: true, deleted: 1 };
const one = { key: "local/1", fingerprint: "f" };

Deno.test("IdempotentAnswers.find() gives the answer to the same request only", () => {
  const answers = new IdempotentAnswers();
  assert.equal(answers.find(one), undefined);
  answers.remember(one, applied, 0);
  assert.equal(answers.find(one), applied);
  assert.equal(answers.find({ ...one, fingerprint: "g" }), "mismatch");
});

Deno.test("IdempotentAnswers forget after ten minutes, and beyond 10,000", () => {
  const answers = new IdempotentAnswers();
  answers.remember(one, applied, 5);
  answers.expire(600_004);
  assert.equal(answers.size, 1);
  answers.expire(600_005);
  assert.equal(answers.size, 0);
  for (let count = 0; count <= 10_000; count++) {
    answers.remember({ key: `k${count}`, fingerprint: "f" }, applied, 0);
  }
  assert.equal(answers.size, 10_000);
  assert.equal(answers.find({ key: "k0", fingerprint: "f" }), undefined);
  assert.equal(answers.find({ key: "k1", fingerprint: "f" }), applied);
});

Deno.test("IdempotentAnswers.read() reads what write() wrote, in the same order", () => {
  const answers = new IdempotentAnswers();
  for (const key of ["z", "a"]) answers.remember({ key, fingerprint: "f" }, applied, 3);
  const writer = new ByteWriter();
  answers.write(writer);
  const bytes = writer.take();
  const again = IdempotentAnswers.read(new ByteReader(bytes));
  assert.deepEqual(again.find({ key: "a", fingerprint: "f" }), applied);
  const second = new ByteWriter();
  again.write(second);
  assert.deepEqual(second.take(), bytes);
});
