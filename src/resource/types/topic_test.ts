import assert from "node:assert/strict";
import type { PublishQuestion } from "../../protocol/thread/topics.ts";
import type { OpenContext, ResourceSession } from "../factory.ts";
import { topicFactory } from "./topic.ts";

async function session(asked: PublishQuestion[]): Promise<ResourceSession> {
  const line = {
    ask: (_topic: string, question: PublishQuestion) => {
      asked.push(question);
      return Promise.resolve(question.values.map((_, offset) => ({ partition: 0, offset })));
    },
  };
  const context = { section: "", extension: () => line } as unknown as OpenContext;
  const shared = await topicFactory.open(undefined, context);
  const user = { instance: "n1/a/1", artifactBase: "org.example:a", hosts: [], notify: () => {} };
  return shared.session({ ...user, topic: "clicks" });
}

Deno.test("topic: sound messages are published to the declared topic, others refused", async () => {
  const asked: PublishQuestion[] = [];
  const publisher = await session(asked);
  const messages = [
    { key: "a", value: "1" },
    { key: "k".repeat(300), value: "2" },
    { value: "x".repeat(300_000) },
    { value: "3" },
  ];
  const answers = await publisher.call({ op: "publish", messages, topic: "other" }) as {
    offset?: number;
    problem?: { name: string };
  }[];
  assert.equal(asked[0]?.topic, "clicks");
  assert.deepEqual(asked[0]?.keys, ["a", undefined]);
  assert.deepEqual(answers.map(({ offset, problem }) => offset ?? problem?.name), [
    0,
    "KEY_INVALID",
    "MESSAGE_TOO_LARGE",
    1,
  ]);
});

Deno.test("topic: a message of a sandbox that makes no sense is refused", async () => {
  const publisher = await session([]);
  for (const messages of [undefined, [], [{}], [{ value: 7 }]]) {
    await assert.rejects(publisher.call({ op: "publish", messages }), { name: "REQUEST_INVALID" });
  }
});
