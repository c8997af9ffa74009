import assert from "node:assert/strict";
import { Steps } from "./steps.ts";

Deno.test("Steps runs every step and finishes with what failed", async () => {
  const printed: string[] = [];
  const steps = new Steps((line) => void printed.push(line));
  assert(await steps.run("note", () => Promise.resolve("3 files")));
  assert(!await steps.run("code", () => Promise.resolve(7)));
  assert(!await steps.run("throws", () => Promise.reject(new Error("No disk"))));
  assert(await steps.run("zero", () => Promise.resolve(0)));
  assert.equal(steps.finish(), 1);
  const text = printed.map((line) => line.replace(/\d+\.\d s/, "T s")).join("\n");
  assert.match(text, /^ok note \(T s\): 3 files$/m);
  assert.match(text, /^FAILED code \(T s\)$/m);
  assert.match(text, /^No disk$/m);
  assert.match(text, /^2 of 4 steps failed:\n {2}code\n {2}throws$/m);
});

Deno.test("Steps finishes with 0 when all passed", async () => {
  const steps = new Steps(() => {});
  await steps.run("only", () => Promise.resolve());
  assert.equal(steps.finish(), 0);
});
