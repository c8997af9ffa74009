/**
 * One end of a line between two threads of a node: questions both ways, and streams.
 *
 * The other thread may die and come again: the supervisor gives each end a new port, handlers
 * stay, and what was under way fails with THREAD_LOST. Both ends are our own code, so nothing is
 * validated. Used between storage and control, gateway and resources.
 *
 * @module
 */
import { AetherError, type Problem, toAetherError } from "../../base/errors.ts";

/** A message of a line. */
type LineMessage =
  | { readonly type: "ask"; readonly id: number; readonly topic: string; readonly body: unknown }
  | { readonly type: "tell"; readonly topic: string; readonly body: unknown }
  | { readonly type: "result"; readonly id: number; readonly result: unknown }
  | { readonly type: "problem"; readonly id: number; readonly problem: Problem };

/** Answers a question; a result with streams or buffers to be moved is a {@link Transferred}. */
// deno-lint-ignore no-explicit-any -- both ends are ours and agree on the topic's types
export type LineHandler = (body: any) => unknown;

/** A result of which parts are moved rather than copied. */
export class Transferred {
  readonly result: unknown;
  readonly transfer: Transferable[];

  constructor(result: unknown, transfer: Transferable[]) {
    this.result = result;
    this.transfer = transfer;
  }
}

const askingMax = 10_000;

/**
 * One end of a line; see the module.
 *
 * @example
 * ```ts
 * import { ThreadLine } from "./thread_line.ts";
 * const { port1, port2 } = new MessageChannel();
 * const [here, there] = [new ThreadLine("there"), new ThreadLine("here")];
 * there.handle("double", (value: number) => 2 * value);
 * here.connect(port1);
 * there.connect(port2);
 * console.assert(await here.ask("double", 21) === 42);
 * here.close();
 * there.close();
 * ```
 */
export class ThreadLine {
  readonly #other: string;
  readonly #handlers = new Map<string, LineHandler>();
  readonly #asking = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #listeners = new Set<() => void>();
  #port: MessagePort | undefined;
  #lost: PromiseWithResolvers<never> = lostPromise();
  #nextId = 1;

  /** `other` names the thread at the other end, for messages. */
  constructor(other: string) {
    this.#other = other;
  }

  /** Whether there is another end. */
  get isConnected(): boolean {
    return this.#port !== undefined;
  }

  /** Talks over this port from now on; what is under way on the last one fails. */
  connect(port: MessagePort): void {
    this.close();
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<LineMessage>) => this.#onMessage(data);
    for (const listener of this.#listeners) listener();
  }

  /** Calls a listener whenever there is a new other end, and at once when there is one. */
  onConnect(listener: () => void): void {
    this.#listeners.add(listener);
    if (this.isConnected) listener();
  }

  /** Takes questions and messages of a topic from now on. */
  handle(topic: string, handler: LineHandler): void {
    this.#handlers.set(topic, handler);
  }

  /**
   * Asks the other thread.
   *
   * @throws {AetherError} what its handler threw; THREAD_LOST when it dies or is not there;
   *   OVERLOADED with too many questions under way.
   */
  ask<Result>(topic: string, body: unknown, transfer: Transferable[] = []): Promise<Result> {
    const port = this.#port;
    if (port === undefined) return Promise.reject(this.#lostError());
    if (this.#asking.size >= askingMax) {
      const message = `${askingMax} questions to the ${this.#other} thread are under way`;
      return Promise.reject(new AetherError("OVERLOADED", message));
    }
    const id = this.#nextId++;
    const asking = Promise.withResolvers<unknown>();
    this.#asking.set(id, asking);
    port.postMessage({ type: "ask", id, topic, body } satisfies LineMessage, transfer);
    return asking.promise as Promise<Result>;
  }

  /** Says something to which there is no answer; lost when there is no other end. */
  tell(topic: string, body: unknown, transfer: Transferable[] = []): void {
    this.#port?.postMessage({ type: "tell", topic, body } satisfies LineMessage, transfer);
  }

  /**
   * A stream that came over this line and fails when the other thread dies; without it, a reader
   * would wait for ever.
   */
  guard<Chunk>(stream: ReadableStream<Chunk>): ReadableStream<Chunk> {
    const reader = stream.getReader();
    const lost = this.#lost.promise;
    return new ReadableStream<Chunk>({
      async pull(controller) {
        const reading = reader.read();
        const { done, value } = await Promise.race([reading, lost]).catch((error) => {
          reading.catch(() => {});
          reader.cancel(error).catch(() => {});
          throw error;
        });
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
  }

  /** Ends the line; what is under way fails. */
  close(): void {
    this.#port?.close();
    this.#port = undefined;
    const error = this.#lostError();
    for (const asking of this.#asking.values()) asking.reject(error);
    this.#asking.clear();
    this.#lost.reject(error);
    this.#lost = lostPromise();
  }

  #onMessage(message: LineMessage): void {
    switch (message.type) {
      case "ask":
        this.#answer(message.id, message.topic, message.body);
        break;
      case "tell":
        this.#handlers.get(message.topic)?.(message.body);
        break;
      case "result":
        this.#take(message.id)?.resolve(message.result);
        break;
      case "problem":
        this.#take(message.id)?.reject(AetherError.fromProblem(message.problem));
        break;
    }
  }

  async #answer(id: number, topic: string, body: unknown): Promise<void> {
    const port = this.#port;
    const post = (message: LineMessage, transfer: Transferable[] = []) =>
      port?.postMessage(message, transfer);
    try {
      const handler = this.#handlers.get(topic);
      if (handler === undefined) {
        throw new AetherError("NOT_BUILT", `This thread does not know the topic "${topic}"`);
      }
      const answer = await handler(body);
      if (answer instanceof Transferred) {
        post({ type: "result", id, result: answer.result }, answer.transfer);
      } else post({ type: "result", id, result: answer });
    } catch (error) {
      post({ type: "problem", id, problem: toAetherError(error).toProblem() });
    }
  }

  #take(id: number): PromiseWithResolvers<unknown> | undefined {
    const asking = this.#asking.get(id);
    this.#asking.delete(id);
    return asking;
  }

  #lostError(): AetherError {
    return new AetherError(
      "THREAD_LOST",
      `The ${this.#other} thread is not there or was restarted`,
    );
  }
}

function lostPromise(): PromiseWithResolvers<never> {
  const lost = Promise.withResolvers<never>();
  // Most of the time nobody reads a stream.
  lost.promise.catch(() => {});
  return lost;
}
