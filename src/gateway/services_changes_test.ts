import assert from "node:assert/strict";
import fc from "fast-check";
import { unreachable } from "../base/transport/transport.ts";
import type { RoutedService } from "../protocol/thread/threads.ts";
import { serviceOf } from "./instance_fixture_test.ts";
import { PeerGateway } from "./peer_gateway.ts";
import { Services } from "./services.ts";

fc.configureGlobal({ seed: 34 });

function emptyServices(): Services {
  return new Services({
    node: "n1",
    inFlightMax: 100,
    onDrained: () => {},
    connect: (node, address) =>
      new PeerGateway({
        node,
        address,
        transport: {
          listen: () => assert.fail("It listens"),
          dial: (to) => Promise.reject(unreachable(to, "nobody is there")),
          close: () => Promise.resolve(),
        },
        hello: () => ({ cluster: "c1", node: "n1" }),
        silenceMs: () => 1_000,
      }),
  });
}

Deno.test("Services.apply() believes smaller revisions of another cluster only", () => {
  const services = emptyServices();
  services.apply({ revision: 9, cluster: "c1", services: [serviceOf()] });
  services.apply({ revision: 8, cluster: "c1", services: [] });
  assert.ok(services.contract("org.example:one") !== undefined);
  services.apply({ revision: 1, cluster: "c2", services: [] });
  assert.equal(services.contract("org.example:one"), undefined);
});

Deno.test("Services.apply() comes to what a new one makes of the last snapshot", () => {
  const anyService = fc.record({
    contract: fc.constantFrom("org.example:one", "org.example:two", "org.example:three"),
    version: fc.integer({ min: 1, max: 3 }),
    path: fc.constantFrom("/a", "/b", "/:x"),
    weight: fc.integer({ min: 0, max: 2 }),
    nodes: fc.uniqueArray(fc.constantFrom("n2", "n3"), { maxLength: 2 }),
  });
  const anySnapshot = fc.uniqueArray(anyService, {
    maxLength: 5,
    selector: ({ contract, version }) => `${contract}:${version}`,
  });
  const describe = (services: Services) => ({
    routes: ["/", "/a", "/b", "/c"].map((path) => {
      const found = services.route("GET", path);
      if (found === undefined || "allow" in found) return found;
      const { service, method, manifest } = found.value;
      return [service.contract, method, manifest.http?.path, found.parameters];
    }),
    services: [...services.all].map(({ contract, versions }) => [
      contract,
      ...versions.map(({ routed, remote }) => [routed, remote.map(({ peer }) => peer.node)]),
    ]).sort(),
    instances: [...services.all].flatMap(({ versions }) =>
      versions.map(({ routed }) => services.version(routed.artifact)?.routed.artifact)
    ).sort(),
  });
  fc.assert(fc.property(fc.array(anySnapshot, { minLength: 1, maxLength: 6 }), (snapshots) => {
    // As from the follower: what has not changed is the same object.
    const known = new Map<string, RoutedService>();
    const lists = snapshots.map((items) =>
      items.map((item) => {
        const key = JSON.stringify(item);
        const { contract, version, path, weight, nodes } = item;
        const { get } = serviceOf().methods;
        if (get?.http === undefined) return assert.fail();
        const service = known.get(key) ?? serviceOf({
          contract,
          artifact: `${contract}:${version}.0.0`,
          methods: { get: { ...get, http: { ...get.http, path } } },
          weight,
          instances: [`${contract}-${version}`],
          remotes: nodes.map((node) => ({ node, address: `${node}:1`, count: 1 })),
        });
        known.set(key, service);
        return service;
      })
    );
    const [changed, rebuilt] = [emptyServices(), emptyServices()];
    lists.forEach((services, at) => changed.apply({ revision: at + 1, cluster: "c1", services }));
    rebuilt.apply({ revision: lists.length, cluster: "c1", services: lists.at(-1) ?? [] });
    assert.deepEqual(describe(changed), describe(rebuilt));
  }));
});
