/**
 * The handles that `create` receives: typed clients and resources, as proxies over the ports.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { limits } from "../../protocol/limits.ts";
import type { ResourceReply, ResourceRequest } from "../../protocol/thread/instance.ts";
import type { Contract } from "../../sdk/contract.ts";
import { defaultTimeoutMs } from "../../sdk/describe.ts";
import type { KvEntry, KvHandle, KvWriteOptions, ResourceSpec } from "../../sdk/resource.ts";
import type { CallOptions } from "../../sdk/slice.ts";
import { SliceError } from "../../sdk/slice_error.ts";
import { LogLimit } from "../log_limit.ts";

const pendingMax = 10_000;
const linesPerSecondMax = 1_000;

/** The error that the JSON of a problem stands for, whatever another slice has made of it. */
export function problemToError(json: string): Error {
  try {
    const problem: unknown = JSON.parse(json);
    if (typeof problem === "object" && problem !== null) {
      return SliceError.fromProblem(problem) ?? AetherError.fromProblem(problem);
    }
  } catch {
    // Said below: it is the called slice's fault, not the caller's.
  }
  return new AetherError("SLICE_FAILED", "The called slice answered neither output nor problem");
}

/** Sends a call to another slice; resolves with JSON text. */
export type Invoke = (
  contract: string,
  method: string,
  inputJson: string,
  timeoutMs: number,
) => Promise<string>;

/** A client of another slice: one function per method of its contract. */
export function createClient(contract: Contract, invoke: Invoke): Record<string, unknown> {
  const client: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(contract.methods)) {
    client[name] = async (input: unknown, options: CallOptions = {}) => {
      const timeoutMs = options.timeoutMs ?? spec.timeoutMs ?? defaultTimeoutMs;
      if (!(timeoutMs >= 0)) {
        throw new RangeError(`Option timeoutMs is ${timeoutMs}: choose 0 or more`);
      }
      const text = JSON.stringify(input ?? null) ?? "null";
      return JSON.parse(await invoke(contract.name, name, text, timeoutMs));
    };
  }
  return Object.freeze(client);
}

type WithoutId<T> = T extends { readonly id: number } ? Omit<T, "id"> : never;

/** Requests over the resources port, with their pending answers. */
export class ResourcePort {
  readonly #port: MessagePort;
  readonly #pending = new Map<
    number,
    { resolve(result: unknown): void; reject(error: Error): void }
  >();
  readonly #logLimit = new LogLimit(linesPerSecondMax);
  #nextId = 1;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = (event: MessageEvent<ResourceReply>) => {
      const reply = event.data;
      const waiting = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (reply.ok) waiting?.resolve(reply.result);
      else {
        waiting?.reject(
          SliceError.fromProblem(reply.problem) ?? AetherError.fromProblem(reply.problem),
        );
      }
    };
  }

  /** Sends a line to the node's log; beyond 1000 a second they are left out and counted. */
  log(level: string, message: string, fields: string): void {
    const { passes, leftOut } = this.#logLimit.admit(performance.now());
    if (leftOut > 0) this.#line("warn", `${leftOut} log lines were left out: too many`, "{}");
    if (passes) this.#line(level, message, fields);
  }

  #line(level: string, message: string, fields: string): void {
    this.#port.postMessage({ op: "log", level, message, fields } satisfies ResourceRequest);
  }

  /** Sends a request and waits for its answer. */
  request(request: WithoutId<ResourceRequest>): Promise<unknown> {
    if (this.#pending.size >= pendingMax) {
      return Promise.reject(
        new AetherError("OVERLOADED", `More than ${pendingMax} resource requests are waiting`),
      );
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      // First, because it throws for what cannot be cloned.
      this.#port.postMessage({ ...request, id });
      this.#pending.set(id, { resolve, reject });
    });
  }

  close(): void {
    this.#port.close();
  }
}

/** Makes the handle of a resource. */
export function createResource(
  name: string,
  spec: ResourceSpec<unknown>,
  port: ResourcePort,
): unknown {
  if (spec.type === "kv") return new KvProxy(name, spec, port);
  throw new AetherError(
    "SLICE_INVALID",
    `Need "${name}" has resource type "${spec.type}", which this node does not offer`,
  );
}

interface RawEntry {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

class KvProxy implements KvHandle<unknown> {
  readonly #resource: string;
  readonly #spec: ResourceSpec<unknown>;
  readonly #port: ResourcePort;

  constructor(resource: string, spec: ResourceSpec<unknown>, port: ResourcePort) {
    this.#resource = resource;
    this.#spec = spec;
    this.#port = port;
  }

  async get(key: string): Promise<unknown> {
    return (await this.entry(key))?.value;
  }

  async entry(key: string): Promise<KvEntry<unknown> | undefined> {
    const raw = await this.#port.request({ resource: this.#resource, op: "entry", key });
    return raw === null ? undefined : this.#decode(raw as RawEntry);
  }

  async put(key: string, value: unknown, options: KvWriteOptions = {}): Promise<number> {
    const { schema } = this.#spec;
    const text = JSON.stringify(schema === undefined ? value : schema.parse(value));
    if (text === undefined || text.length > limits.kvValueBytes) {
      throw new AetherError(
        "VALUE_TOO_LARGE",
        `The value of key "${key}" must be JSON of at most ${limits.kvValueBytes} bytes`,
      );
    }
    const revision = await this.#port.request({
      resource: this.#resource,
      op: "put",
      key,
      value: text,
      ...options,
    });
    return revision as number;
  }

  async delete(key: string, options: KvWriteOptions = {}): Promise<boolean> {
    const deleted = await this.#port.request({
      resource: this.#resource,
      op: "delete",
      key,
      ...options,
    });
    return deleted as boolean;
  }

  async list(
    prefix = "",
    options: { readonly limit?: number } = {},
  ): Promise<KvEntry<unknown>[]> {
    const limit = Math.min(options.limit ?? limits.listMax, limits.listMax);
    const raw = await this.#port.request({ resource: this.#resource, op: "list", prefix, limit });
    return (raw as RawEntry[]).map((entry) => this.#decode(entry));
  }

  #decode(raw: RawEntry): KvEntry<unknown> {
    const value: unknown = JSON.parse(raw.value);
    return {
      ...raw,
      value: this.#spec.schema === undefined ? value : this.#spec.schema.parse(value),
    };
  }
}
