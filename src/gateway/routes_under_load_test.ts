/**
 * 200 slices with five routes each change under load: no request fails or reaches a wrong slice.
 *
 * Over HTTP, through the feed and the follower that control and the gateway use.
 *
 * @module
 */
import assert from "node:assert/strict";
import { RouteFeed, RouteFollower } from "../protocol/thread/route_feed.ts";
import type { RoutedService } from "../protocol/thread/threads.ts";
import { World } from "./gateway_fixture_test.ts";
import { serviceOf } from "./instance_fixture_test.ts";

const slices = 200;
const clients = 8;

/** A version of a slice: four routes that every version has, and one of its own. */
function versionOf(slice: number, version: number): RoutedService {
  const { get } = serviceOf().methods;
  assert.ok(get !== undefined);
  const paths = [
    ...["items", "items/:id", "users/:user/items/:item", "about"],
    `v${version}`,
  ];
  const methods = Object.fromEntries(paths.map((path, index) => {
    const http = { method: "GET", path: `/s${slice}/${path}`, status: 200 } as const;
    return [`m${index}`, { ...get, http }] as const;
  }));
  return serviceOf({
    contract: `org.example:s${slice}`,
    artifact: `org.example:s${slice}:${version}.0.0`,
    methods,
    concurrency: 1_000,
    instances: [`s${slice}-${version}`],
  });
}

/** A gateway that follows what control would send it. */
class ChangingRoutes extends World {
  readonly services = new Map<number, RoutedService>();
  readonly versions = new Map<number, number>();
  readonly #feed = new RouteFeed();
  readonly #follower = new RouteFollower();
  #at = 0;

  /** Brings a new version into service and takes the former one out of it, without a gap. */
  change(slice: number): void {
    const former = this.versions.get(slice);
    const version = (former ?? 0) + 1;
    const service = versionOf(slice, version);
    const [instance = ""] = service.instances;
    this.add(instance, ({ method }) => [200, JSON.stringify({ slice, version, method })]);
    this.services.set(slice, service);
    this.versions.set(slice, version);
    this.send();
    if (former !== undefined) this.gateway.drain(`s${slice}-${former}`);
  }

  send(): void {
    const services = [...this.services.values()];
    const next = structuredClone(
      this.#feed.next({ revision: ++this.#at, cluster: "c1", services }),
    );
    const snapshot = next.type === "routes"
      ? this.#follower.take(next.snapshot)
      : this.#follower.follow(next.delta);
    assert.ok(snapshot !== undefined);
    this.gateway.applyRoutes(snapshot);
  }
}

Deno.test("Gateway serves every request rightly while 200 slices change their routes", async () => {
  await using world = new ChangingRoutes();
  for (let slice = 0; slice < slices; slice++) world.change(slice);
  const serve = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  await using server = Deno.serve(serve, (request) => world.gateway.handle(request));
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: clients });
  const stable = ["items", "items/7", "users/a/items/b", "about"];
  let isEnded = false;
  let requests = 0;
  const wrong: string[] = [];
  const ask = async (slice: number, path: string) => {
    const before = world.versions.get(slice) ?? 0;
    const url = `http://127.0.0.1:${server.addr.port}/s${slice}/${path}`;
    const answer = await fetch(url, { client });
    const text = await answer.text();
    requests++;
    const { slice: from, version, method } = answer.ok ? JSON.parse(text) : {};
    const now = world.versions.get(slice) ?? 0;
    const isRight = answer.status === 200 && from === slice && version >= before &&
      version <= now && method === `m${stable.indexOf(path)}`;
    if (!isRight) wrong.push(`${path} of ${slice} at ${before}: ${answer.status} ${text}`);
  };
  const load = Array.from({ length: clients }, async (_, index) => {
    for (let round = index; !isEnded; round += clients) {
      await ask(round * 7 % slices, stable[round % stable.length] ?? "");
    }
  });
  for (let slice = 0; slice < slices; slice++) {
    const wanted = requests + 2;
    while (requests < wanted) await new Promise((resolve) => setTimeout(resolve));
    world.change(slice);
  }
  isEnded = true;
  await Promise.all(load);
  assert.deepEqual(wrong, []);
  assert.ok(requests >= 2 * slices, `${requests} requests`);
  // A call may have been under way when its instance was to drain: the sweep sees its end.
  world.gateway.expire();
  assert.equal(world.drained.length, slices, "every former instance was drained");
  for (const [version, status] of [["v1", 404], ["v2", 200]] as const) {
    assert.equal((await world.request("GET", `/s0/${version}`)).status, status);
  }
});
