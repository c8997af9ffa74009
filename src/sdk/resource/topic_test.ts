import assert from "node:assert/strict";
import { z } from "zod";
import { topic } from "./topic.ts";

Deno.test("topic() fills in what is not said", () => {
  const { options, type } = topic("clicks", z.string(), { durability: "synced" });
  assert.equal(type, "topic");
  assert.equal(options.topic, "clicks");
  assert.equal(options.durability, "synced");
  assert.equal(options.partitions, 4);
});

Deno.test("topic() refuses names and options that are not valid", () => {
  for (const name of ["", "Clicks", "1", "a/b", "x".repeat(64)]) {
    assert.throws(() => topic(name, z.string()), /write 1 to 63/);
  }
  assert.throws(() => topic("clicks", z.string(), { partitions: 0 }), /partitions/);
  assert.throws(() => topic("clicks", z.string(), { partition: 1 } as object), /partition/);
});
