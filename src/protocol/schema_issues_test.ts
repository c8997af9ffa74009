import assert from "node:assert/strict";
import { z } from "zod";
import { schemaIssues } from "./schema_issues.ts";
import { parseToml } from "./toml.ts";

const schema = z.strictObject({
  name: z.string(),
  port: z.int().min(1).max(9).default(1),
  log: z.strictObject({ level: z.enum(["info", "debug"]).optional() }).optional(),
  keys: z.array(z.strictObject({ role: z.string() })).max(1).default([]),
});

function texts(toml: string): string[] {
  return schemaIssues(schema, parseToml(toml))
    .map((issue) => `${issue.line ?? "-"} ${issue.path}: ${issue.message}`);
}

Deno.test("schemaIssues() is empty for a document that fits", () => {
  assert.deepEqual(texts('name = "a"\n[log]\nlevel = "info"'), []);
});

Deno.test("schemaIssues() names value, rule and line of each problem, in order", () => {
  assert.deepEqual(texts('name = ["a"]\nport = 12\n[log]\nlevel = "loud"\n[[keys]]\n'), [
    "1 name: Write a string, not an array",
    "2 port: 12 is too large: the most is 9",
    '4 log.level: Write one of "info", "debug", not "loud"',
    '5 keys[0].role: Missing key "role": write a string',
  ]);
  assert.deepEqual(texts('name = "a"\n[[keys]]\n[[keys]]\n'), [
    "2 keys: 2 entries are too many: the most is 1",
  ]);
});

Deno.test("schemaIssues() suggests the nearest key of the same table", () => {
  assert.deepEqual(texts('name = "a"\nprot = 2\nlog.levle = "info"\nzzz = 1\n'), [
    '2 prot: Unknown key "prot": did you mean "port"?',
    '3 log.levle: Unknown key "levle": did you mean "level"?',
    '4 zzz: Unknown key "zzz": valid keys are name, port, log, keys',
  ]);
});

Deno.test("schemaIssues() repeats only the beginning of a long value", () => {
  const [message = ""] = texts(`name = "a"\nport = "${"x".repeat(1000)}"\n`);
  assert.ok(message.length < 140 && message.endsWith("..."), message);
});
