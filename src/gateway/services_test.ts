import assert from "node:assert/strict";
import { ByteWriter } from "../base/codec.ts";
import { type LinkHandlers, unreachable } from "../base/transport/transport.ts";
import { encodeGatewayFrame } from "../protocol/gateway/frame.ts";
import type { RoutedService } from "../protocol/thread/threads.ts";
import type { Call, CallTarget } from "./call.ts";
import type { Service, Tried } from "./calls/service.ts";
import { FakeInstance, serviceOf } from "./instance_fixture_test.ts";
import { InstanceLink } from "./instance_link.ts";
import { PeerGateway } from "./peer_gateway.ts";
import { Services } from "./services.ts";

const call: Call = {
  method: "get",
  requestId: "r1",
  remainingMs: 60_000,
  pathParameters: "a",
  query: "",
  body: null,
  meta: "",
};

/** Services with instances that never answer. */
class World {
  readonly drained: string[] = [];
  readonly connected: string[] = [];
  readonly services: Services;
  readonly #instances: FakeInstance[] = [];

  constructor(inFlightMax = 100) {
    this.services = new Services({
      node: "n1",
      inFlightMax,
      onDrained: (instance) => this.drained.push(instance),
      connect: (node, address) => {
        this.connected.push(`${node} at ${address}`);
        return new PeerGateway({
          node,
          address,
          transport: {
            listen: () => assert.fail("It listens"),
            dial: (to) => Promise.reject(unreachable(to, "nobody is there")),
            close: () => Promise.resolve(),
          },
          hello: () => ({ cluster: "c1", node: "n1" }),
          silenceMs: () => 1_000,
        });
      },
    });
  }

  apply(revision: number, ...services: readonly RoutedService[]): void {
    this.services.apply({ revision, cluster: "c1", services });
  }

  add(id: string): InstanceLink {
    const instance = new FakeInstance(id);
    this.#instances.push(instance);
    const link = new InstanceLink(id, instance.far, () => assert.fail("It calls"));
    this.services.addInstance(link);
    return link;
  }

  get service(): Service {
    return this.services.contract("org.example:one") ?? assert.fail("It is not routed");
  }

  /** Where the next call goes. */
  next(tried?: Tried, affinity?: string): CallTarget | "full" | undefined {
    const picked = this.service.pick("get", tried, affinity === undefined ? {} : { affinity });
    return typeof picked === "object" ? picked.target : picked;
  }

  /** Ids of so many picks, each with a call of its own. */
  pick(count: number): string[] {
    return Array.from({ length: count }, () => {
      const target = this.next();
      if (typeof target !== "object") return target ?? "none";
      target.call(call);
      return target.id;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { id } of this.#instances) this.services.removeInstance(id);
    for (const instance of this.#instances) await instance[Symbol.asyncDispose]();
  }
}

Deno.test("Services know routes and contracts from the first snapshot on", async () => {
  await using world = new World();
  const { services } = world;
  assert.equal(services.ready, false);
  assert.equal(services.route("GET", "/one/a"), undefined);
  world.apply(0);
  assert.equal(services.ready, true);
  world.apply(1, serviceOf());
  const found = services.route("GET", "/one/a");
  assert.ok(found !== undefined && "value" in found);
  assert.equal(found.parameters, "a");
  assert.deepEqual([found.value.method, found.value.service], ["get", world.service]);
  assert.deepEqual(services.route("PUT", "/one"), { allow: ["POST"] });
  assert.equal(services.route("POST", "/inner"), undefined);
  assert.equal(services.contract("org.example:none"), undefined);
});

Deno.test("Services.apply() ignores a snapshot older than the last one", async () => {
  await using world = new World();
  world.apply(5, serviceOf());
  world.apply(4);
  assert.ok(world.services.contract("org.example:one") !== undefined);
  world.apply(6);
  assert.equal(world.services.contract("org.example:one"), undefined);
});

Deno.test("Services use an instance that is both routed and announced, in either order", async () => {
  await using world = new World();
  world.add("i1");
  world.apply(1, serviceOf({ instances: ["i1", "i2"] }));
  assert.deepEqual(world.pick(2), ["i1", "i1"]);
  world.add("i2");
  assert.deepEqual(world.pick(1), ["i2"]);
  world.add("i3");
  world.apply(2, serviceOf({ instances: ["i3"] }));
  assert.deepEqual(world.pick(1), ["i3"]);
});

Deno.test("Service.pick() takes the instance with the fewest calls, in turn among equals", async () => {
  await using world = new World();
  world.apply(1, serviceOf({ concurrency: 100, instances: ["i1", "i2", "i3"] }));
  for (const id of ["i1", "i2", "i3"]) world.add(id);
  const picked = world.pick(30);
  for (const id of ["i1", "i2", "i3"]) {
    assert.equal(picked.filter((each) => each === id).length, 10);
  }
  const all = Array.from({ length: 3 }, () => world.next());
  const tried = new Set(all.filter((each) => typeof each === "object" && each.id !== "i3"));
  assert.equal(tried.size, 2);
  const rest = world.next(tried as Tried);
  assert.ok(typeof rest === "object" && rest.id === "i3");
  assert.equal(world.next(new Set([...tried as Tried, rest])), undefined);
});

Deno.test("Service.pick() holds to the slice's limit and the operator's", async () => {
  for (const [concurrency, inFlightMax] of [[3, 100], [100, 3]] as const) {
    await using world = new World(inFlightMax);
    world.add("i1");
    world.apply(1, serviceOf({ concurrency, instances: ["i1", "i2"] }));
    assert.deepEqual(world.pick(4), ["i1", "i1", "i1", "full"]);
    world.add("i2");
    assert.deepEqual(world.pick(4), ["i2", "i2", "i2", "full"]);
  }
});

Deno.test("Service.pick() has nothing without an instance", async () => {
  await using world = new World();
  world.apply(1, serviceOf());
  assert.deepEqual(world.pick(1), ["none"]);
  world.add("i1");
  world.services.removeInstance("i1");
  assert.deepEqual(world.pick(1), ["none"]);
});

Deno.test("Service.pick() goes to other nodes when this one has no room", async () => {
  await using world = new World();
  world.add("i1");
  const remotes = [{ node: "n2", address: "127.0.0.1:9", count: 2 }];
  world.apply(1, serviceOf({ concurrency: 1, remotes }));
  assert.deepEqual(world.connected, ["n2 at 127.0.0.1:9"]);
  const local = world.next();
  assert.ok(typeof local === "object" && local.id === "i1");
  local.call(call);
  const remote = world.next();
  assert.ok(typeof remote === "object");
  assert.deepEqual([remote.id, remote.inFlightMax], ["n2", 2]);
  assert.equal(world.services.version("org.example:one:1.0.0")?.pickLocal(), "full");
  assert.deepEqual(await remote.call(call).answer, { kind: "notHosted" });
  world.apply(2, serviceOf({ remotes }));
  assert.equal(world.connected.length, 1, "the link is kept");
});

Deno.test("Services.drain() reports an instance that has answered everything", async () => {
  await using world = new World();
  world.apply(1, serviceOf());
  const link = world.add("i1");
  const { id } = link.call(call);
  world.services.drain("i1");
  assert.deepEqual(world.drained, []);
  link.abort(id);
  world.services.expire(0);
  assert.deepEqual(world.drained, ["i1"]);
  world.services.expire(0);
  assert.deepEqual(world.drained, ["i1"], "once");
  world.services.drain("unknown");
  assert.deepEqual(world.drained, ["i1", "unknown"]);
});

Deno.test("Services.removeInstance() fails what is under way, and ends a drain", async () => {
  await using world = new World();
  world.apply(1, serviceOf());
  const { answer } = world.add("i1").call(call);
  world.services.drain("i1");
  world.services.removeInstance("i1");
  world.services.removeInstance("i1");
  assert.deepEqual(await answer, { kind: "lost" });
  assert.deepEqual(world.drained, ["i1"]);
});

Deno.test("Services.expire() ends calls past their deadline, and inFlight counts the others", async () => {
  await using world = new World();
  world.apply(1, serviceOf({ instances: ["i1", "i2"] }));
  world.add("i1");
  world.add("i2");
  assert.equal(world.pick(4).length, 4);
  assert.equal(world.services.inFlight, 4);
  world.services.expire(performance.now() + 61_000);
  assert.equal(world.services.inFlight, 0);
});

/** Services with a peer that is greeted and answers nothing. */
function withSilentPeer() {
  const clusterHello = { kind: "hello", cluster: "c1", node: "n2" } as const;
  const transport = {
    listen: () => assert.fail("Nothing listens"),
    dial: () =>
      Promise.resolve({
        remote: { hostname: "p", port: 1 },
        queuedBytes: 0,
        start: ({ onFrame }: LinkHandlers) =>
          onFrame(encodeGatewayFrame(clusterHello, new ByteWriter())),
        send: () => true,
        close() {},
      }),
    close: () => Promise.resolve(),
  };
  const hello = () => ({ cluster: "c1", node: "n1" });
  const silenceMs = () => 1_000;
  const services = new Services({
    node: "n1",
    inFlightMax: 100,
    onDrained: () => {},
    connect: (node, address) => new PeerGateway({ node, address, transport, hello, silenceMs }),
  });
  const remotes = [{ node: "n2", address: "p:1", count: 1 }];
  const routed = serviceOf({ instances: [], remotes });
  services.apply({ revision: 1, cluster: "c1", services: [routed] });
  const picked = services.contract(routed.contract)?.pick("get");
  assert.ok(typeof picked === "object");
  const { answer } = picked.target.call(call);
  return { services, answer };
}

Deno.test("Services end calls at a peer that has left the routes when their deadline passes", async () => {
  const { services, answer } = withSilentPeer();
  services.apply({ revision: 2, cluster: "c1", services: [] });
  services.expire(performance.now() + 61_000);
  assert.deepEqual(await answer, { kind: "timeout" });
});

Deno.test("Services lose the calls at a peer that is believed to be down, at once", async () => {
  const { services, answer } = withSilentPeer();
  services.apply({ revision: 2, cluster: "c1", services: [], down: ["n2"] });
  assert.deepEqual(await answer, { kind: "lost" });
});

Deno.test("Services lose the calls at a peer that falls silent", async () => {
  const { services, answer } = withSilentPeer();
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  const now = performance.now();
  for (let later = 100; later <= 1_200; later += 100) services.expire(now + later);
  assert.deepEqual(await answer, { kind: "lost" });
});

/** Two versions, the second with the given weight and a method of its own. */
function versions(weight: number): RoutedService[] {
  const first = serviceOf({ weight: 3 });
  const { get } = first.methods;
  assert.ok(get !== undefined);
  const next = { ...get, http: { method: "GET" as const, path: "/next", status: 200 } };
  const artifact = "org.example:one:2.0.0";
  const methods = { ...first.methods, next };
  return [first, serviceOf({ artifact, weight, methods, instances: ["i2"] })];
}

Deno.test("Service.pick() shares calls between versions by weight", async () => {
  await using world = new World();
  world.apply(1, ...versions(1));
  world.add("i1");
  world.add("i2");
  assert.deepEqual(world.pick(8), ["i1", "i1", "i2", "i1", "i1", "i1", "i2", "i1"]);
  const newer = world.service.pick("next");
  assert.ok(typeof newer === "object");
  assert.equal(newer.target.id, "i2", "only one version has the method");
  const found = world.services.route("GET", "/next");
  assert.ok(found !== undefined && "value" in found);
});

Deno.test("Service.pick() keeps a version without weight out, and fills in for a full one", async () => {
  await using world = new World();
  world.apply(1, ...versions(0));
  world.add("i1");
  world.add("i2");
  assert.deepEqual(new Set(world.pick(10)), new Set(["i1"]));
  assert.equal(world.next(), "full");
  world.apply(2, ...versions(1));
  assert.deepEqual(world.pick(1), ["i2"]);
});

Deno.test("Service.pick() prefers what is healthy and whose circuit is closed", async () => {
  await using world = new World();
  world.apply(1, serviceOf({ instances: ["i1", "i2", "i3"] }));
  const [first, second] = ["i1", "i2", "i3"].map((id) => world.add(id));
  world.services.setHealth("i1", false);
  for (let index = 0; index < 5; index++) second?.circuit.failed(performance.now(), 1);
  assert.deepEqual(new Set(world.pick(6)), new Set(["i3"]));
  world.services.removeInstance("i3");
  assert.equal(world.pick(2).length, 2, "better these than none");
  world.services.setHealth("i1", true);
  const before = first?.inFlight ?? 0;
  world.pick(3);
  assert.equal(first?.inFlight, before + 3);
});

Deno.test("Service.pick() keeps calls with the same affinity key together", async () => {
  await using world = new World();
  world.apply(1, serviceOf({ instances: ["i1", "i2", "i3"] }));
  for (const id of ["i1", "i2", "i3"]) world.add(id);
  const idOf = (target: CallTarget | "full" | undefined) =>
    typeof target === "object" ? target.id : String(target);
  const keys = Array.from({ length: 60 }, (_, index) => `user-${index}`);
  const first = keys.map((key) => idOf(world.next(undefined, key)));
  assert.deepEqual(keys.map((key) => idOf(world.next(undefined, key))), first);
  assert.deepEqual(new Set(first), new Set(["i1", "i2", "i3"]));
  world.services.removeInstance("i2");
  keys.forEach((key, index) => {
    const now = idOf(world.next(undefined, key));
    if (first[index] !== "i2") assert.equal(now, first[index]);
  });
});

Deno.test("Services.apply() keeps what a version knows of its targets", async () => {
  await using world = new World();
  const remotes = [{ node: "n2", address: "127.0.0.1:9", count: 2 }];
  world.apply(1, serviceOf({ instances: [], remotes }));
  const before = world.next();
  world.apply(2, serviceOf({ instances: [], remotes: [{ ...remotes[0]!, count: 3 }] }));
  const after = world.next();
  assert.ok(typeof after === "object" && after === before);
  assert.equal(after.inFlightMax, 30);
});
