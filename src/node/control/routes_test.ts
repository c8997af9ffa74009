import assert from "node:assert/strict";
import { makeManifest } from "../../deployment/manifest_fixture_test.ts";
import type { InstanceState } from "../../protocol/instance_state.ts";
import { begun } from "../../deployment/rollout/rollout_fixture_test.ts";
import type { Rollout } from "../../protocol/rollout.ts";
import { keys } from "../../protocol/keys.ts";
import { type RouteContext, routeSnapshot } from "./routes.ts";
import { applyBlueprint, MemoryStore, reportInstance } from "./store_fixture_test.ts";

const old = "org.example:echo:1.0.0";
const next = "org.example:echo:1.1.0";
const shop = "org.example:shop:1.0.0";

function report(
  store: MemoryStore,
  artifact: string,
  number: number,
  state: InstanceState = "ACTIVE",
  node = "n1",
): void {
  reportInstance(store, { artifact, node, number, state });
}

function context(manifestOf: RouteContext["manifestOf"], dead?: string): RouteContext {
  return { node: "n1", cluster: "c1", manifestOf, isAlive: (node) => node !== dead };
}

/** Served versions, as `artifact: instance numbers`. */
function served(store: MemoryStore): string[] {
  return routeSnapshot(store.state, context(makeManifest)).services.map(({ artifact, instances }) =>
    `${artifact}: ${instances.map((id) => id.split("/")[2])}`
  );
}

Deno.test("routeSnapshot() tells everything that the gateway needs", () => {
  const store = new MemoryStore();
  applyBlueprint(store, shop, { artifact: old });
  report(store, old, 1);
  const manifest = makeManifest(old, { routes: ["GET /echo/:text"] });
  assert.deepEqual(routeSnapshot(store.state, context(() => manifest)), {
    revision: store.state.revision,
    cluster: "c1",
    services: [{
      contract: "org.example:echo",
      artifact: old,
      weight: 1,
      methods: manifest.definition.methods,
      calls: [],
      concurrency: 256,
      instances: [`n1/${old}/1`],
      remotes: [],
    }],
    down: [],
  });
});

Deno.test("routeSnapshot() counts instances of living nodes that take calls of other gateways", () => {
  const store = new MemoryStore();
  applyBlueprint(store, shop, { artifact: old, instances: 4 });
  for (const [node, gateway] of [["n2", "a:1"], ["n3", ""], ["n4", "a:4"]] as const) {
    store.write(
      "node",
      keys.member.put(keys.member.key(node), {
        id: node,
        state: "ON_DUTY",
        version: "0.1.0",
        incarnation: 1,
        addresses: { cluster: "", gateway, storage: "", management: "", app: "" },
      }),
    );
    report(store, old, 1, "ACTIVE", node);
  }
  report(store, old, 2, "ACTIVE", "n2");
  const { services: [service], down } = routeSnapshot(store.state, context(makeManifest, "n4"));
  assert.deepEqual(down, ["n4"]);
  assert.deepEqual(service?.instances, []);
  assert.deepEqual(service?.remotes, [{ node: "n2", address: "a:1", count: 2 }]);
});

Deno.test("routeSnapshot() holds only ACTIVE instances of this node", () => {
  const store = new MemoryStore();
  applyBlueprint(store, shop, { artifact: old, instances: 2 });
  report(store, old, 1);
  report(store, old, 2, "STARTING");
  report(store, old, 3, "UNLOADING");
  report(store, old, 4, "ACTIVE", "n2");
  assert.deepEqual(served(store), [`${old}: 1`]);
});

Deno.test("routeSnapshot() keeps a slice without instances, and none without a target", () => {
  const store = new MemoryStore();
  report(store, old, 1);
  assert.deepEqual(served(store), []);
  applyBlueprint(store, shop, { artifact: next });
  assert.deepEqual(served(store), [`${old}: 1`]);
  report(store, old, 1, "UNLOADING");
  assert.deepEqual(served(store), [`${next}: `]);
});

Deno.test("routeSnapshot() changes to a new version when it is complete", () => {
  const store = new MemoryStore();
  applyBlueprint(store, shop, { artifact: next, instances: 2 });
  report(store, old, 1);
  report(store, old, 2);
  assert.deepEqual(served(store), [`${old}: 1,2`]);
  report(store, next, 1);
  assert.deepEqual(served(store), [`${old}: 1,2`]);
  report(store, next, 2);
  assert.deepEqual(served(store), [`${next}: 1,2`]);
  report(store, next, 2, "FAILED");
  report(store, old, 2, "UNLOADING");
  assert.deepEqual(served(store), [`${next}: 1`]);
});

Deno.test("routeSnapshot() leaves out a slice whose manifest is not known", () => {
  const store = new MemoryStore();
  applyBlueprint(store, shop, { artifact: old });
  report(store, old, 1);
  assert.deepEqual(routeSnapshot(store.state, context(() => undefined)).services, []);
});

Deno.test("routeSnapshot() shares calls between the versions of a rollout", () => {
  const store = new MemoryStore();
  applyBlueprint(store, shop, { artifact: old, instances: 2 });
  report(store, old, 1);
  report(store, next, 1);
  const base = "org.example:echo";
  const put = (state: Rollout["state"], weights: Rollout["weights"]) => {
    const split = { by: "cookie", name: "user" } as const;
    const rollout = {
      ...begun("ab"),
      artifactBase: base,
      from: old,
      to: next,
      state,
      weights,
      split,
    };
    store.write("operator", keys.rollout.put(keys.rollout.key(base), rollout));
    const { services } = routeSnapshot(store.state, context(makeManifest));
    return services.map(({ artifact, weight, split: by }) => [artifact, weight, by?.name, by?.to]);
  };
  assert.deepEqual(put("ROUTING", { new: 1, old: 3 }), [
    [old, 3, "user", next],
    [next, 1, "user", next],
  ]);
  assert.deepEqual(put("ROUTING", { new: 0, old: 1 }), [
    [old, 1, "user", next],
    [next, 0, "user", next],
  ]);
  assert.equal(put("ROLLED_BACK", { new: 0, old: 1 }).length, 1, "one version serves again");
});
