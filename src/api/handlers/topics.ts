/**
 * Handlers of the rows about topics and dead letters.
 *
 * @module
 */
import { pause } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { limits } from "../../protocol/limits.ts";
import type { deadLetterRows, topicRows } from "../../protocol/api/messaging/topics.ts";
import type { PartitionFigures, SubscriptionFigures } from "../../protocol/thread/topics.ts";
import type { Control } from "../../node/control/control.ts";
import type { Handlers } from "../handler.ts";

const encoder = new TextEncoder();
/** Part of a request's time that a replay may take. */
const replayShare = 0.5;

/** See `protocol/api/messaging/topics.ts`. */
export const topicHandlers: Handlers<keyof typeof topicRows> = {
  topicList: (_request, { control: { topics } }) => ({
    body: {
      topics: topics.list().map(({ name, options }) => ({
        name,
        options,
        subscriptions: subscriptionsOf(topics, name),
      })),
    },
  }),
  topicStatus: async ({ params: { topic: name } }, { control: { topics } }) => {
    const topic = topics.get(name);
    const all = await topics.figures().catch((): PartitionFigures[] => []);
    const figures = all.filter((each) => each.topic === name);
    const partitions = topic.partitions.map((partition) => {
      const { number, leader, replicas, epoch, settledEpoch } = partition;
      const own = figures.find((each) => each.number === number);
      const counts = own === undefined
        ? null
        : { first: own.first, end: own.end, commit: own.commit, bytes: own.bytes };
      const isSettled = settledEpoch === epoch;
      return { number, leader, replicas, epoch, isSettled, figures: counts };
    });
    const progress = sumUp(figures.flatMap(({ subscriptions }) => subscriptions));
    const subscriptions = subscriptionsOf(topics, name);
    return { body: { name, options: topic.options, subscriptions, partitions, progress } };
  },
  topicPublish: async ({ params: { topic }, body: { key, value } }, { control: { topics } }) => {
    topics.get(topic);
    const bytes = encoder.encode(JSON.stringify(value));
    if (bytes.length > limits.messageBytes) {
      throw new AetherError(
        "MESSAGE_TOO_LARGE",
        `The message has ${bytes.length} bytes; the limit is ${limits.messageBytes}`,
      );
    }
    const [answer] = await topics.publish({ topic, keys: [key], values: [bytes] });
    if (answer === undefined || "problem" in answer) {
      throw AetherError.fromProblem(answer?.problem ?? {});
    }
    return { body: answer };
  },
  topicReplay: async ({ params: { topic }, body }, { control: { topics } }) => {
    topics.get(topic);
    const { contract, subscription: name, from: position, partition } = body;
    const which = partition === undefined ? {} : { partition };
    const partitions = await topics.seek({ topic, contract, name, position, ...which });
    if (partitions === 0) {
      throw new AetherError(
        "TOPIC_UNAVAILABLE",
        `No partition of topic "${topic}" serves subscription ${contract}/${name} now`,
      );
    }
    return { body: { partitions } };
  },
};

/** See `protocol/api/messaging/topics.ts`. */
export const deadLetterHandlers: Handlers<keyof typeof deadLetterRows> = {
  deadLetterList: async ({ query: { limit, ...filter } }, { control: { topics } }) => {
    const found = await topics.deadLetters.list(filter);
    const letters = found.slice(0, limit).map(({ bytes: _, ...letter }) => letter);
    return { body: { count: found.length, letters } };
  },
  deadLetterShow: async ({ params: { id } }, { control: { topics } }) => ({
    body: await topics.deadLetters.get(id),
  }),
  deadLetterRetry: async ({ params: { id } }, { control: { topics, clock } }) => {
    await topics.deadLetters.retry(id, clock.wallMs());
    return { body: undefined };
  },
  deadLetterReplay: async ({ body: { after = "", perSecond, ...filter } }, { control }) => {
    const { topics: { deadLetters }, clock, config } = control;
    const untilMs = clock.monotonicMs() + config.management.requestTimeoutMs * replayShare;
    const letters = (await deadLetters.list(filter)).filter(({ id }) => id > after);
    let [handled, failed, next]: [number, number, string | null] = [0, 0, null];
    for (const { id } of letters) {
      if (clock.monotonicMs() >= untilMs) return { body: { handled, failed, next } };
      const startMs = clock.monotonicMs();
      if (await isHandled(control, id)) handled++;
      else failed++;
      next = id;
      await pause(clock, Math.max(0, startMs + 1_000 / perSecond - clock.monotonicMs()));
    }
    return { body: { handled, failed, next: null } };
  },
  deadLetterPurge: async ({ query: { id, ...filter } }, { control: { topics } }) => {
    const { deadLetters } = topics;
    const ids = id === undefined
      ? (await deadLetters.list(filter)).map((letter) => letter.id)
      : [(await deadLetters.get(id)).id];
    return { body: { purged: await deadLetters.purge(ids) } };
  },
};

async function isHandled({ topics, clock }: Control, id: string): Promise<boolean> {
  try {
    await topics.deadLetters.retry(id, clock.wallMs());
    return true;
  } catch (error) {
    const { name } = error as AetherError;
    // Somebody else was faster.
    if (name === "DEAD_LETTER_NOT_FOUND") return true;
    if (name === "DEAD_LETTER_REFUSED") return false;
    throw error;
  }
}

function subscriptionsOf(topics: Control["topics"], topic: string) {
  return topics.subscriptions().filter((each) => each.topic === topic).map((
    { contract, name },
  ) => ({
    contract,
    name,
  }));
}

function sumUp(figures: readonly SubscriptionFigures[]) {
  const byName = Map.groupBy(figures, ({ contract, name }) => `${contract}/${name}`);
  return [...byName.values()].flatMap(([first, ...rest]) => {
    if (first === undefined) return [];
    const { next: _, ...sum } = first;
    return [
      rest.reduce((total, each) => ({
        ...total,
        lag: total.lag + each.lag,
        lagMs: Math.max(total.lagMs, each.lagMs),
        underWay: total.underWay + each.underWay,
        handled: total.handled + each.handled,
        failed: total.failed + each.failed,
        dead: total.dead + each.dead,
        repeated: total.repeated + each.repeated,
      }), sum),
    ];
  });
}
