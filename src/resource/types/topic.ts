/**
 * The resource type `topic`: a slice publishes to a topic that its manifest declares.
 *
 * The storage thread has the topics; this checks what comes from the sandbox and passes it on.
 *
 * @module
 */
import { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import { utf8Bytes } from "../../base/text/utf8_bytes.ts";
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import { limits } from "../../protocol/limits.ts";
import {
  type PublishAnswer,
  type PublishQuestion,
  topicLines,
} from "../../protocol/thread/topics.ts";
import { type CallMessage, extensionKey, parseCall, type ResourceFactory } from "../factory.ts";

const encoder = new TextEncoder();
const messagesMax = 1_000;

/** The line to the storage thread. */
export const storageLine = extensionKey<Pick<ThreadLine, "ask" | "guard">>("storage");

const publishSchema = z.object({
  op: z.literal("publish"),
  messages: z.array(z.object({ key: z.string().optional(), value: z.string() }))
    .min(1).max(messagesMax),
});

/** Opens topics for publishers. */
export const topicFactory: ResourceFactory = {
  type: "topic",
  priority: 0,
  options: undefined,
  supports: (section) => section === undefined,
  open: (_options, context) => {
    const line = context.extension(storageLine);
    return {
      session: ({ topic = "" }) => ({
        call: (message) => publish(line, topic, message),
        close: () => {},
      }),
      close: () => {},
    };
  },
};

async function publish(
  line: Pick<ThreadLine, "ask">,
  topic: string,
  message: CallMessage,
): Promise<PublishAnswer> {
  const { messages } = parseCall(publishSchema, message);
  const answers: (PublishAnswer[number] | undefined)[] = messages.map(({ key, value }) => {
    const problem = objection(topic, key, value);
    return problem && { problem: problem.toProblem() };
  });
  const sound = messages.filter((_, i) => answers[i] === undefined);
  if (sound.length > 0) {
    const question: PublishQuestion = {
      topic,
      keys: sound.map(({ key }) => key),
      values: sound.map(({ value }) => encoder.encode(value)),
    };
    const published = await line.ask<PublishAnswer>(topicLines.publish, question);
    let next = 0;
    for (const [i, answer] of answers.entries()) answers[i] = answer ?? published[next++];
  }
  return answers as PublishAnswer;
}

function objection(topic: string, key: string | undefined, value: string) {
  if (key !== undefined) {
    const bytes = utf8Bytes(key);
    if (bytes < 1 || bytes > limits.messageKeyBytes) {
      return new AetherError(
        "KEY_INVALID",
        `A message of topic "${topic}" has a key of ${bytes} bytes: write 1 to ` +
          `${limits.messageKeyBytes}`,
      );
    }
  }
  const bytes = utf8Bytes(value);
  if (bytes <= limits.messageBytes) return undefined;
  return new AetherError(
    "MESSAGE_TOO_LARGE",
    `A message of topic "${topic}" has ${bytes} bytes; the limit is ${limits.messageBytes}`,
  );
}
