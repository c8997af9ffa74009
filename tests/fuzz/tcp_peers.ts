/**
 * Fuzzes the peer port of a node's process over TCP: frames of nobody and of strangers, which the
 * node refuses, and bytes that are no frames. What members send is for `memory_peers.ts`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { ByteWriter } from "../../src/base/codec.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { writeFrame } from "../../src/base/transport/frame.ts";
import { endsLink, Frames } from "./frames.ts";
import { pick } from "./mutations.ts";

const framesPerCallMax = 200;
const callers = 32;
const strangers = 64;
/** A node that does not close such a link has not read it. */
const closeTimeoutMs = 10_000;

/** The node that is called. */
export interface PeerTarget {
  readonly hostname: string;
  readonly port: number;
}

/** Sends so many frames over several links at a time; answers frames and links. */
export async function fuzzTcpPeers(
  seed: string,
  framesMax: number,
  target: PeerTarget,
): Promise<{ readonly frames: number; readonly calls: number }> {
  const sent = { frames: 0, calls: 0 };
  await Promise.all(Array.from({ length: callers }, async (_, index) => {
    const caller = new Caller(new SeededRandom(seed).split(`tcp/${index}`), target);
    while (sent.frames < framesMax) {
      const count = await caller.call();
      sent.frames += count;
      sent.calls++;
    }
  }));
  return sent;
}

class Caller {
  readonly #random: SeededRandom;
  readonly #target: PeerTarget;
  readonly #frames: Frames;

  constructor(random: SeededRandom, target: PeerTarget) {
    this.#random = random;
    this.#target = target;
    this.#frames = new Frames(random);
  }

  /** One link, from its greeting to the frame that ends it; answers how many frames it was. */
  async call(): Promise<number> {
    const { hostname, port } = this.#target;
    using link = await Deno.connect({ hostname, port });
    const [bytes, count] = this.#random.nextBelow(20) === 0 ? this.#noise() : this.#talk();
    const ended = readToEnd(link);
    await writeAll(link, bytes);
    await ended;
    return count;
  }

  /** Bytes that are no frames. */
  #noise(): [Uint8Array, number] {
    const bytes = this.#random.bytes(64 + this.#random.nextBelow(4_000));
    // Too long, so that nobody waits for the rest.
    return [bytes.fill(0xff, 0, 4), 1];
  }

  #talk(): [Uint8Array, number] {
    const random = this.#random;
    const writer = new ByteWriter();
    const next = this.#greet(writer);
    let count = 0;
    for (let isLast = false; !isLast; count++) {
      const frame = count < framesPerCallMax ? next() : Uint8Array.of(0xff);
      writeFrame(writer, frame);
      isLast = endsLink(frame);
      // A greeting that is taken does not end the link.
      if (isLast) writeFrame(writer, Uint8Array.of(0xff, random.nextBelow(256)));
    }
    return [writer.take(), count];
  }

  #greet(writer: ByteWriter): () => Uint8Array {
    const frames = this.#frames;
    if (this.#random.nextBelow(4) === 0) return () => frames.any();
    const node = `s${this.#random.nextBelow(strangers)}`;
    const cluster = pick(this.#random, ["", "another"]);
    writeFrame(writer, frames.hello({ node, cluster }));
    return () => frames.any();
  }
}

/** Reads until the node closes the link; throws when it does not. */
async function readToEnd(link: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    link.closeWrite().catch(() => {});
  }, closeTimeoutMs);
  try {
    while (await link.read(buffer) !== null) if (isLate) break;
  } catch (error) {
    if (!isGone(error)) throw error;
  } finally {
    clearTimeout(timer);
  }
  assert.ok(!isLate, `The node kept the link for ${closeTimeoutMs} ms`);
}

async function writeAll(link: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < bytes.length;) at += await link.write(bytes.subarray(at));
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset;
}
