/**
 * {@link LeaderQuestions}: what only the leader knows, for requests that any node answers.
 *
 * The leader's last decisions are in its memory, not in the store. A node asks it over their link,
 * or itself.
 *
 * @module
 */
import type { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import type { Asks } from "../cluster/asks.ts";

const timeoutMs = 5_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Answers a question of a topic. */
type Answerer = (question: unknown) => unknown;

/** What asking needs. */
export interface LeaderQuestionsOptions {
  readonly node: string;
  readonly asks: Pick<Asks, "ask" | "handle">;
  /** Who leads, as this node knows. */
  leader(): string | undefined;
}

/** Questions to the leader, and this node's answers while it leads. */
export class LeaderQuestions {
  readonly #options: LeaderQuestionsOptions;
  readonly #answerers = new Map<string, Answerer>();

  constructor(options: LeaderQuestionsOptions) {
    this.#options = options;
  }

  /** Answers a topic while this node leads. */
  handle(topic: string, answerer: Answerer): void {
    this.#answerers.set(topic, answerer);
    this.#options.asks.handle(`leader/${topic}`, async (body) => {
      const question: unknown = JSON.parse(decoder.decode(body));
      return encoder.encode(JSON.stringify(await this.#answer(topic, question)));
    });
  }

  /**
   * Asks the leader.
   *
   * @throws {AetherError} NO_LEADER, UNREACHABLE, TIMEOUT, or what the leader throws.
   */
  async ask<T>(topic: string, question: unknown, schema: z.ZodType<T>): Promise<T> {
    const { node, asks, leader } = this.#options;
    const leading = leader();
    if (leading === undefined) throw noLeader();
    if (leading === node) return schema.parse(await this.#answer(topic, question));
    const body = encoder.encode(JSON.stringify(question));
    const answer = await asks.ask(leading, `leader/${topic}`, body, timeoutMs);
    return schema.parse(JSON.parse(decoder.decode(answer)));
  }

  async #answer(topic: string, question: unknown): Promise<unknown> {
    const { node, leader } = this.#options;
    // It may have changed on the way.
    if (leader() !== node) throw noLeader();
    return await this.#answerers.get(topic)?.(question);
  }
}

function noLeader(): AetherError {
  return new AetherError("NO_LEADER", "No leader is known at the moment");
}
