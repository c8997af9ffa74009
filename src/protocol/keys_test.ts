import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { type InstanceValue, isChosenKey, keys, KeyType, slicePrefix, writerOf } from "./keys.ts";
import { z } from "zod";
import { userPrefix } from "./store/user_key.ts";

const artifact = "org.example:echo:1.0.0";

Deno.test("KeyType.key() and parts() are each other's reverse", () => {
  const key = keys.instance.key("n1", artifact, 3);
  assert.equal(key, "instance/n1/org.example:echo:1.0.0/3");
  assert.deepEqual(keys.instance.parts(key), ["n1", artifact, "3"]);
  assert.equal(keys.instance.key("n1", ""), "instance/n1/");
});

Deno.test("KeyType.decode() reads what put() wrote", () => {
  const value: InstanceValue = {
    artifact,
    node: "n1",
    number: 1,
    state: "FAILED",
    attempt: 2,
    changedAtMs: 1.5,
    failures: 1,
    reason: 'it said "no" \u0000 \ud83d\ude00',
    fatal: true,
  };
  const operation = keys.instance.put("instance/k", value);
  assert.ok(operation.type === "put");
  assert.equal(operation.contentType, "application/json");
  assert.deepEqual(keys.instance.decode("instance/k", operation.value), value);
});

Deno.test("KeyType.put() refuses a value that is not of its kind", () => {
  const counts = new KeyType("count/", "node", z.object({ count: z.int() }));
  assert.throws(() => counts.put("count/a", { count: 1.5 }), /expected int/);
});

Deno.test("KeyType.decode() calls anything else damage, naming the key", () => {
  const counts = new KeyType("count/", "node", z.object({ count: z.int() }));
  const texts = ["", "{", "null", '{"count":"1"}', '{"count":1.5}'];
  const inputs = texts.map((text) => new TextEncoder().encode(text));
  for (const bytes of [...inputs, Uint8Array.of(0xff)]) {
    assert.throws(() => counts.decode("count/a", bytes), (error) => {
      assert.ok(error instanceof AetherError);
      assert.equal(error.name, "STORAGE_CORRUPT");
      assert.match(error.message, /"count\/a"/);
      return true;
    });
  }
});

Deno.test("writerOf() knows the writer of every kind of key, and of no other", () => {
  assert.equal(writerOf("user/a"), "user");
  assert.equal(writerOf(`${slicePrefix}org.example:a/b`), "slice");
  assert.equal(writerOf(keys.blueprint.key(artifact)), "operator");
  assert.equal(writerOf(keys.target.key("org.example:echo")), "operator");
  assert.equal(writerOf(keys.assignment.key("n1", artifact)), "leader");
  assert.equal(writerOf(keys.instance.key("n1", artifact, 1)), "node");
  assert.equal(writerOf(keys.member.key("n1")), "node");
  for (const key of ["", "user", "users/a", "target", "/user/a", "other/a"]) {
    assert.equal(writerOf(key), undefined, key);
  }
});

Deno.test("KeyType.decode() reads the same bytes once, into what nobody can change", () => {
  const lists = new KeyType("list/", "node", z.object({ names: z.array(z.string()) }));
  const bytes = new TextEncoder().encode('{"names":["a"]}');
  const value = lists.decode("list/a", bytes);
  assert.deepEqual(value, { names: ["a"] });
  assert.equal(lists.decode("list/a", bytes), value);
  assert.notEqual(lists.decode("list/a", bytes.slice()), value);
  assert.ok(Object.isFrozen(value) && Object.isFrozen(value.names));
});

Deno.test("isChosenKey() is true for keys of users and slices, and for none of the system's", () => {
  assert.ok(isChosenKey(`${userPrefix}a`) && isChosenKey(`${slicePrefix}a`));
  for (const { prefix } of Object.values(keys)) assert.ok(!isChosenKey(`${prefix}a`), prefix);
});
