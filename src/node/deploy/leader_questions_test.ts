import assert from "node:assert/strict";
import { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import type { AskHandler } from "../cluster/asks.ts";
import { LeaderQuestions } from "./leader_questions.ts";

const handlers = new Map<string, AskHandler>();
let leader: string | undefined = "n1";

function nodeOf(node: string): LeaderQuestions {
  const questions = new LeaderQuestions({
    node,
    leader: () => leader,
    asks: {
      handle: (topic, handler) => void handlers.set(`${node} ${topic}`, handler),
      ask: (to, topic, body) =>
        handlers.get(`${to} ${topic}`)?.(body, node) ?? Promise.reject(new Error("Nobody")),
    },
  });
  questions.handle("double", (question) => ({ by: node, value: 2 * (question as number) }));
  return questions;
}

Deno.test("LeaderQuestions.ask() is answered by the leader, wherever it is asked", async () => {
  const [one, two] = [nodeOf("n1"), nodeOf("n2")];
  const schema = z.object({ by: z.string(), value: z.number() });
  for (const node of [one, two]) {
    assert.deepEqual(await node.ask("double", 21, schema), { by: "n1", value: 42 });
  }
  leader = undefined;
  const isNoLeader = (error: unknown) => error instanceof AetherError && error.name === "NO_LEADER";
  await assert.rejects(one.ask("double", 1, schema), isNoLeader);
  leader = "n2";
  const late = handlers.get("n1 leader/double")?.(new TextEncoder().encode("1"), "n2");
  await assert.rejects(late ?? Promise.resolve(), isNoLeader);
});
