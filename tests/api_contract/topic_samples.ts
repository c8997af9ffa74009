/**
 * Samples of the rows about topics and dead letters; see `samples.ts`.
 *
 * @module
 */
import type { deadLetterRows, topicRows } from "../../src/protocol/api/messaging/topics.ts";
import { keys } from "../../src/protocol/keys.ts";
import { defaultTopicOptions } from "../../src/protocol/slice/topics.ts";
import { topicLines } from "../../src/protocol/thread/topics.ts";
import type { Sample, Wrong } from "./samples.ts";
import type { TestApi } from "./setup.ts";

type TopicRow = keyof typeof topicRows | keyof typeof deadLetterRows;

const shown = "00000000000000aa";
const retried = "00000000000000cc";
const purged = "00000000000000bb";

/** Good calls. */
export const goodTopics: Readonly<Record<TopicRow, Sample>> = {
  topicList: {},
  topicStatus: { params: { topic: "clicks" } },
  topicPublish: { params: { topic: "clicks" }, body: '{"key": "a", "value": {}}' },
  topicReplay: {
    params: { topic: "clicks" },
    body: '{"contract": "org.example:a", "subscription": "b", "from": {"kind": "oldest"}}',
  },
  deadLetterList: { query: { topic: "clicks", limit: "10" } },
  deadLetterShow: { params: { id: shown } },
  deadLetterRetry: { params: { id: retried }, status: 204 },
  deadLetterReplay: { body: '{"kind": "schedule"}' },
  deadLetterPurge: { query: { id: purged } },
};

/** Wrong calls. */
export const wrongTopics: Readonly<Record<TopicRow, readonly Wrong[]>> = {
  topicList: [],
  topicStatus: [{ part: "params", params: { topic: "No" }, issue: "topic" }],
  topicPublish: [
    { part: "params", params: { topic: "No" }, body: '{"value": 1}', issue: "topic" },
    { part: "body", params: { topic: "clicks" }, body: '{"key": "", "value": 1}', issue: "key" },
  ],
  topicReplay: [
    {
      part: "params",
      params: { topic: "No" },
      body: '{"contract": "a:b", "subscription": "b", "from": {"kind": "oldest"}}',
      issue: "topic",
    },
    {
      part: "body",
      params: { topic: "clicks" },
      body: '{"contract": "a:b", "subscription": "b", "from": {"kind": "never"}}',
      issue: "from.kind",
    },
  ],
  deadLetterList: [{ part: "query", query: { limit: "0" }, issue: "limit" }],
  deadLetterShow: [{ part: "params", params: { id: "x" }, issue: "id" }],
  deadLetterRetry: [{ part: "params", params: { id: "x" }, issue: "id" }],
  deadLetterReplay: [{ part: "body", body: '{"perSecond": 0}', issue: "perSecond" }],
  deadLetterPurge: [{ part: "query", query: { id: "x" }, issue: "id" }],
};

/**
 * Makes the topic and the letters that the good calls are about, and plays the threads that they
 * need.
 */
export async function prepareTopics({ control }: TestApi): Promise<void> {
  const { store, gateway, storage } = control;
  const calls = gateway.calls.connectNew();
  calls.onmessage = ({ data: [{ id }] }) =>
    calls.postMessage([{ id, outcome: { kind: "output", output: "null" } }]);
  // What is asked of topics is played; the rest goes to the storage that runs in this thread.
  const played = new Map<string, unknown>([
    [topicLines.publish, [{ partition: 0, offset: 1 }]],
    [topicLines.seek, 1],
    [topicLines.figures, []],
    [topicLines.quiet, undefined],
  ]);
  const ask = storage.ask.bind(storage);
  storage.ask = <Result>(topic: string, ...rest: [body: unknown, transfer?: Transferable[]]) =>
    played.has(topic) ? Promise.resolve(played.get(topic) as Result) : ask<Result>(topic, ...rest);
  const topic = { options: defaultTopicOptions, createdAtMs: 0 };
  await store.propose("leader", {
    compare: [],
    then: [keys.topic.put(keys.topic.key("clicks"), topic)],
    otherwise: [],
  });
  const letter = {
    source: { kind: "topic", topic: "clicks", partition: 0, offset: 1, publishedAtMs: 0 },
    contract: "org.example:a",
    method: "onClick",
    cause: { code: "E1", message: "No" },
    attempts: 5,
    firstAttemptAtMs: 0,
    lastAttemptAtMs: 1,
    bytes: "e30=",
  } as const;
  await store.propose("node", {
    compare: [],
    then: [shown, retried, purged].map((id) =>
      keys.deadLetter.put(keys.deadLetter.key(id), letter)
    ),
    otherwise: [],
  });
}
