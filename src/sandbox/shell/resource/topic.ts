/**
 * The handle of `topic()`: checks messages by their schema and asks the node.
 *
 * What is published in one turn travels together, since a message between threads costs as much for
 * one as for many.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { AetherError } from "../../../base/errors.ts";
import { limits } from "../../../protocol/limits.ts";
import type { PublishAnswer } from "../../../protocol/thread/topics.ts";
import type {
  PublishedMessage,
  PublishOptions,
  Topic,
  TopicHandle,
} from "../../../sdk/resource/topic.ts";
import type { ResourcePort } from "./port.ts";

const batchMax = 500;
const waitingMax = 10_000;

interface Waiting {
  readonly key: string | undefined;
  readonly value: string;
  resolve(message: PublishedMessage): void;
  reject(error: unknown): void;
}

/** See {@link TopicHandle}. */
export class TopicProxy implements TopicHandle<unknown> {
  readonly #resource: string;
  readonly #spec: Topic;
  readonly #port: ResourcePort;
  #waiting: Waiting[] = [];
  #underWay = 0;

  constructor(resource: string, spec: Topic, port: ResourcePort) {
    this.#resource = resource;
    this.#spec = spec;
    this.#port = port;
  }

  // deno-lint-ignore require-await -- async, so that a message that is not valid is a rejection
  async publish(value: unknown, options: PublishOptions = {}): Promise<PublishedMessage> {
    const { topic } = this.#spec.options;
    const text = JSON.stringify(this.#spec.schema.parse(value));
    if (text === undefined || text.length > limits.messageBytes) {
      throw new AetherError(
        "MESSAGE_TOO_LARGE",
        `A message of topic "${topic}" must be JSON of at most ${limits.messageBytes} bytes`,
      );
    }
    if (this.#underWay >= waitingMax) {
      throw new AetherError(
        "TOPIC_BUSY",
        `${waitingMax} messages of this instance wait for topic "${topic}"`,
      );
    }
    this.#underWay++;
    const { promise, resolve, reject } = Promise.withResolvers<PublishedMessage>();
    if (this.#waiting.push({ key: options.key, value: text, resolve, reject }) === 1) {
      setImmediate(() => this.#flush());
    }
    return promise;
  }

  #flush(): void {
    const all = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < all.length; from += batchMax) {
      this.#send(all.slice(from, from + batchMax));
    }
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    const messages = batch.map(({ key, value }) => key === undefined ? { value } : { key, value });
    try {
      const answers = await this.#port.request({
        resource: this.#resource,
        op: "publish",
        messages,
      }) as PublishAnswer;
      for (const [i, each] of batch.entries()) {
        const answer = answers[i];
        if (answer !== undefined && "offset" in answer) each.resolve(answer);
        else each.reject(AetherError.fromProblem(answer?.problem ?? {}));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#underWay -= batch.length;
  }
}
