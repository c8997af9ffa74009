import assert from "node:assert/strict";
import { ByteWriter } from "../../base/codec.ts";
import { SeededRandom } from "../../base/random.ts";
import type { Link } from "../../base/transport/transport.ts";
import { encodeFrame } from "../../protocol/peer/frame.ts";
import type { Hello } from "../../protocol/peer/hello.ts";
import { heartbeat, netTest, PausableClock } from "./links_fixture_test.ts";

netTest("PeerLinks links two nodes once, called by the greater id", async (net) => {
  const a = await net.start("a", "b");
  const b = await net.start("b", "a");
  await net.pass(2_000);
  assert.deepEqual([a.links.connected, b.links.connected], [["b"], ["a"]]);
  assert.deepEqual([a.dials, b.dials], [0, 1]);
  assert.deepEqual([a.hellos, b.hellos], [["b"], ["a"]]);
  assert.equal(a.links.helloOf("b")?.bootNonce, b.hello.bootNonce);
  assert.ok(a.frames.every((frame) => frame === "b heartbeat") && a.frames.length > 10);
});

netTest("PeerLinks of the smaller id calls when it is not called", async (net) => {
  const a = await net.start("a", "b");
  const b = await net.start("b");
  await net.pass(500);
  assert.deepEqual(a.links.connected, []);
  await net.pass(500);
  assert.deepEqual(a.links.connected, ["b"]);
  assert.deepEqual(b.links.connected, ["a"]);
});

netTest("PeerLinks keeps one link, the same on both ends, when both call", async (net) => {
  for (const delayMs of [1, 5, 50, 200]) {
    const [a, b] = [await net.start("a"), await net.start("b")];
    for (const [from, to] of [["a", "b"], ["b", "a"]] as const) {
      net.network.setDelay(from, to, { minMs: delayMs, maxMs: delayMs });
    }
    // As after a link of both has ended: both call at the same moment.
    a.follow("b");
    await net.pass(600 - delayMs);
    b.follow("a");
    await net.pass(6 * delayMs);
    assert.deepEqual([a.links.connected, b.links.connected], [["b"], ["a"]]);
    await net.pass(2_000);
    assert.deepEqual([a.dials, b.dials], [1, 1], `With ${delayMs} ms`);
    assert.deepEqual([a.links.connected, b.links.connected], [["b"], ["a"]]);
    const before = a.frames.length;
    await net.pass(1_000);
    assert.ok(a.frames.length - before <= 7, "Frames come twice");
    assert.ok(a.frames.length - before >= 5, "Frames do not come");
    await net.kill(a);
    await net.kill(b);
  }
});

netTest("PeerLinks calls again at once, and tells of a refusal", async (net) => {
  const a = await net.start("a", "b");
  const b = await net.start("b", "a");
  await net.pass(2_000);
  await net.kill(b);
  await net.pass(10);
  assert.deepEqual(a.lost, ["b"]);
  assert.deepEqual(a.refused, ["b"]);
  assert.deepEqual(a.links.connected, []);
  assert.equal(a.links.send("b", heartbeat), false);
  const again = await net.start("b", "a");
  await net.pass(50);
  assert.deepEqual(a.links.connected, ["b"]);
  assert.equal(a.links.helloOf("b")?.bootNonce, again.hello.bootNonce);
});

netTest("PeerLinks calls a dead node less and less often, up to every half second", async (net) => {
  const a = await net.start("b", "a");
  await net.pass(1_000);
  assert.ok(a.dials >= 3 && a.dials <= 10, `${a.dials} calls in the first second`);
  const before = a.dials;
  await net.pass(10_000);
  assert.ok(a.dials - before >= 13 && a.dials - before <= 42, `${a.dials - before} in ten more`);
  assert.equal(a.refused.length, a.dials);
});

netTest("PeerLinks closes a link on which nothing comes for a second", async (net) => {
  const a = await net.start("a", "b");
  const b = await net.start("b", "a");
  await net.pass(2_000);
  net.network.cut("b", "a");
  await net.pass(900);
  assert.deepEqual(a.links.connected, ["b"]);
  await net.pass(500);
  assert.deepEqual([a.links.connected, a.lost], [[], ["b"]]);
  assert.deepEqual(a.refused, [], "Silence is no refusal");
  net.network.heal("b", "a");
  await net.pass(1_600);
  assert.deepEqual([a.links.connected, b.links.connected], [["b"], ["a"]]);
});

netTest("PeerLinks does not take its own pause for the silence of others", async (net) => {
  const clock = new PausableClock(net.clock);
  const a = await net.start("a", "b", { clock });
  await net.start("b", "a");
  await net.pass(2_000);
  // Nothing is read and no timer runs, but what the others send is there afterwards.
  net.network.cut("b", "a");
  clock.pause();
  await net.pass(5_000);
  clock.resume();
  net.network.heal("b", "a");
  await net.pass(500);
  assert.deepEqual(a.lost, []);
  net.network.cut("b", "a");
  await net.pass(1_300);
  assert.deepEqual(a.lost, ["b"]);
});

netTest("PeerLinks refuses another cluster, says why, and calls it seldom", async (net) => {
  const a = await net.start("a", "b");
  const b = await net.start("b", "a");
  b.hello = { ...b.hello, cluster: "y" };
  await net.pass(10_000);
  assert.deepEqual([a.links.connected, b.links.connected], [[], []]);
  assert.deepEqual([a.hellos, b.hellos, a.frames, b.frames], [[], [], [], []]);
  const reason = "Node b belongs to cluster y, a to x";
  assert.equal(a.messages.filter((line) => line.includes(reason)).length, 1);
  assert.equal(b.messages.filter((line) => line.includes(reason)).length, 1, `${b.messages}`);
  assert.ok(a.dials + b.dials <= 80, `${a.dials + b.dials} calls`);
});

netTest("PeerLinks ends links when a node turns out to be of another cluster", async (net) => {
  const a = await net.start("a", "b");
  const b = await net.start("b", "a");
  a.hello = { ...a.hello, cluster: "", stage: "blank" };
  b.hello = { ...b.hello, cluster: "", stage: "blank" };
  await net.pass(500);
  assert.deepEqual(a.links.connected, ["b"]);
  a.hello = { ...a.hello, cluster: "x", stage: "member" };
  a.links.greetAgain();
  await net.pass(10);
  assert.deepEqual(b.hellos, ["a", "a"]);
  b.hello = { ...b.hello, cluster: "y", stage: "member" };
  b.links.greetAgain();
  await net.pass(200);
  assert.deepEqual([a.links.connected, b.links.connected], [[], []]);
});

netTest("PeerLinks greets again when it found its cluster during the greeting", async (net) => {
  const a = await net.start("a");
  const b = await net.start("b");
  b.hello = { ...b.hello, cluster: "", stage: "blank" };
  b.follow("a");
  await net.pass(3);
  assert.deepEqual([b.dials, b.links.connected], [1, []], "Its greeting is under way");
  b.hello = { ...b.hello, cluster: "x", stage: "member" };
  b.links.greetAgain();
  await net.pass(10);
  assert.equal(a.links.helloOf("b")?.cluster, "x");
});

netTest("PeerLinks refuses its own id, and another node at the address of one", async (net) => {
  const a = await net.start("a");
  const same = await net.start("a", "", { host: "b" });
  same.links.follow([{ id: "z", address: "a:1" }]);
  const c = await net.start("c");
  c.links.follow([{ id: "b", address: "a:1" }]);
  await net.pass(1_500);
  assert.deepEqual([a.links.connected, c.links.connected], [[], []]);
  assert.ok(a.messages.some((line) => line.includes("Another node uses the id a too")));
  assert.ok(c.messages.some((line) => line.includes("Node a answers at the address of b")));
});

netTest("PeerLinks refuses a second process while the first is linked", async (net) => {
  const a = await net.start("a", "b");
  const b = await net.start("b", "a");
  await net.pass(1_500);
  const second = await net.start("b", "a", { host: "b2" });
  await net.pass(5_000);
  assert.equal(a.links.helloOf("b")?.bootNonce, b.hello.bootNonce);
  assert.deepEqual(a.lost, []);
  assert.deepEqual(second.links.connected, []);
  const isTold = (line: string) => line.includes("Another process uses the id b");
  assert.equal(second.messages.filter(isTold).length, 1);
  // When the first one has gone, the second may come.
  await net.kill(b);
  await net.pass(1_500);
  assert.equal(a.links.helloOf("b")?.bootNonce, second.hello.bootNonce);
});

netTest("PeerLinks closes only the link on which garbage comes, and counts", async (net) => {
  const a = await net.start("a", "b");
  const b = await net.start("b", "a");
  await net.pass(1_500);
  const random = new SeededRandom("garbage");
  for (let round = 0; round < 200; round++) {
    const link = await net.connect("evil", "a");
    link.start({ onFrame() {}, onClose() {} });
    link.send(random.bytes(1 + random.nextBelow(100)));
    await net.pass(3);
    assert.equal(link.send(Uint8Array.of(1)), false, "The link is open");
  }
  assert.equal(a.links.problems.malformed, 200);
  assert.deepEqual([a.links.connected, a.lost], [["b"], []]);
  assert.ok(b.frames.length > 0);
  const isSaid = (line: string) => line.startsWith("What came from a peer could not be read");
  assert.equal(a.messages.filter(isSaid).length, 1, "A flood fills the log");
});

netTest("PeerLinks drops a greeted link on garbage, and takes it up again", async (net) => {
  const a = await net.start("a");
  const writer = new ByteWriter();
  const hello: Hello = { ...a.hello, node: "e", bootNonce: "e", address: "evil:1" };
  const link = await net.connect("evil", "a");
  let reason = "";
  link.start({
    onFrame() {},
    onClose: (text) => {
      reason = text;
    },
  });
  link.send(encodeFrame({ kind: "hello", hello }, writer));
  await net.pass(5);
  assert.deepEqual(a.links.connected, ["e"]);
  link.send(Uint8Array.of(99, 1, 2));
  await net.pass(5);
  assert.equal(reason, "Closed by the peer");
  assert.deepEqual([a.links.connected, a.links.problems.malformed], [[], 1]);
});

netTest("PeerLinks believes the certificate of a node, not what it says", async (net) => {
  const a = await net.start("a", "b", { certified: "b" });
  const impostor = await net.start("c", "a");
  await net.pass(3_000);
  assert.deepEqual([a.links.connected, impostor.links.connected], [[], []]);
  assert.ok(a.links.problems.impostors > 1);
  const reason = "It says that it is c, with the certificate of b";
  assert.deepEqual(
    a.messages.filter((line) => line.includes("certificate")),
    [`A link was refused {"peer":"b","reason":"${reason}"}`],
  );
  await net.start("b", "a");
  await net.pass(1_000);
  assert.deepEqual(a.links.connected, ["b"]);
});

netTest("PeerLinks calls a node seldom that greets and then sends garbage", async (net) => {
  const a = await net.start("b", "a");
  const writer = new ByteWriter();
  const hello: Hello = { ...a.hello, node: "a", bootNonce: "a", address: "a:1" };
  const server = net.network.transport({ hostname: "a", port: 1 });
  await server.listen((link) => {
    link.start({ onFrame() {}, onClose() {} });
    link.send(encodeFrame({ kind: "hello", hello }, writer));
    link.send(Uint8Array.of(99));
  });
  await net.pass(10_000);
  assert.equal(a.links.problems.malformed, a.dials);
  assert.ok(a.dials >= 10 && a.dials <= 50, `${a.dials} calls in 10 s`);
  await server.close();
});

netTest(
  "PeerLinks closes a link that does not begin with a greeting, or with none",
  async (net) => {
    const a = await net.start("a");
    const link = await net.connect("evil", "a");
    let isClosed = false;
    link.start({
      onFrame() {},
      onClose: () => {
        isClosed = true;
      },
    });
    link.send(encodeFrame(heartbeat, new ByteWriter()));
    await net.pass(5);
    assert.equal(isClosed, true);
    const silent = await net.connect("evil", "a");
    isClosed = false;
    silent.start({
      onFrame() {},
      onClose: () => {
        isClosed = true;
      },
    });
    await net.pass(900);
    assert.equal(isClosed, false);
    await net.pass(200);
    assert.equal(isClosed, true);
    assert.deepEqual(a.links.connected, []);
  },
);

netTest("PeerLinks remembers no strangers, and takes only so many at a time", async (net) => {
  const a = await net.start("a");
  const writer = new ByteWriter();
  const links: Link[] = [];
  for (let i = 0; i < 40; i++) {
    const link = await net.connect(`stranger${i}`, "a");
    link.start({ onFrame() {}, onClose() {} });
    const hello = { ...a.hello, node: `s${i}`, bootNonce: "s", address: `stranger${i}:1` };
    link.send(encodeFrame({ kind: "hello", hello }, writer));
    links.push(link);
    await net.pass(2);
  }
  assert.equal(a.links.connected.length, 32);
  for (const link of links) link.close();
  await net.pass(2_000);
  assert.deepEqual([a.links.connected, a.dials], [[], 0]);
  const next = await net.start("b", "a");
  await net.pass(100);
  assert.deepEqual(next.links.connected, ["a"]);
});

netTest("PeerLinks.follow() lets go who is not named, and follows a new address", async (net) => {
  const a = await net.start("a", "b c");
  const b = await net.start("b", "a");
  await net.start("c", "a");
  await net.pass(1_000);
  assert.deepEqual(a.links.connected.sort(), ["b", "c"]);
  a.follow("b");
  await net.pass(10);
  assert.deepEqual(a.lost, ["c"]);
  await net.kill(b);
  const moved = await net.start("b", "", { host: "b-new" });
  a.links.follow([{ id: "b", address: "b-new:1" }]);
  await net.pass(1_500);
  assert.equal(a.links.helloOf("b")?.bootNonce, moved.hello.bootNonce);
});

netTest("PeerLinks looks for a node at all of its addresses in turn", async (net) => {
  const b = await net.start("b");
  const a = await net.start("a", "", { host: "a-new" });
  const z = await net.start("z", "", { host: "a-old" });
  const places = ["a-gone:1", "a-old:1", "a-new:1"].map((address) => ({ id: "a", address }));
  b.links.follow(places);
  await net.pass(1_000);
  assert.deepEqual(b.links.connected, ["a"]);
  assert.deepEqual(b.refused, [], "One of three refused");
  await net.pass(1_000);
  const { dials } = b;
  net.network.sever("b", "a-new");
  await net.pass(10);
  assert.deepEqual([b.links.connected, b.dials - dials], [["a"], 1], "It began to look again");
  await net.kill(a);
  await net.pass(2_000);
  assert.deepEqual(b.refused, [], "Somebody answers at one of the addresses");
  await net.kill(z);
  await net.pass(2_000);
  assert.equal([...new Set(b.refused)].join(), "a");
});

netTest("PeerLinks does nothing any more once it is closed", async (net) => {
  const a = await net.start("b", "a");
  await net.pass(20);
  await a.links.close();
  const { dials } = a;
  await net.pass(2_000);
  assert.equal(a.dials, dials);
  const c = await net.start("c", "b");
  const b = await net.start("b");
  // The call is under way.
  await net.pass(1);
  assert.equal(c.dials, 1);
  await c.links.close();
  await net.pass(1_000);
  assert.deepEqual([b.hellos, c.hellos], [[], []]);
  await net.kill(b);
  assert.ok(a.refused.length <= dials);
  net.processes.length = 0;
  assert.equal(net.clock.pendingTimers, 0);
});
