import assert from "node:assert/strict";
import { unreachable } from "../../base/transport/transport.ts";
import { Circuit } from "../../policy/circuit.ts";
import type { CallTarget } from "../call.ts";
import { serviceOf } from "../instance_fixture_test.ts";
import { PeerGateway, RemoteTarget } from "../peer_gateway.ts";
import { Service, Version } from "./service.ts";

function local(id: string, inFlightMax = 1): CallTarget {
  const call = () => assert.fail("It is called");
  const abort = () => {};
  return { id, circuit: new Circuit(), isHealthy: true, inFlight: 0, inFlightMax, call, abort };
}

function remote(node: string, count: number): RemoteTarget {
  const peer = new PeerGateway({
    node,
    address: `${node}:1`,
    transport: {
      listen: () => assert.fail("It listens"),
      dial: (to) => Promise.reject(unreachable(to, "nobody is there")),
      close: () => Promise.resolve(),
    },
    hello: () => ({ cluster: "c1", node: "n1" }),
    silenceMs: () => 1_000,
  });
  const target = new RemoteTarget(peer, "org.example:one:1.0.0");
  target.update(count, 10);
  return target;
}

function idOf(target: CallTarget | "full" | undefined): string | undefined {
  return typeof target === "object" ? target.id : target;
}

const users = Array.from({ length: 300 }, (_, index) => `user-${index}`);

Deno.test("Version.pick() puts a key on the same node, wherever it is asked", () => {
  const places = ["n1", "n2", "n3"].map((own) => {
    const version = new Version(own, serviceOf());
    version.add(local(`${own}/one/0`));
    const others = ["n1", "n2", "n3"].filter((node) => node !== own);
    version.update(serviceOf(), others.map((node) => remote(node, 1)));
    return users.map((user) => idOf(version.pick(undefined, user))?.split("/")[0]);
  });
  assert.deepEqual(places[1], places[0]);
  assert.deepEqual(places[2], places[0]);
  assert.deepEqual(new Set(places[0]), new Set(["n1", "n2", "n3"]));
});

Deno.test("Version.pick() prefers its own node, then the node with the most room", () => {
  const version = new Version("n1", serviceOf());
  const [small, large] = [remote("n2", 1), remote("n3", 4)];
  version.update(serviceOf(), [small, large]);
  small.inFlight = 3;
  large.inFlight = 8;
  assert.equal(idOf(version.pick()), "n3");
  version.add(local("i1"));
  assert.equal(idOf(version.pick()), "i1");
  assert.equal(idOf(version.pickLocal()), "i1");
});

Deno.test("Version.pick() leaves out a node that did not answer, unless there is nothing else", async () => {
  const version = new Version("n1", serviceOf());
  const [dead, alive] = [remote("n2", 1), remote("n3", 1)];
  version.update(serviceOf(), [dead, alive]);
  const call = { method: "get", requestId: "r", remainingMs: 9, pathParameters: null, query: "" };
  await dead.call({ ...call, body: null, meta: "" }).answer;
  assert.equal(dead.inFlight, 0);
  for (let index = 0; index < 4; index++) assert.equal(idOf(version.pick()), "n3");
  assert.equal(idOf(version.pick(new Set([alive]))), "n2");
  assert.equal(version.pick(new Set([alive, dead])), undefined);
});

Deno.test("Service.method() is that of the version with the most calls", () => {
  const service = new Service("org.example:one", 0);
  const of = (artifact: string, weight: number, timeoutMs: number) => {
    const { get } = serviceOf().methods;
    assert.ok(get !== undefined);
    return new Version(
      "n1",
      serviceOf({ artifact, weight, methods: { get: { ...get, timeoutMs } } }),
    );
  };
  service.update([of("org.example:one:1.0.0", 9, 1), of("org.example:one:2.0.0", 1, 2)]);
  assert.equal(service.method("get")?.timeoutMs, 1);
  assert.equal(service.method("toString"), undefined);
  assert.equal(service.version("org.example:one:2.0.0")?.weight, 1);
});

Deno.test("Service.pick() keeps a user on one version", () => {
  const service = new Service("org.example:one", 0);
  const versions = [1, 2].map((number) => {
    const artifact = `org.example:one:${number}.0.0`;
    const version = new Version("n1", serviceOf({ artifact, weight: number === 1 ? 3 : 1 }));
    version.add(local(`i${number}`));
    return version;
  });
  service.update(versions);
  const picks = users.map((user) => service.pick("get", undefined, { affinity: user }));
  const ids = picks.map((picked) => typeof picked === "object" ? picked.target.id : picked);
  const again = users.map((user) => service.pick("get", undefined, { affinity: user }));
  assert.deepEqual(again, picks);
  const newer = ids.filter((id) => id === "i2").length;
  assert.ok(newer > 45 && newer < 105, `${newer} of 300 on a quarter`);
  for (const number of [1, 2]) {
    const variant = `org.example:one:${number}.0.0`;
    const picked = service.pick("get", undefined, { variant });
    assert.equal(typeof picked === "object" && picked.target.id, `i${number}`);
    const other = service.pick("get", new Set([local(`i${number}`)]), { variant: "gone" });
    assert.equal(typeof other, "object", "a variant without instances turns nobody away");
  }
});
