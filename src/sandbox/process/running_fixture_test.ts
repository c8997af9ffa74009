import assert from "node:assert/strict";
import { BatchPort } from "../../io/batch_port.ts";
import type { Problem } from "../../base/errors.ts";
import type { Permissions } from "../../protocol/slice/manifest.ts";
import { frame } from "../../protocol/thread/instance.ts";
import type { ExitReason, InstanceUsage } from "../../protocol/thread/threads.ts";
import { moduleOf } from "../module_fixture_test.ts";
import { findWrappers, launchOf } from "./launch.ts";
import { SliceProcess } from "./slice_process.ts";

const wrappers = await findWrappers();

/** How an instance ended. */
export interface End {
  readonly reason: ExitReason;
  readonly problem: Problem | undefined;
}

/** Options of {@link RunningProcess}. */
export interface Options {
  readonly permissions?: Permissions;
  readonly auditMax?: Permissions;
  readonly heapMb?: number;
  readonly startTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
  readonly hungTimeoutMs?: number;
}

/** A real slice process with the node's ends of its ports. */
export class RunningProcess {
  readonly process: SliceProcess;
  readonly logs: string[] = [];
  readonly usages: InstanceUsage[] = [];
  readonly retired: string[] = [];
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<End>();
  readonly #replies = new Map<number, (body: string) => void>();
  readonly #ports: { close(): void }[] = [];
  #gateway: BatchPort;
  #nextId = 1;

  constructor(code: string, options: Options = {}) {
    const gateway = this.#channel();
    const { port1: resources, port2 } = new MessageChannel();
    this.#gateway = gateway.near;
    this.#ports.push(resources);
    resources.onmessage = ({ data }) => {
      if (data.op === "log") this.logs.push(`${data.level} ${data.message}`);
      else resources.postMessage({ id: data.id, ok: true, result: { key: data.key } });
    };
    const { permissions = {}, auditMax, heapMb = 64 } = options;
    const launch = launchOf({
      granted: auditMax ?? permissions,
      heapMb,
      deniedHosts: [],
      auditFile: undefined,
      wrappers,
      ownEnv: Deno.env.toObject(),
    });
    this.process = new SliceProcess({
      spec: {
        instance: "n1/org.example:one:1.0.0/1",
        artifact: "org.example:one:1.0.0",
        module: moduleOf(code),
        permissions,
        heapMb,
        startTimeoutMs: options.startTimeoutMs ?? 30_000,
        stopTimeoutMs: options.stopTimeoutMs ?? 30_000,
        hungTimeoutMs: options.hungTimeoutMs ?? 30_000,
        deniedHosts: [],
        auditMax,
      },
      launch,
      gateway: gateway.far,
      resources: port2,
      onReady: () => this.#ready.resolve(),
      onRetire: (cause) => this.retired.push(cause),
      onUsage: (usage) => this.usages.push(usage),
      onEnd: (reason, problem) => this.#ended.resolve({ reason, problem }),
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

  /** The status and body that `run` answers; never, when the process ends. */
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
    this.process.connectGateway(far);
  }

  /** How it ended; closes the ports. */
  async ended(): Promise<End> {
    const end = await this.#ended.promise;
    for (const port of this.#ports) port.close();
    return end;
  }

  async stop(): Promise<End> {
    this.process.stop();
    return await this.ended();
  }
}
