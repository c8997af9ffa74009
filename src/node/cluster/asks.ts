/**
 * Questions between nodes over their link: a topic and a body, answered in pieces.
 *
 * For what is neither consensus nor a client's request, such as fetching an artifact. Answers
 * travel in pieces of 64 KiB, and stop while the link's queue is long, so that they never hold up
 * consensus.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { type Clock, pause, type Timer } from "../../base/clock.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import { type PeerFrame, pieceBytesMax } from "../../protocol/peer/frame.ts";

const pieceBytes = 64 * 1024;
const queueBytesMax = 512 * 1024;
const drainPollMs = 5;
const waitingMax = 1_000;
const answeringMax = 64;

type AskFrame = Extract<PeerFrame, { kind: "ask" | "answer" }>;

interface Waiting {
  readonly node: string;
  readonly pieces: Uint8Array[];
  bytes: number;
  readonly timer: Timer;
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: AetherError) => void;
}

/** What asking needs. */
export interface AsksOptions {
  readonly clock: Clock;
  /** Bytes of an answer. */
  readonly answerBytesMax: number;
  send(node: string, frame: AskFrame): boolean;
  queuedBytes(node: string): number;
}

/** Answers the questions of a topic. */
export type AskHandler = (body: Uint8Array, from: string) => Promise<Uint8Array>;

/** Questions of this node, and answers to those of others. */
export class Asks {
  readonly #options: AsksOptions;
  readonly #handlers = new Map<string, AskHandler>();
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #answering = 0;

  constructor(options: AsksOptions) {
    this.#options = options;
  }

  /** Answers a topic from now on. */
  handle(topic: string, handler: AskHandler): void {
    this.#handlers.set(topic, handler);
  }

  /**
   * Asks a node.
   *
   * @throws {AetherError} the other node's error; UNREACHABLE, also when the link ends before the
   *   answer is whole; TIMEOUT, OVERLOADED or BODY_TOO_LARGE.
   */
  ask(node: string, topic: string, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.#waiting.size >= waitingMax) {
      return Promise.reject(new AetherError("OVERLOADED", `${waitingMax} questions are waiting`));
    }
    assert(body.length <= pieceBytesMax, `A question of ${body.length} bytes`);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.setTimer(timeoutMs, () => {
        this.#end(id)?.reject(
          new AetherError("TIMEOUT", `Node ${node} did not answer within ${timeoutMs} ms`),
        );
      });
      this.#waiting.set(id, { node, pieces: [], bytes: 0, timer, resolve, reject });
      if (this.#options.send(node, { kind: "ask", id, topic, body })) return;
      this.#end(id)?.reject(new AetherError("UNREACHABLE", `There is no link to node ${node}`));
    });
  }

  /** A frame of a peer. */
  receive(from: string, frame: AskFrame): void {
    if (frame.kind === "ask") this.#answer(from, frame);
    else this.#onPiece(from, frame);
  }

  /** The link with a node has ended: its answers will not be whole any more. */
  lost(node: string): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.node !== node) continue;
      const message = `The link to node ${node} ended before its answer was there`;
      this.#end(id)?.reject(new AetherError("UNREACHABLE", message));
    }
  }

  #onPiece(from: string, frame: Extract<AskFrame, { kind: "answer" }>): void {
    const { id, ok, isLast, offset, bytes } = frame;
    const waiting = this.#waiting.get(id);
    if (waiting?.node !== from) return;
    const reject = (error: AetherError) => this.#end(id)?.reject(error);
    // A piece went down with a former link.
    if (offset !== waiting.bytes) {
      return reject(new AetherError("UNREACHABLE", `A part of node ${from}'s answer was lost`));
    }
    waiting.pieces.push(bytes);
    waiting.bytes += bytes.length;
    if (waiting.bytes > this.#options.answerBytesMax) {
      return reject(new AetherError("BODY_TOO_LARGE", `The answer of node ${from} is too large`));
    }
    if (!isLast) return;
    const whole = join(waiting.pieces, waiting.bytes);
    if (ok) this.#end(id)?.resolve(whole);
    else reject(readProblem(from, whole));
  }

  #end(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.timer.cancel();
    return waiting;
  }

  async #answer(from: string, frame: Extract<AskFrame, { kind: "ask" }>): Promise<void> {
    const { id, topic, body } = frame;
    this.#answering++;
    try {
      if (this.#answering > answeringMax) {
        throw new AetherError("OVERLOADED", `${answeringMax} questions are being answered`);
      }
      const handler = this.#handlers.get(topic);
      if (handler === undefined) {
        throw new AetherError("NOT_BUILT", `This node does not know the topic "${topic}"`);
      }
      await this.#sendPieces(from, id, true, await handler(body, from));
    } catch (error) {
      const problem = JSON.stringify(toAetherError(error).toProblem());
      await this.#sendPieces(from, id, false, new TextEncoder().encode(problem));
    } finally {
      this.#answering--;
    }
  }

  async #sendPieces(to: string, id: number, ok: boolean, bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length || offset === 0; offset += pieceBytes) {
      while (this.#options.queuedBytes(to) > queueBytesMax) {
        await pause(this.#options.clock, drainPollMs);
      }
      const piece = bytes.subarray(offset, offset + pieceBytes);
      const isLast = offset + pieceBytes >= bytes.length;
      if (!this.#options.send(to, { kind: "answer", id, ok, isLast, offset, bytes: piece })) return;
    }
  }
}

/** The error that a node answered with. */
function readProblem(from: string, bytes: Uint8Array): AetherError {
  try {
    return AetherError.fromProblem(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    return new AetherError("INTERNAL", `Node ${from} answered with no problem`, { cause });
  }
}

function join(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
