import assert from "node:assert/strict";
import fc from "fast-check";
import { RouteFeed, RouteFollower } from "./route_feed.ts";
import type { RoutedService, RouteSnapshot } from "./threads.ts";

const methods = {};

function serviceOf(name: string, instances: readonly string[] = []): RoutedService {
  const artifact = `org.example:${name}:1.0.0`;
  const contract = `org.example:${name}`;
  return {
    contract,
    artifact,
    weight: 1,
    methods,
    calls: [],
    concurrency: 1,
    instances,
    remotes: [],
  };
}

function snapshotOf(revision: number, ...services: readonly RoutedService[]): RouteSnapshot {
  return { revision, cluster: "c", services };
}

Deno.test("RouteFeed.next() sends a snapshot first, and then what changed", () => {
  const feed = new RouteFeed();
  const first = snapshotOf(1, serviceOf("a"), serviceOf("b"));
  assert.deepEqual(feed.next(first), { type: "routes", snapshot: first });
  const message = feed.next(snapshotOf(2, serviceOf("b", ["i1"]), serviceOf("c")));
  assert.deepEqual(message, {
    type: "routeDelta",
    delta: {
      fromRevision: 1,
      revision: 2,
      cluster: "c",
      changed: [serviceOf("b", ["i1"]), serviceOf("c")],
      removed: ["org.example:a:1.0.0"],
    },
  });
  const same = feed.next({
    ...snapshotOf(3, serviceOf("b", ["i1"]), serviceOf("c")),
    down: ["n2"],
  });
  assert.deepEqual("delta" in same && [same.delta.changed, same.delta.removed], [[], []]);
  assert.deepEqual("delta" in same && same.delta.down, ["n2"]);
  assert.deepEqual(feed.next(first, true), { type: "routes", snapshot: first });
});

Deno.test("RouteFollower.follow() refuses a delta that builds on something else", () => {
  const follower = new RouteFollower();
  const delta = { fromRevision: 1, revision: 2, cluster: "c", changed: [], removed: [] };
  assert.equal(follower.follow(delta), undefined, "before a snapshot");
  follower.take(snapshotOf(1, serviceOf("a")));
  assert.equal(follower.follow({ ...delta, fromRevision: 0 }), undefined);
  assert.deepEqual(follower.follow(delta), snapshotOf(2, serviceOf("a")));
  assert.equal(follower.follow(delta), undefined, "twice");
});

Deno.test("RouteFollower has what RouteFeed was given, whatever changes", () => {
  const state = fc.dictionary(
    fc.constantFrom("a", "b", "c", "d"),
    fc.array(fc.constantFrom("i", "j")),
  );
  fc.assert(
    fc.property(fc.array(state, { minLength: 1, maxLength: 10 }), (states) => {
      const feed = new RouteFeed();
      const follower = new RouteFollower();
      states.forEach((services, revision) => {
        const list = Object.entries(services).map(([name, ids]) => serviceOf(name, ids));
        const message = feed.next(snapshotOf(revision, ...list));
        const known = "delta" in message
          ? follower.follow(message.delta)
          : follower.take(message.snapshot);
        const byArtifact = (each: RouteSnapshot | undefined) =>
          new Map(each?.services.map((service) => [service.artifact, service]));
        assert.deepEqual(byArtifact(known), byArtifact(snapshotOf(revision, ...list)));
      });
    }),
    { seed: 5 },
  );
});
