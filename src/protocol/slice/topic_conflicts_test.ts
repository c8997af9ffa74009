import assert from "node:assert/strict";
import { z } from "zod";
import { topicConflicts, type TopicUse } from "./topic_conflicts.ts";
import { defaultTopicOptions, type TopicOptions } from "./topics.ts";

function use(
  by: string,
  schema: z.ZodType,
  options: Partial<TopicOptions> = {},
  isPublisher = false,
): TopicUse {
  const topic = {
    name: "clicks",
    options: { ...defaultTopicOptions, ...options },
    schema: JSON.parse(JSON.stringify(z.toJSONSchema(schema))),
  };
  return { topic, by, isPublisher };
}

function conflicts(written: z.ZodType, read: z.ZodType): string[] {
  return topicConflicts([use("p", written, {}, true), use("s", read)]);
}

Deno.test("topicConflicts() lets a reader know less than what is written", () => {
  const written = z.object({ url: z.string(), at: z.int(), more: z.array(z.string()) });
  assert.deepEqual(conflicts(written, z.object({ url: z.string(), at: z.number() })), []);
  assert.deepEqual(conflicts(written, written), []);
  const optional = z.object({ url: z.string(), other: z.string().optional() });
  assert.deepEqual(conflicts(written, optional), []);
});

Deno.test("topicConflicts() names the field that does not fit", () => {
  const read = z.object({ at: z.object({ ms: z.int() }) });
  const text = (written: z.ZodType) => conflicts(written, read).join();
  assert.match(text(z.object({ url: z.string() })), /s cannot read what p publishes.*"at" is read/);
  assert.match(text(z.object({ at: z.string() })), /"at" is written as string and read as object/);
  assert.match(
    text(z.object({ at: z.object({ ms: z.string() }) })),
    /"at.ms" is written as string/,
  );
  assert.match(
    text(z.object({ at: z.object({ ms: z.int() }).optional() })),
    /"at" is always read and not always written/,
  );
  assert.match(conflicts(z.array(z.string()), z.array(z.int())).join(), /"\[\]" is written/);
});

Deno.test("topicConflicts() compares options of all who declare a topic", () => {
  const [problem, ...others] = topicConflicts([
    use("a", z.string(), { durability: "synced" }),
    use("b", z.string(), { durability: "transient" }),
  ]);
  assert.match(problem ?? "", /durability synced in a and transient in b/);
  assert.equal(others.length, 0);
});
