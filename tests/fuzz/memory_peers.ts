/**
 * Fuzzes the peer port of a running node in this process: three nodes form a cluster over a network
 * in memory, one of them is killed, and an attacker calls the first: as nobody, as a stranger, and
 * in the name of the dead one.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../../src/base/random.ts";
import type { Link } from "../../src/base/transport/transport.ts";
import { TestCluster } from "../../src/node/cluster/cluster_fixture_test.ts";
import { endsLink, Frames } from "./frames.ts";
import { pick } from "./mutations.ts";

const framesPerCallMax = 400;
const strangers = 64;
/** What all those frames may leave behind. */
const grownMbMax = 150;

/** What came of it. */
export interface PeersReport {
  readonly frames: number;
  readonly calls: number;
  readonly rssMb: readonly [before: number, after: number];
}

/** Sends so many frames, and throws when the cluster is not well afterwards. */
export async function fuzzMemoryPeers(seed: string, framesMax: number): Promise<PeersReport> {
  const random = new SeededRandom(seed).split("memory");
  const cluster = new TestCluster({ nodes: ["n1", "n2", "n3"], seed });
  try {
    await cluster.form();
    await cluster.kill("n3");
    const [first, second] = [cluster.node("n1"), cluster.node("n2")];
    await cluster.until("n3 is down", () => !first.member.isAlive("n3"));
    const attack = new Attack(cluster, random);
    const sent = { frames: 0, calls: 0 };
    const beforeMb = rssMb();
    while (sent.frames < framesMax) {
      sent.frames += await attack.call();
      sent.calls++;
      assert.equal(first.failure, undefined);
      if (sent.calls % 1_000 !== 0) continue;
      await cluster.settled(second.put("during", String(sent.calls)));
    }
    await cluster.settled(first.put("after", "1"));
    assert.equal(await cluster.settled(second.get("after")), "1");
    assert.equal(first.failure ?? second.failure, undefined);
    assert.deepEqual(first.member.connected, ["n2"], "What called is gone");
    assert.equal(first.member.store.slotsBehind, 0, "Nobody was believed");
    const afterMb = rssMb();
    assert.ok(afterMb - beforeMb < grownMbMax, `From ${beforeMb} to ${afterMb} MB`);
    return { ...sent, rssMb: [beforeMb, afterMb] };
  } finally {
    await cluster.close();
  }
}

/** Calls of an attacker. */
class Attack {
  readonly #cluster: TestCluster;
  readonly #random: SeededRandom;
  readonly #frames: Frames;

  constructor(cluster: TestCluster, random: SeededRandom) {
    this.#cluster = cluster;
    this.#random = random;
    this.#frames = new Frames(random);
  }

  /** One call; answers how many frames were sent. */
  async call(): Promise<number> {
    const random = this.#random;
    const { network } = this.#cluster;
    const transport = network.transport({ hostname: "attacker", port: 1 });
    const dialled = transport.dial({ hostname: "n1", port: 1 }, { timeoutMs: 100 });
    const link = await this.#cluster.settled(dialled);
    let isClosed = false;
    link.start({
      onFrame: () => {},
      onClose: () => {
        isClosed = true;
      },
    });
    const next = this.#greet(link);
    let sent = 0;
    const count = 1 + random.nextBelow(framesPerCallMax);
    while (sent < count && !isClosed) {
      let isLast = false;
      for (let burst = 1 + random.nextBelow(20); burst > 0 && !isLast; burst--) {
        const frame = next();
        if (link.send(frame)) sent++;
        // What follows would not be read.
        isLast = endsLink(frame);
      }
      await this.#cluster.pass(isLast ? 3 : 1);
    }
    await transport.close();
    await this.#cluster.pass(2);
    return sent;
  }

  /** Says who calls, or not; answers what to send then. */
  #greet(link: Link): () => Uint8Array {
    const frames = this.#frames;
    switch (this.#random.nextBelow(4)) {
      case 0:
        return () => frames.any();
      case 1: {
        const node = `s${this.#random.nextBelow(strangers)}`;
        link.send(frames.hello({ node, cluster: pick(this.#random, ["", "another"]) }));
        return () => frames.any();
      }
      default: {
        const { id } = this.#cluster.node("n1").member;
        link.send(frames.hello({ node: "n3", cluster: id }));
        return () => frames.ofMember();
      }
    }
  }
}

/** Memory of this process, collected as far as that is possible. */
function rssMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Math.round(Deno.memoryUsage().rss / 1e6);
}
