import assert from "node:assert/strict";
import { resolveConfig } from "../protocol/config/config.ts";
import type { FromGateway, ToGateway } from "../protocol/thread/threads.ts";
import { Thread } from "./thread.ts";

/** A real gateway thread, and what it tells. */
class World {
  readonly deaths: string[] = [];
  readonly thread: Thread<ToGateway, FromGateway>;
  readonly #messages: FromGateway[] = [];
  readonly #control = new MessageChannel();
  #woken: () => void = () => {};

  constructor() {
    this.thread = new Thread("gateway", {
      onMessage: (message) => {
        this.#messages.push(message);
        this.#woken();
      },
      onDeath: (reason) => {
        this.deaths.push(reason);
        this.#woken();
      },
    });
  }

  /** Starts the gateway on a free port; answers its address. */
  async start(): Promise<string> {
    const control = this.#control.port1;
    const config = resolveConfig({ app: { port: 0 }, log: { level: "off" } });
    this.thread.post({ type: "start", config, control }, [control]);
    return (await this.message("listening")).app;
  }

  async message<Type extends FromGateway["type"]>(
    type: Type,
  ): Promise<Extract<FromGateway, { type: Type }>> {
    for (;;) {
      const found = this.#messages.find((message) => message.type === type);
      if (found !== undefined) return found as Extract<FromGateway, { type: Type }>;
      await new Promise<void>((resolve) => this.#woken = resolve);
    }
  }

  async death(): Promise<string> {
    while (this.deaths.length === 0) await new Promise<void>((resolve) => this.#woken = resolve);
    return this.deaths[0] ?? "";
  }

  [Symbol.dispose](): void {
    this.thread.terminate();
    this.#control.port1.close();
    this.#control.port2.close();
  }
}

/** Stands still until it is told; takes the place of the system's clock and intervals. */
class FrozenTime {
  #nowMs = 1_000_000;
  #beat = () => {};
  readonly #setInterval = globalThis.setInterval;

  constructor() {
    Object.defineProperty(performance, "now", { configurable: true, value: () => this.#nowMs });
    globalThis.setInterval = ((callback: () => void) => {
      this.#beat = callback;
      return 0;
    }) as unknown as typeof setInterval;
  }

  /** The next beat comes after so long. */
  beatAfter(durationMs: number): void {
    this.#nowMs += durationMs;
    this.#beat();
  }

  [Symbol.dispose](): void {
    Reflect.deleteProperty(performance, "now");
    globalThis.setInterval = this.#setInterval;
  }
}

Deno.test("Thread runs its entry, passes messages both ways, and stops on demand", async () => {
  using world = new World();
  const address = await world.start();
  const response = await fetch(`http://${address}/`);
  assert.equal((await response.json()).name, "NO_INSTANCE");
  world.thread.post({ type: "stop", graceMs: 0 });
  await world.message("stopped");
  world.thread.terminate();
  world.thread.post({ type: "stop", graceMs: 0 });
  assert.deepEqual(world.deaths, []);
});

Deno.test("Thread reports its death once, with the reason", async () => {
  using world = new World();
  world.thread.post(null as unknown as ToGateway);
  assert.match(await world.death(), /^it failed: .*null/);
  world.thread.post({ type: "stop", graceMs: 0 });
  world.thread.terminate();
  assert.equal(world.deaths.length, 1);
});

Deno.test("Thread takes silence for death", async () => {
  using world = new World();
  await world.start();
  using time = new FrozenTime();
  world.thread.watch();
  for (let beats = 0; beats < 4; beats++) time.beatAfter(500);
  assert.deepEqual(world.deaths, []);
  // One more, unless the machine is so slow that the thread waits for a processor meanwhile.
  while (world.deaths.length === 0) time.beatAfter(500);
  assert.match(world.deaths.join(), /^it has not answered for 2\d\d\d ms$/);
});

Deno.test("Thread lives as long as the thread answers", async () => {
  using world = new World();
  await world.start();
  using time = new FrozenTime();
  world.thread.watch();
  for (let beats = 0; beats < 4; beats++) time.beatAfter(500);
  // Answered in order: when this has come, the pongs have.
  world.thread.post({ type: "stop", graceMs: 0 });
  await world.message("stopped");
  for (let beats = 0; beats < 4; beats++) time.beatAfter(500);
  assert.deepEqual(world.deaths, []);
});

Deno.test("Thread does not blame the other thread for a pause of the whole process", async () => {
  using world = new World();
  await world.start();
  using time = new FrozenTime();
  world.thread.watch();
  for (let beats = 0; beats < 4; beats++) time.beatAfter(500);
  time.beatAfter(60_000);
  time.beatAfter(500);
  assert.deepEqual(world.deaths, []);
});
