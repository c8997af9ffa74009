import assert from "node:assert/strict";
import { moduleOf, sliceOf } from "../sandbox/module_fixture_test.ts";
import type { ProcessSpec } from "../protocol/thread/relay.ts";
import type { InstanceUsage } from "../protocol/thread/threads.ts";
import { RelayThread } from "./relay_thread.ts";

const spec: ProcessSpec = {
  instance: "n1/org.example:one:1.0.0/1",
  artifact: "org.example:one:1.0.0",
  module: moduleOf(sliceOf("(input) => input")),
  permissions: {},
  heapMb: 64,
  startTimeoutMs: 30_000,
  stopTimeoutMs: 30_000,
  hungTimeoutMs: 30_000,
  deniedHosts: [],
  auditMax: undefined,
};

/** Starts an instance on the relay and waits for what it says. */
function start(relay: RelayThread, changes: Partial<ProcessSpec> = {}) {
  const ready = Promise.withResolvers<void>();
  const used = Promise.withResolvers<InstanceUsage>();
  const ended = Promise.withResolvers<string>();
  const channels = [new MessageChannel(), new MessageChannel()] as const;
  const [gateway, resources] = channels.map(({ port2 }) => port2);
  assert.ok(gateway !== undefined && resources !== undefined);
  const instance = relay.start({ ...spec, ...changes }, { gateway, resources }, {
    onReady: () => ready.resolve(),
    onUsage: (usage) => used.resolve(usage),
    onEnd: (reason, problem) => {
      for (const { port1 } of channels) port1.close();
      ended.resolve(`${reason} ${problem?.detail ?? ""}`);
    },
  });
  return { instance, ready: ready.promise, used: used.promise, ended: ended.promise };
}

Deno.test("RelayThread runs instances in processes of their own", async () => {
  const relay = new RelayThread({ level: "off", format: "text" }, (reason) => assert.fail(reason));
  const one = start(relay);
  const two = start(relay, { instance: "n1/org.example:one:1.0.0/2" });
  await Promise.all([one.ready, two.ready]);
  assert.equal((await one.used).tier, "process");
  one.instance.stop();
  assert.equal(await one.ended, "stopped ");
  two.instance.stop();
  assert.equal(await two.ended, "stopped ");
  relay.terminate();
});

Deno.test("RelayThread finds an instance that is stopped as it starts", async () => {
  const relay = new RelayThread({ level: "off", format: "text" }, (reason) => assert.fail(reason));
  const { instance, ended } = start(relay);
  instance.stop();
  assert.equal(await ended, "stopped ");
  relay.terminate();
});

Deno.test("RelayThread ends an instance that is expelled, with the reason", async () => {
  const relay = new RelayThread({ level: "off", format: "text" }, (reason) => assert.fail(reason));
  const { instance, ready, ended } = start(relay);
  await ready;
  instance.expel("It floods its port");
  assert.match(await ended, /^protocol .*It floods its port/);
  relay.terminate();
});

Deno.test("RelayThread reports what cannot be started", async () => {
  const relay = new RelayThread({ level: "off", format: "text" }, (reason) => assert.fail(reason));
  const malformed = start(relay, { permissions: { net: ["a b c"] } });
  assert.match(await malformed.ended, /^(exit|error) /);
  const broken = start(relay, { module: new TextEncoder().encode("export default 1") });
  assert.match(await broken.ended, /^error The slice's module has no slice/);
  relay.terminate();
});
