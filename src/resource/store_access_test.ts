import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import type { ResourceView } from "../protocol/thread/resources.ts";
import { StoreState } from "../store/state.ts";
import {
  type LocalLocks,
  localStoreAccess,
  RemoteStoreAccess,
  serveStoreAccess,
  type StoreAccess,
} from "./store_access.ts";

/** Both ends of a port, over a store of this test. */
class World {
  readonly state = new StoreState({ maxBytes: 1_000_000 });
  readonly told: string[] = [];
  readonly views: (readonly ResourceView[])[] = [];
  readonly access: StoreAccess;
  readonly remote: RemoteStoreAccess;
  readonly #ports: MessagePort[];
  #sequence = 0;

  constructor() {
    const locks: LocalLocks = {
      acquire: ({ name, holder }, waitMs) => {
        this.told.push(`acquire ${name} ${holder} ${waitMs}`);
        return Promise.resolve(7);
      },
      renew: (name, { token }) => {
        this.told.push(`renew ${name} ${token}`);
        return Promise.reject(new AetherError("LOCK_LOST", "Gone"));
      },
      release: (name, { lease }) => {
        this.told.push(`release ${name} ${lease}`);
        return Promise.resolve();
      },
    };
    const access = this.access = localStoreAccess({
      state: this.state,
      readBarrier: () => Promise.resolve(void this.told.push("barrier")),
      propose: (writer, transaction) =>
        Promise.resolve(
          this.state.apply({
            node: "n1",
            incarnation: 1,
            sequence: ++this.#sequence,
            acknowledgedBelow: 0,
            writer,
            transaction,
          }).applied,
        ),
    }, locks);
    const { port1, port2 } = new MessageChannel();
    this.#ports = [port1, port2];
    serveStoreAccess(port1, access, (resources) => void this.views.push(resources));
    this.remote = new RemoteStoreAccess(port2);
  }

  [Symbol.dispose](): void {
    for (const port of this.#ports) port.close();
  }
}

Deno.test("RemoteStoreAccess reads and writes the store of another thread", async () => {
  using world = new World();
  const key = "slice/org.example:a/x";
  const value = new TextEncoder().encode("1");
  const operation = { type: "put" as const, key, value, contentType: "application/json" };
  const applied = await world.remote.propose({ compare: [], then: [operation], otherwise: [] });
  assert.deepEqual([applied.succeeded, applied.revision], [true, 1]);
  assert.deepEqual(await world.remote.entry(key, true), { key, value, revision: 1 });
  assert.deepEqual(world.told, []);
  assert.deepEqual(await world.remote.entry(`${key}y`), undefined);
  assert.deepEqual(await world.remote.list("slice/", 5), [{ key, value, revision: 1 }]);
  assert.deepEqual(world.told, ["barrier", "barrier"]);
});

Deno.test("RemoteStoreAccess takes locks, and fails as they do", async () => {
  using world = new World();
  const request = { name: "l", holder: "h", ttlMs: 1_000, lease: "lease" };
  assert.equal(await world.remote.acquire(request, 5), 7);
  await assert.rejects(world.remote.renew("l", "lease", 7), { name: "LOCK_LOST" });
  await world.remote.release("l", "lease", 7);
  assert.deepEqual(world.told, ["acquire l h 5", "renew l 7", "release l lease"]);
});

Deno.test("RemoteStoreAccess.tell() says what resources there are", async () => {
  using world = new World();
  world.remote.tell([]);
  await world.remote.entry("user/a", true);
  assert.deepEqual(world.views, [[]]);
});

Deno.test("RemoteStoreAccess.connect() fails what a dead control was asked, and asks the new one", async () => {
  using world = new World();
  const dead = new MessageChannel();
  const remote = new RemoteStoreAccess(dead.port2);
  const asked = remote.entry("slice/a/k");
  const { port1, port2 } = new MessageChannel();
  serveStoreAccess(port1, world.access, () => {});
  remote.connect(port2);
  await assert.rejects(asked, { name: "RESOURCE_LOST" });
  assert.equal(await remote.entry("slice/a/k"), undefined);
  for (const port of [dead.port1, port1, port2]) port.close();
});
