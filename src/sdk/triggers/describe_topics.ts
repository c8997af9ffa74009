/**
 * The part of a slice's description that is about topics.
 *
 * @module
 */
import type { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import type { SliceDescription } from "../../protocol/slice/manifest.ts";
import { topicConflicts, type TopicUse } from "../../protocol/slice/topic_conflicts.ts";
import type { TopicDescription } from "../../protocol/slice/topics.ts";
import type { Topic } from "../resource/topic.ts";
import type { SliceDefinition } from "../slice.ts";

type ToJsonSchema = (schema: z.ZodType, io: "output", what: string) => Record<string, unknown>;

/**
 * Topics and subscriptions of a definition; nothing when it has none.
 *
 * @throws {AetherError} SLICE_INVALID naming the subscription or the topic and what to change.
 */
export function describeTopics(
  { contract, needs, subscriptions = {} }: Pick<
    SliceDefinition,
    "contract" | "needs" | "subscriptions"
  >,
  toJsonSchema: ToJsonSchema,
): Pick<SliceDescription, "topics" | "subscriptions"> {
  const uses: TopicUse[] = [];
  const use = (topic: Topic, by: string, isPublisher: boolean) => {
    uses.push({ topic: describe(topic, toJsonSchema), by, isPublisher });
  };
  for (const [name, need] of Object.entries(needs)) {
    if (need?.kind === "resource" && need.type === "topic") {
      use(need as Topic, `needs.${name}`, true);
    }
  }
  for (const [name, each] of Object.entries(subscriptions)) {
    if (each?.kind !== "subscription") {
      throw invalid(`Subscription "${name}" was not made by subscribe()`);
    }
    if (Object.hasOwn(contract.methods, name)) {
      throw invalid(`"${name}" is a method and a subscription of ${contract.name}: rename one`);
    }
    use(each.topic, `subscriptions.${name}`, false);
  }
  if (uses.length === 0) return {};
  const [conflict] = topicConflicts(uses);
  if (conflict !== undefined) throw invalid(conflict);
  const topics = new Map(uses.map(({ topic }) => [topic.name, topic]));
  return {
    topics: [...topics.values()],
    subscriptions: Object.entries(subscriptions).map(([name, { topic, options }]) => ({
      name,
      topic: topic.options.topic,
      options,
    })),
  };
}

function describe(topic: Topic, toJsonSchema: ToJsonSchema): TopicDescription {
  const { topic: name, ...options } = topic.options;
  const schema = toJsonSchema(topic.schema, "output", `Topic "${name}"`);
  return { name, options, schema };
}

function invalid(message: string): AetherError {
  return new AetherError("SLICE_INVALID", message);
}
