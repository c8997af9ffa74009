import assert from "node:assert/strict";
import type { Problem } from "../base/errors.ts";
import { BatchPort } from "../io/batch_port.ts";
import { frame } from "../protocol/thread/instance.ts";
import type { ExitReason, InstanceUsage } from "../protocol/thread/threads.ts";
import type { InstanceEvents, RunningInstance } from "./running_instance.ts";

/** How an instance ended. */
export interface End {
  readonly reason: ExitReason;
  readonly problem: Problem | undefined;
}

/** What an instance gets to be started. */
export interface Ends extends Required<InstanceEvents> {
  readonly gateway: MessagePort;
  readonly resources: MessagePort;
}

/** A real instance of either tier, with the node's ends of its ports. */
export class Running<Instance extends RunningInstance> {
  readonly instance: Instance;
  readonly logs: string[] = [];
  readonly usages: InstanceUsage[] = [];
  readonly retired: string[] = [];
  readyCount = 0;
  endCount = 0;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<End>();
  readonly #replies = new Map<number, (body: string) => void>();
  readonly #ports: { close(): void }[] = [];
  #gateway: BatchPort;
  #nextId = 1;

  constructor(start: (ends: Ends) => Instance) {
    const gateway = this.#channel();
    const { port1: resources, port2 } = new MessageChannel();
    this.#gateway = gateway.near;
    this.#ports.push(resources);
    resources.onmessage = ({ data }) => {
      if (data.op === "log") this.logs.push(`${data.level} ${data.message}`);
      else resources.postMessage({ id: data.id, ok: true, result: { key: data.key } });
    };
    this.instance = start({
      gateway: gateway.far,
      resources: port2,
      onReady: () => {
        this.readyCount++;
        this.#ready.resolve();
      },
      onRetire: (cause) => this.retired.push(cause),
      onUsage: (usage) => this.usages.push(usage),
      onEnd: (reason, problem) => {
        this.endCount++;
        this.#ended.resolve({ reason, problem });
      },
    });
  }

  #channel(): { near: BatchPort; far: MessagePort } {
    const { port1, port2 } = new MessageChannel();
    const near = new BatchPort(port1, (batch, at) => {
      if (batch[at] !== frame.reply) return;
      this.#replies.get(batch[at + 1] as number)?.(`${batch[at + 3]} ${batch[at + 4]}`);
    }, (reason) => assert.fail(reason));
    this.#ports.push(near);
    return { near, far: port2 };
  }

  ready(): Promise<void> {
    const early = this.#ended.promise.then(({ reason, problem }) => {
      throw new Error(`It ended: ${reason} ${problem?.detail}`);
    });
    return Promise.race([this.#ready.promise, early]);
  }

  /** The status and body that `run` answers; never, when the instance ends. */
  call(input: unknown): Promise<string> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#replies.set(id, resolve);
      this.#gateway.send(frame.call, id, "run", "r1", 60_000, "", "", JSON.stringify(input), "");
    });
  }

  /** Gives the instance a new gateway, as after a restart of its thread. */
  reconnect(): void {
    const { near, far } = this.#channel();
    this.#gateway = near;
    this.instance.connectGateway(far);
  }

  /** How it ended; closes the ports. */
  async ended(): Promise<End> {
    const end = await this.#ended.promise;
    for (const port of this.#ports) port.close();
    assert.equal(this.endCount, 1);
    return end;
  }

  async stop(): Promise<End> {
    this.instance.stop();
    return await this.ended();
  }
}
