import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import type { LocalLocks, LockRequest } from "../store_access.ts";
import { World } from "../world_fixture_test.ts";
import { lockFactory } from "./lock.ts";

/** Locks that note what is done with them. */
class Locks implements LocalLocks {
  readonly told: string[] = [];
  readonly #changed = new Set<() => void>();
  token = 1;
  acquiring: Promise<void> | undefined;
  renewal: AetherError | undefined;

  async acquire({ name, holder, ttlMs }: LockRequest, waitMs: number): Promise<number> {
    this.#tell(`acquire ${name} ${holder} ${ttlMs} ${waitMs}`);
    await this.acquiring;
    return this.token++;
  }

  renew(name: string, { token }: { readonly token: number }): Promise<void> {
    this.#tell(`renew ${name} ${token}`);
    return this.renewal === undefined ? Promise.resolve() : Promise.reject(this.renewal);
  }

  release(name: string, { token }: { readonly token: number }): Promise<void> {
    this.#tell(`release ${name} ${token}`);
    return Promise.resolve();
  }

  async until(line: string): Promise<void> {
    while (!this.told.includes(line)) {
      await new Promise<void>((resolve) => this.#changed.add(resolve));
    }
  }

  #tell(line: string): void {
    this.told.push(line);
    for (const resolve of this.#changed) resolve();
  }
}

const full = "slice/org.example:a/job";

function worldWith(locks: Locks): World {
  return new World({ factory: lockFactory, locks });
}

Deno.test("lock acquires and releases under the slice's own names", async () => {
  const locks = new Locks();
  using world = worldWith(locks);
  assert.equal(await world.result({ op: "acquire", name: "job" }), 1);
  assert.equal(await world.result({ op: "acquire", name: "j", waitMs: 9, ttlMs: 2_000 }), 2);
  await world.result({ op: "release", name: "job", token: 1 });
  // Neither what was released nor what was never held is released again.
  await world.result({ op: "release", name: "job", token: 1 });
  await world.result({ op: "release", name: "j", token: 1 });
  assert.deepEqual(locks.told, [
    `acquire ${full} n1/a/1 15000 0`,
    "acquire slice/org.example:a/j n1/a/1 2000 9",
    `release ${full} 1`,
  ]);
  for (const name of ["", "a\n", "x".repeat(600)]) {
    assert.equal((await world.problem({ op: "acquire", name })).name, "KEY_INVALID");
  }
  const long = { op: "acquire", name: "job", waitMs: 60_001 };
  assert.equal((await world.problem(long)).name, "REQUEST_INVALID");
});

Deno.test("lock gives free what an instance holds when it ends, also what it waited for", async () => {
  const locks = new Locks();
  {
    using world = worldWith(locks);
    await world.result({ op: "acquire", name: "job" });
    const gate = Promise.withResolvers<void>();
    locks.acquiring = gate.promise;
    void world.ask({ op: "acquire", name: "late" });
    await locks.until("acquire slice/org.example:a/late n1/a/1 15000 0");
    world.registry.releaseAll("n1/a/1");
    await locks.until(`release ${full} 1`);
    gate.resolve();
    await locks.until("release slice/org.example:a/late 2");
  }
});

Deno.test("lock renews what is held, and tells when it is lost", async () => {
  const locks = new Locks();
  using world = worldWith(locks);
  await world.result({ op: "acquire", name: "job", ttlMs: 1_000 });
  await locks.until(`renew ${full} 1`);
  assert.deepEqual(world.events, []);
  locks.renewal = new AetherError("LOCK_LOST", "Gone");
  await new Promise<void>((resolve) => world.onEvent = resolve);
  assert.deepEqual(world.events, [
    { resource: "links", event: "lost", value: { name: "job", token: 1 } },
  ]);
});
