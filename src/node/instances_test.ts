import assert from "node:assert/strict";
import type { Problem } from "../base/errors.ts";
import { resolveConfig } from "../protocol/config/config.ts";
import type { ExitReason, InstanceUsage } from "../protocol/thread/threads.ts";
import { moduleOf, sliceOf } from "../sandbox/module_fixture_test.ts";
import { recordingLogger } from "./control/store_fixture_test.ts";
import { Instances, type InstanceStart, mostOf, tierOf } from "./instances.ts";

interface End {
  readonly reason: ExitReason;
  readonly problem: Problem | undefined;
}

/** Instances of a node, and what they tell. */
class World {
  readonly instances: Instances;
  readonly logs: readonly string[];
  readonly usages: InstanceUsage[] = [];
  readonly leaks: number[] = [];
  readonly healths: string[] = [];
  readonly #ready = new Map<string, PromiseWithResolvers<void>>();
  readonly #ended = new Map<string, PromiseWithResolvers<End>>();
  readonly #ports: MessagePort[] = [];
  #woken: () => void = () => {};

  constructor(sandbox: Record<string, unknown>) {
    const { log, lines } = recordingLogger();
    this.logs = lines;
    const config = resolveConfig({ sandbox, log: { level: "off" } });
    this.instances = new Instances(config, log, {
      onReady: (id) => this.#ready.get(id)?.resolve(),
      onRetire: () => {},
      onUsage: (usages) => {
        this.usages.push(...usages);
        this.#woken();
      },
      onHealth: (id, health) => {
        this.healths.push(`${id} ${health}`);
        this.#woken();
      },
      onEnd: (id, reason, problem) => this.#ended.get(id)?.resolve({ reason, problem }),
      onTooManyLeaks: (count) => {
        this.leaks.push(count);
        this.#woken();
      },
    });
  }

  start(id: string, handler: string, changes: Partial<InstanceStart> = {}): void {
    this.#ready.set(id, Promise.withResolvers());
    this.#ended.set(id, Promise.withResolvers());
    const [gateway, resources] = [new MessageChannel(), new MessageChannel()];
    this.#ports.push(gateway.port1, resources.port1);
    this.instances.start({
      type: "startInstance",
      instance: id,
      artifact: "org.example:one:1.0.0",
      module: moduleOf(sliceOf(handler)),
      permissions: {},
      tier: "worker",
      heapMb: 64,
      caller: { contract: "org.example:one", calls: [] },
      consumer: {
        instance: id,
        artifact: "org.example:one:1.0.0",
        artifactBase: "org.example:one",
        needs: [],
        hosts: [],
      },
      ...changes,
    }, { gateway: gateway.port2, resources: resources.port2 });
  }

  ready(id: string): Promise<unknown> {
    const early = this.ended(id).then((end) => {
      if (end?.reason !== "stopped") assert.fail(`It ended: ${end?.problem?.detail}`);
    });
    return Promise.race([this.#ready.get(id)?.promise, early]);
  }

  async ended(id: string): Promise<End | undefined> {
    return await this.#ended.get(id)?.promise;
  }

  async until(is: () => boolean): Promise<void> {
    while (!is()) await new Promise<void>((resolve) => this.#woken = resolve);
  }

  close(): void {
    this.instances.close();
    for (const port of this.#ports) port.close();
  }
}

Deno.test("Instances runs each in the tier that it or the operator wants", async () => {
  const world = new World({});
  world.start("a", "() => 1");
  world.start("b", "() => 1", { tier: "process" });
  await Promise.all([world.ready("a"), world.ready("b")]);
  assert.equal(world.instances.size, 2);
  await world.until(() => new Set(world.usages.map(({ instance }) => instance)).size === 2);
  const tiers = new Map(world.usages.map(({ instance, tier }) => [instance, tier]));
  assert.deepEqual([tiers.get("a"), tiers.get("b")], ["worker", "process"]);
  world.instances.stopAll();
  for (const id of ["a", "b"]) assert.equal((await world.ended(id))?.reason, "stopped");
  assert.equal(world.instances.size, 0);
  world.close();
});

Deno.test("Instances reports permissions that Deno cannot parse", async () => {
  const world = new World({});
  world.start("a", "() => 1", { permissions: { net: ["a b c"] } });
  const end = await world.ended("a");
  assert.equal(end?.reason, "error");
  assert.match(end?.problem?.detail ?? "", /worker cannot be created/);
  world.close();
});

Deno.test("Instances says that an audit sees nothing in the worker tier", async () => {
  const world = new World({ audit: true });
  world.start("a", "() => 1");
  await world.ready("a");
  assert.match(world.logs.join(), /audit sees only slices in the process tier/);
  world.instances.stop("a");
  await world.ended("a");
  world.close();
});

Deno.test("tierOf() takes the stronger of what the slice and the operator want", () => {
  assert.equal(tierOf("worker", "worker"), "worker");
  assert.equal(tierOf("process", "worker"), "process");
  assert.equal(tierOf("worker", "process"), "process");
});

Deno.test("mostOf() turns the ceiling into permissions", () => {
  const { sandbox } = resolveConfig({ sandbox: { max: { env: ["TZ"], run: true } } });
  const permissions = mostOf(sandbox.max);
  assert.deepEqual([permissions.env, permissions.run, permissions.ffi], [["TZ"], ["*"], []]);
});
