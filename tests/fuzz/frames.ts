/**
 * Frames for the fuzzer: samples of every kind, broken or not, and what a caller says it is.
 *
 * @module
 */
import fc from "fast-check";
import { ByteWriter, DecodeError } from "../../src/base/codec.ts";
import type { SeededRandom } from "../../src/base/random.ts";
import { decodeFrame, encodeFrame, type PeerFrame } from "../../src/protocol/peer/frame.ts";
import type { Hello } from "../../src/protocol/peer/hello.ts";
import { anyFrame } from "../../src/protocol/peer/samples_test.ts";
import { mutateBytes, pick } from "./mutations.ts";

const samplesCount = 1_000;
/** Messages that make no statement about the log. */
const questions: ReadonlySet<string> = new Set([
  "batch",
  "get",
  "fetch",
  "rejoinAsk",
  "barrierAsk",
]);

/** Makes frames under a seed. */
export class Frames {
  readonly #random: SeededRandom;
  readonly #writer = new ByteWriter();
  readonly #samples: readonly Uint8Array[];

  constructor(random: SeededRandom) {
    this.#random = random;
    const sampled = fc.sample(anyFrame, { numRuns: samplesCount, seed: random.nextUint32() | 0 });
    this.#samples = sampled.map((frame) => this.encode(frame));
  }

  /** The bytes of a frame. */
  encode(frame: PeerFrame): Uint8Array {
    return encodeFrame(frame, this.#writer).slice();
  }

  /** A frame, more often broken than not. */
  any(): Uint8Array {
    const sample = pick(this.#random, this.#samples);
    if (this.#random.nextBelow(4) === 0) return sample;
    return mutateBytes(this.#random, sample, pick(this.#random, this.#samples));
  }

  /**
   * A frame that may come from a member whatever has happened to it. Crashes are tolerated, lies
   * are not: it says nothing about other nodes, nor about the log.
   */
  ofMember(): Uint8Array {
    for (;;) {
      const bytes = this.any();
      const frame = readFrame(bytes);
      if (frame === undefined) return bytes;
      if (frame.kind === "ask" || frame.kind === "answer") return bytes;
      if (frame.kind !== "consensus" || !questions.has(frame.message.type)) continue;
      return this.encode({ ...frame, header: { ...frame.header, decidedUpTo: -1 } });
    }
  }

  /** A greeting of somebody. */
  hello(about: Pick<Hello, "node" | "cluster">): Uint8Array {
    const hello: Hello = {
      address: "attacker:1",
      stage: about.cluster === "" ? "blank" : "member",
      bootNonce: String(this.#random.nextUint32()),
      founders: [],
      founderNonces: [],
      ...about,
    };
    return this.encode({ kind: "hello", hello });
  }
}

/** Whether the receiver of these bytes reads nothing that comes after them. */
export function endsLink(bytes: Uint8Array): boolean {
  const kind = readFrame(bytes)?.kind;
  return kind === undefined || kind === "refusal" || kind === "hello";
}

function readFrame(bytes: Uint8Array): PeerFrame | undefined {
  try {
    return decodeFrame(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
