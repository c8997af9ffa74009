import assert from "node:assert/strict";
import { z } from "zod";
import { contract, method } from "./contract.ts";
import { kv } from "./resource/kv.ts";
import { slice } from "./slice.ts";

const empty = z.object({});
const one = contract("org.example:one", { run: method({ input: empty, output: empty }) });

Deno.test("slice() only describes: it calls nothing and cannot be changed", () => {
  const needs = { links: kv() };
  const create = () => assert.fail("It was created");
  const definition = slice(one, { needs, create });
  assert.deepEqual(definition, { kind: "slice", contract: one, needs, create });
  assert.throws(() => Object.assign(definition, { create: () => {} }), TypeError);
  assert.throws(() => Object.assign(definition.needs, { more: kv() }), TypeError);
});

Deno.test("slice() needs nothing unless it says so", () => {
  assert.deepEqual(slice(one, { create: () => ({ run: () => ({}) }) }).needs, {});
});
