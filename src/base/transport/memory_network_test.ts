import assert from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { MemoryNetwork } from "./memory_network.ts";
import type { Link } from "./transport.ts";

const A = { hostname: "a", port: 1 };
const B = { hostname: "b", port: 1 };

/** Two joined nodes, and what each has heard. */
async function joined(seed = 0) {
  const clock = new ManualClock();
  const network = new MemoryNetwork(clock, seed);
  const heard = { a: [] as string[], b: [] as string[] };
  const follow = (who: "a" | "b", link: Link) =>
    link.start({
      onFrame: (frame) => heard[who].push(`${frame[0]}@${clock.monotonicMs()}`),
      onClose: (reason) => heard[who].push(reason),
    });
  const accepted: Link[] = [];
  await network.transport(B).listen((link) => {
    accepted.push(link);
    follow("b", link);
  });
  const dialled = network.transport(A).dial(B, { timeoutMs: 100 });
  clock.advance(2);
  const near = await dialled;
  follow("a", near);
  return { clock, network, heard, near, far: accepted[0] as Link };
}

Deno.test("MemoryNetwork.cut() holds one direction back, heal() delivers it in order", async () => {
  const { clock, network, heard, near, far } = await joined();
  network.cut("a", "b");
  near.send(Uint8Array.of(1));
  near.send(Uint8Array.of(2));
  far.send(Uint8Array.of(9));
  clock.advance(10);
  assert.deepEqual(heard, { a: ["9@3"], b: [] });
  assert.equal(near.queuedBytes, 2);
  network.heal("a", "b");
  assert.deepEqual(heard.b, ["1@12", "2@12"]);
  assert.equal(near.queuedBytes, 0);
});

Deno.test("MemoryNetwork.cut() holds back that a link was closed, too", async () => {
  const { clock, network, heard, near } = await joined();
  network.cut("a", "b");
  near.close();
  clock.advance(10);
  assert.deepEqual(heard, { a: ["Closed by this side"], b: [] });
  network.heal("a", "b");
  clock.advance(1);
  assert.deepEqual(heard.b, ["Closed by the peer"]);
});

Deno.test("MemoryNetwork.cut() lets dials run into their timeout", async () => {
  const { clock, network } = await joined();
  network.cut("b", "a");
  const dialled = network.transport(A).dial(B, { timeoutMs: 50 });
  const refused = assert.rejects(dialled, /Node at b:1 did not answer within 50 ms/);
  clock.advance(50);
  await refused;
});

Deno.test("MemoryNetwork.sever() breaks both ends at once", async () => {
  const { clock, network, heard, near, far } = await joined();
  near.send(Uint8Array.of(1));
  network.sever("b", "a");
  clock.advance(5);
  assert.deepEqual(heard, { a: ["Connection reset"], b: ["Connection reset"] });
  assert.ok(!near.send(Uint8Array.of(1)) && !far.send(Uint8Array.of(1)));
});

Deno.test("MemoryNetwork.setDelay() varies with the seed and never reorders a link", async () => {
  const runs = await Promise.all([1, 1, 2].map(async (seed) => {
    const { clock, network, heard, near } = await joined(seed);
    network.setDelay("a", "b", { minMs: 0, maxMs: 50 });
    for (let i = 0; i < 20; i++) near.send(Uint8Array.of(i));
    clock.advance(50);
    const order = heard.b.map((text) => Number(text.split("@")[0]));
    assert.deepEqual(order, Array.from({ length: 20 }, (_, i) => i));
    return heard.b;
  }));
  assert.deepEqual(runs[0], runs[1]);
  assert.notDeepEqual(runs[0], runs[2]);
});
