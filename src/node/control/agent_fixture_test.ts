import assert from "node:assert/strict";
import type { OpenedSlice } from "../../artifact/package.ts";
import { ManualClock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { makeManifest } from "../../deployment/manifest_fixture_test.ts";
import { defaultDeadlines } from "../../deployment/states.ts";
import { keys } from "../../protocol/keys.ts";
import { Agent } from "./agent.ts";
import { MemoryStore, recordingLogger, turn } from "./store_fixture_test.ts";
import { storedInstances } from "./views.ts";

export const echo = "org.example:echo:1.0.0";
export const one = `n1/${echo}/1`;
export const two = `n1/${echo}/2`;
const moduleBytes = Uint8Array.of(1, 2, 3);

export function opened(): OpenedSlice {
  const manifest = makeManifest(echo, { permissions: { net: ["api.example.com:443"] } });
  return { manifest, module: moduleBytes, warnings: [] };
}

/** An agent, and everything it tells others, in order. */
export class World {
  readonly store: MemoryStore;
  readonly clock = new ManualClock();
  readonly told: string[] = [];
  readonly logs: readonly string[];
  readonly agent: Agent;
  open: (artifact: string) => Promise<OpenedSlice> = () => Promise.resolve(opened());
  refusal: AetherError | undefined;
  routed = Promise.resolve();

  constructor(store: MemoryStore = new MemoryStore()) {
    this.store = store;
    const { log, lines } = recordingLogger();
    this.logs = lines;
    this.agent = new Agent({
      node: "n1",
      store: this.store,
      clock: this.clock,
      log,
      open: (artifact) => this.open(artifact),
      check: () => {
        if (this.refusal !== undefined) throw this.refusal;
      },
      times: () => ({ ...defaultDeadlines, drainMs: 60_000 }),
      routed: () => this.routed,
      drain: (instance) => void this.told.push(`drain ${instance}`),
      post: (message) => {
        if (message.type === "startInstance") {
          const { module, permissions, artifact } = message;
          assert.deepEqual([module, artifact], [moduleBytes, echo]);
          assert.deepEqual(permissions, { net: ["api.example.com:443"] });
        }
        const { instance } = message as { readonly instance?: string };
        this.told.push(`${message.type} ${instance}`);
      },
    });
  }

  /** Assigns instances of echo to a node, by number and attempt. */
  async assign(instances: Readonly<Record<number, number>>, node = "n1"): Promise<void> {
    const key = keys.assignment.key(node, echo);
    const list = Object.entries(instances).map(([number, attempt]) => ({
      number: Number(number),
      attempt,
    }));
    this.store.write(
      "leader",
      list.length === 0
        ? { type: "delete", key }
        : keys.assignment.put(key, { artifact: echo, node, instances: list }),
    );
    await turn();
  }

  /** Starts the agent with one ACTIVE instance. */
  async withActive(): Promise<this> {
    await this.assign({ 1: 1 });
    await this.agent.start();
    await turn();
    this.agent.onReady(one);
    await turn();
    this.told.length = 0;
    return this;
  }

  async fail(error: AetherError): Promise<void> {
    this.agent.onEnded(one, error.toProblem());
    await turn();
  }

  /** What the node reports, as `number state attempt failures`. */
  get reported(): string[] {
    return storedInstances(this.store.state).map(({ value }) =>
      `${value.number} ${value.state} ${value.attempt} ${value.failures}`
    );
  }

  /** Ends the test. */
  close(): void {
    this.agent.stop();
    assert.equal(this.clock.pendingTimers, 0);
  }
}
