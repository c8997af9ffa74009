import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { frame, frameWidth } from "../protocol/thread/instance.ts";
import type { Call } from "./call.ts";
import { FakeInstance } from "./instance_fixture_test.ts";
import { InstanceLink, type InvokeRequest } from "./instance_link.ts";

const call: Call = {
  method: "get",
  requestId: "r1",
  remainingMs: 60_000,
  pathParameters: "a",
  query: "x=1",
  body: null,
  meta: "",
};

class World {
  readonly instance = new FakeInstance("i1");
  readonly invoked: InvokeRequest[] = [];
  readonly floods: string[] = [];
  readonly link = new InstanceLink(
    "i1",
    this.instance.far,
    (_link, request) => this.invoked.push(request),
    (cause) => this.floods.push(cause),
  );

  async [Symbol.asyncDispose](): Promise<void> {
    this.link.lose();
    await this.instance[Symbol.asyncDispose]();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A frame of these elements. */
function frameOf(...parts: unknown[]): unknown[] {
  return [...parts, ...Array(frameWidth - parts.length).fill(null)];
}

Deno.test("InstanceLink.call() sends the call and resolves with its answer", async () => {
  await using world = new World();
  const { instance, link } = world;
  instance.onCall = ({ path }) => path === "a" ? [201, '"done"'] : [404, '{"code":"X"}'];
  const output = link.call({ ...call, body: "{}", meta: '{"a":1}' });
  const problem = link.call({ ...call, pathParameters: null });
  assert.equal(link.inFlight, 2);
  assert.deepEqual(await output.answer, { kind: "output", status: 201, body: '"done"' });
  assert.deepEqual(await problem.answer, { kind: "problem", status: 404, body: '{"code":"X"}' });
  assert.equal(link.inFlight, 0);
  assert.deepEqual(instance.calls[0], {
    id: output.id,
    method: "get",
    requestId: "r1",
    remainingMs: 60_000,
    path: "a",
    query: "x=1",
    body: "{}",
    meta: '{"a":1}',
  });
});

Deno.test("InstanceLink.abort() ends a call at once and tells the instance", async () => {
  await using world = new World();
  const { id, answer } = world.link.call(call);
  world.link.abort(id);
  world.link.abort(id);
  world.link.abort(99);
  assert.deepEqual(await answer, { kind: "aborted" });
  await world.instance.until(() => world.instance.aborted.length > 0);
  assert.deepEqual(world.instance.aborted, [id]);
  assert.equal(world.link.inFlight, 0);
});

Deno.test("InstanceLink.expire() ends the calls whose deadline has passed", async () => {
  await using world = new World();
  const { link } = world;
  const now = performance.now();
  const short = link.call({ ...call, remainingMs: 1_000 });
  const long = link.call({ ...call, remainingMs: 60_000 });
  link.expire(now + 999);
  assert.equal(link.inFlight, 2);
  link.expire(now + 30_000);
  assert.deepEqual(await short.answer, { kind: "timeout" });
  assert.equal(link.inFlight, 1);
  link.expire(now + 120_000);
  assert.deepEqual(await long.answer, { kind: "timeout" });
});

Deno.test("InstanceLink.expire() ends calls whose caller has gone before or goes after it", async () => {
  await using world = new World();
  const { link } = world;
  const [gone, going, quick] = [1, 2, 3].map(() => new AbortController());
  const asked: string[] = [];
  const caller = (name: string, controller: AbortController | undefined) => ({
    get signal() {
      asked.push(name);
      return controller?.signal ?? AbortSignal.abort();
    },
  });
  world.instance.onCall = ({ path }) => path === "quick" ? [200, "1"] : undefined;
  const first = link.call({ ...call, caller: caller("gone", gone) });
  const second = link.call({ ...call, caller: caller("going", going) });
  const third = link.call({ ...call, pathParameters: "quick", caller: caller("quick", quick) });
  assert.equal((await third.answer).kind, "output");
  gone?.abort();
  for (const _sweep of [1, 2]) link.expire(performance.now());
  assert.deepEqual(await first.answer, { kind: "aborted" });
  going?.abort();
  assert.deepEqual(await second.answer, { kind: "aborted" });
  assert.deepEqual(asked, ["gone", "going"]);
});

Deno.test("InstanceLink.lose() ends every call as lost", async () => {
  await using world = new World();
  const answers = [world.link.call(call).answer, world.link.call(call).answer];
  world.link.lose();
  assert.deepEqual(await Promise.all(answers), [{ kind: "lost" }, { kind: "lost" }]);
  assert.equal(world.link.inFlight, 0);
});

Deno.test("InstanceLink drops and counts answers that are none", async () => {
  await using world = new World();
  const { instance, link } = world;
  const { id, answer } = link.call(call);
  await instance.until(() => instance.calls.length > 0);
  const replies = [
    frameOf(frame.reply, id + 1, 1, 200, "nobody's"),
    frameOf(frame.reply, "1", 1, 200, "x"),
    frameOf(frame.reply, null, 1, 200, "x"),
    ...[99, 199, 600, 200.5, Number.NaN, "200", null].map((status) =>
      frameOf(frame.reply, id, 1, status, "x")
    ),
    ...[null, 5, Uint8Array.of(1)].map((body) => frameOf(frame.reply, id, 1, 200, body)),
  ];
  const others = [
    frameOf(frame.call, 1),
    frameOf(frame.abort, id),
    frameOf(99, 1),
    frameOf("reply"),
    frameOf(null),
  ];
  for (const message of [...replies, ...others]) instance.post(message);
  const messages = [undefined, null, 5, "text", {}, [1, 2]];
  for (const message of messages) instance.post(message);
  instance.reply(id, 200, "real");
  assert.deepEqual(await answer, { kind: "output", status: 200, body: "real" });
  assert.equal(link.malformed, replies.length + others.length + messages.length);
  instance.reply(id, 200, "again");
  instance.onCall = () => [200, "next"];
  assert.deepEqual(await link.call(call).answer, { kind: "output", status: 200, body: "next" });
  assert.equal(link.malformed, replies.length + others.length + messages.length + 1);
});

Deno.test("InstanceLink takes well-formed invocations only, and answers them", async () => {
  await using world = new World();
  const { instance, link } = world;
  const good = ["org.example:b", "run", "r1", 1_000, "null", ""];
  for (const [index, wrong] of [5, 5, 5, "1000", 5, 5].entries()) {
    instance.post(frameOf(frame.invoke, 1, ...good.with(index, wrong)));
  }
  for (const timeoutMs of [-1, Number.NaN]) {
    instance.post(frameOf(frame.invoke, 1, ...good.with(3, timeoutMs)));
  }
  instance.post(frameOf(frame.invoke, "1", ...good));
  instance.post(frameOf(frame.invoke));
  instance.post(frameOf(frame.invoke, 7, ...good));
  instance.onCall = () => [200, "done"];
  await link.call(call).answer;
  assert.equal(link.malformed, 10);
  assert.deepEqual(world.invoked, [{
    id: 7,
    contract: "org.example:b",
    method: "run",
    requestId: "r1",
    timeoutMs: 1_000,
    input: "null",
    meta: "",
  }]);
  link.reply(7, true, 200, '"yes"');
  link.reply(8, false, 404, "{}");
  await instance.until(() => instance.answers.size === 2);
  assert.deepEqual([...instance.answers], [[7, '1 200 "yes"'], [8, "0 404 {}"]]);
});

Deno.test("InstanceLink cuts an instance off that floods its port", async () => {
  const invoke = frameOf(frame.invoke, 1, "org.example:two", "get", "", 1_000, "null", "");
  const floods: readonly [unknown, RegExp][] = [
    ["nonsense", /no shell sends/],
    [frameOf(99, 1), /no shell sends/],
    [Array(100).fill(invoke).flat(), /more than 10500 calls/],
  ];
  for (const [message, cause] of floods) {
    await using world = new World();
    const { answer } = world.link.call(call);
    for (let count = 0; count < 1_100; count++) world.instance.post(message);
    assert.deepEqual(await answer, { kind: "lost" });
    assert.equal(world.floods.length, 1);
    assert.match(world.floods[0] ?? "", cause);
    assert.ok(world.invoked.length <= 10_500);
  }
});
