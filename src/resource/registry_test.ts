import assert from "node:assert/strict";
import { z } from "zod";
import type { ResourceConsumer } from "../protocol/slice/resources.ts";
import { createLogger } from "../sdk/logger.ts";
import { extensionKey, type ResourceFactory, type ResourceSection } from "./factory.ts";
import { type Notify, ResourceRegistry } from "./registry.ts";

const options = z.strictObject({ size: z.number().default(1) });
const clock = extensionKey<{ now(): number }>("clock");

/** A factory of pools that notes what becomes of them. */
function pools(told: string[], changes: Partial<ResourceFactory> = {}): ResourceFactory {
  let count = 0;
  return {
    type: "pool",
    priority: 0,
    options,
    supports: (section) => section !== undefined,
    open: (given, { section }) => {
      const { size } = given as z.output<typeof options>;
      const name = `${section}#${++count}`;
      told.push(`open ${name} of ${size}`);
      return {
        session: ({ instance, notify }) => ({
          call: ({ op }) => {
            notify("called", op);
            return Promise.resolve(`${op} by ${instance} on ${name}`);
          },
          close: () => void told.push(`release ${instance}`),
        }),
        update: (changed) => void told.push(`update ${name} ${JSON.stringify(changed)}`),
        close: () => void told.push(`close ${name}`),
      };
    },
    ...changes,
  };
}

class World {
  readonly told: string[] = [];
  readonly logs: string[] = [];
  readonly registry: ResourceRegistry;
  changes = 0;

  constructor(
    factories: (told: string[]) => ResourceFactory[] = (told) => [pools(told)],
    sections: Record<string, ResourceSection> = { db: { type: "pool", size: 2 } },
  ) {
    this.registry = new ResourceRegistry({
      factories: factories(this.told),
      sections,
      log: createLogger((level, message) => void this.logs.push(`${level} ${message}`)),
      onChange: () => void this.changes++,
    });
  }

  provision(instance: string, section = "db", notify: Notify = () => {}) {
    const calls = this.registry.provision(consumerOf(instance, section), notify);
    return async (op: string) => await calls.get("it")?.({ op });
  }

  get shown(): string[] {
    return this.registry.views().map(({ type, section, state, references, users }) =>
      `${type} ${section} ${state} ${references} ${users.map(({ instance }) => instance)}`
    );
  }
}

function consumerOf(instance: string, section: string): ResourceConsumer {
  return {
    instance,
    artifact: "org.example:a:1.0.0",
    artifactBase: "org.example:a",
    needs: [{ name: "it", type: "pool", section }],
    hosts: [],
  };
}

/** Lets promises settle. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

Deno.test("ResourceRegistry shares one resource, and closes it after its last user", async () => {
  const world = new World();
  const [one, two] = [world.provision("a/1"), world.provision("b/1")];
  assert.equal(await one("get"), "get by a/1 on db#1");
  assert.equal(await two("get"), "get by b/1 on db#1");
  assert.deepEqual(world.shown, ["pool db OPEN 2 a/1,b/1"]);
  world.registry.releaseAll("a/1");
  await settle();
  assert.deepEqual(world.shown, ["pool db OPEN 1 b/1"]);
  assert.deepEqual(world.told, ["open db#1 of 2", "release a/1"]);
  world.registry.releaseAll("b/1");
  world.registry.releaseAll("b/1");
  await settle();
  assert.deepEqual(world.told.slice(2), ["release b/1", "close db#1"]);
  assert.deepEqual(world.shown, []);
  assert.equal(await world.provision("c/1")("get"), "get by c/1 on db#2");
});

Deno.test("ResourceRegistry opens a new resource while the former one is closing", async () => {
  const gate = Promise.withResolvers<void>();
  const world = new World((told) => [
    pools(told, {
      open: () => ({
        session: () => ({ call: () => Promise.resolve(1), close: () => {} }),
        close: () => gate.promise,
      }),
    }),
  ]);
  world.provision("a/1");
  world.registry.releaseAll("a/1");
  await settle();
  assert.deepEqual(world.shown, ["pool db CLOSING 0 "]);
  await world.provision("a/2")("get");
  assert.deepEqual(world.shown, ["pool db OPEN 1 a/2", "pool db CLOSING 0 "]);
  gate.resolve();
  await settle();
  assert.deepEqual(world.shown, ["pool db OPEN 1 a/2"]);
});

Deno.test("ResourceRegistry tells the users why it cannot open, and the next one tries again", async () => {
  let failures = 1;
  const world = new World((told) => {
    const good = pools(told);
    const open: ResourceFactory["open"] = (...given) => {
      if (failures-- > 0) throw new Error("No route to host");
      return good.open(...given);
    };
    return [{ ...good, open }];
  });
  const expected = {
    name: "RESOURCE_FAILED",
    message: "Resource [resources.db]: No route to host",
  };
  const call = world.provision("a/1");
  await assert.rejects(call("get"), expected);
  await assert.rejects(call("get"), expected);
  const [view] = world.registry.views();
  assert.deepEqual([view?.state, view?.reason], ["FAILED", "No route to host"]);
  assert.equal(await world.provision("b/1")("get"), "get by b/1 on db#1");
  for (const instance of ["a/1", "b/1"]) world.registry.releaseAll(instance);
  await settle();
  assert.deepEqual(world.shown, []);
  assert.deepEqual(world.told.at(-1), "close db#1");
});

Deno.test("ResourceRegistry takes the factory that supports a section with the highest priority", async () => {
  const world = new World((told) => [
    pools(told),
    pools(told, { priority: 9, supports: () => false }),
    pools(told, { priority: 5, open: () => assert.fail("The chosen one") }),
  ]);
  await assert.rejects(world.provision("a/1")("get"), /The chosen one/);
});

Deno.test("ResourceRegistry names section and key of what is configured wrongly", async () => {
  const sections = { db: { type: "pool", size: "secret" }, web: { type: "http" } };
  const world = new World(undefined, sections);
  await assert.rejects(
    world.provision("a/1")("get"),
    (error: Error) =>
      /\[resources\.db\]: size: /.test(error.message) && !/secret/.test(error.message),
  );
  await assert.rejects(world.provision("a/2", "web")("get"), /has type "http", not "pool"/);
  await assert.rejects(world.provision("a/3", "none")("get"), /\[resources\.none\].* is missing/);
});

Deno.test("ResourceRegistry passes what a resource tells to the one who uses it", async () => {
  const world = new World();
  const heard: string[] = [];
  await world.provision("a/1", "db", (...given) => void heard.push(given.join(" ")))("get");
  await world.provision("b/1", "db")("put");
  assert.deepEqual(heard, ["it called get"]);
});

Deno.test("ResourceRegistry.configure() updates what follows, with what is valid", async () => {
  const world = new World();
  await world.provision("a/1")("get");
  world.registry.configure({ db: { type: "pool", size: 3 } });
  world.registry.configure({ db: { type: "pool", size: "x" } });
  world.registry.configure({ db: { type: "http" } });
  world.registry.configure({});
  assert.deepEqual(world.told.slice(1), ['update db#1 {"size":3}']);
});

Deno.test("ResourceRegistry.registerExtension() gives factories parts of the node", async () => {
  const open: ResourceFactory["open"] = (_options, context) => {
    const { now } = context.extension(clock);
    return {
      session: () => ({ call: () => Promise.resolve(now()), close: () => {} }),
      close: () => {},
    };
  };
  const world = new World((told) => [pools(told, { open })]);
  await assert.rejects(world.provision("a/1")("get"), /This node has no "clock" for resources/);
  world.registry.registerExtension(clock, { now: () => 7 });
  assert.equal(await world.provision("a/2")("get"), 7);
});

Deno.test("ResourceRegistry releases whatever number of users comes and goes", async () => {
  const world = new World();
  for (let cycle = 0; cycle < 1_000; cycle++) {
    const instance = `a/${cycle}`;
    await world.provision(instance)("get");
    if (cycle % 3 === 0) await world.provision(`b/${cycle}`)("get");
    world.registry.releaseAll(instance);
    world.registry.releaseAll(`b/${cycle}`);
    await settle();
    assert.deepEqual(world.shown, []);
  }
  const opened = world.told.filter((line) => line.startsWith("open")).length;
  assert.equal(world.told.filter((line) => line.startsWith("close")).length, opened);
});
