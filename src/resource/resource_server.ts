/**
 * Serves the resources port of one instance: its `kv()` and its log lines.
 *
 * Every message comes from a sandbox, so it is checked; keys are confined to the slice's own
 * prefix. Credentials of other resources will live here too, never in the sandbox.
 *
 * @module
 */
import { z } from "zod";
import { AetherError, type Problem, toAetherError } from "../base/errors.ts";
import { checkUserKey, jsonType, slicePrefix } from "../protocol/keys.ts";
import { limits } from "../protocol/limits.ts";
import type { SliceProblem } from "../protocol/slice/problem.ts";
import type { Applied, KeyOperation, Transaction, Writer } from "../protocol/store/command.ts";
import type { ResourceReply } from "../protocol/thread/instance.ts";
import { zodIssues } from "../sdk/dispatch.ts";
import { kvConflict } from "../sdk/kv_conflict.ts";
import { type Logger, logLevels } from "../sdk/logger.ts";
import { SliceError } from "../sdk/slice_error.ts";

const inFlightMax = 1_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const id = z.int().min(0);
const key = z.string();
const ifRevision = z.int().min(0).optional();
const requestSchema = z.discriminatedUnion("op", [
  z.object({ op: z.literal("entry"), id, resource: z.string(), key }),
  z.object({ op: z.literal("put"), id, resource: z.string(), key, value: z.string(), ifRevision }),
  z.object({ op: z.literal("delete"), id, resource: z.string(), key, ifRevision }),
  z.object({
    op: z.literal("list"),
    id,
    resource: z.string(),
    prefix: key,
    limit: z.int().min(1).max(limits.listMax),
  }),
  z.object({
    op: z.literal("log"),
    level: z.enum(logLevels),
    message: z.string(),
    fields: z.string().max(32_768),
  }),
]);
type Request = z.output<typeof requestSchema>;
type KvRequest = Exclude<Request, { op: "log" }>;

/** The part of the store that resources use. */
export interface ResourceStore {
  readonly state: {
    get(key: string): { readonly value: Uint8Array; readonly revision: number } | undefined;
    list(prefix: string, after?: string, limit?: number): string[];
  };
  propose(writer: Writer, transaction: Transaction): Promise<Applied>;
  readBarrier(): Promise<void>;
}

/** What serving an instance needs. */
export interface ResourceServerOptions {
  readonly port: MessagePort;
  /** `group:name` of the slice, which confines its keys. */
  readonly artifactBase: string;
  /** Names of the `kv` needs in its manifest. */
  readonly kvNames: ReadonlySet<string>;
  readonly store: ResourceStore;
  readonly log: Logger;
}

/** Serves one instance until it is closed. */
export class ResourceServer {
  readonly #options: ResourceServerOptions;
  readonly #prefix: string;
  #inFlight = 0;
  #malformed = 0;

  constructor(options: ResourceServerOptions) {
    this.#options = options;
    this.#prefix = `${slicePrefix}${options.artifactBase}/`;
    options.port.onmessage = (event: MessageEvent<unknown>) => this.#onMessage(event.data);
  }

  /** Messages that made no sense. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Ends the service. */
  close(): void {
    this.#options.port.close();
  }

  #onMessage(data: unknown): void {
    const parsed = requestSchema.safeParse(data);
    if (!parsed.success) {
      this.#malformed++;
      this.#refuse(data, parsed.error);
      return;
    }
    const request = parsed.data;
    if (request.op === "log") {
      this.#options.log[request.level](request.message, parseFields(request.fields));
      return;
    }
    this.#answer(request).then((reply) => this.#options.port.postMessage(reply));
  }

  /** Whoever waits for an answer gets one: a slice's mistake must not hang its call. */
  #refuse(data: unknown, error: z.ZodError): void {
    const asked = z.object({ id }).safeParse(data);
    if (!asked.success) return;
    const refusal = new AetherError("REQUEST_INVALID", "The resource request is not valid", {
      issues: zodIssues(error),
      hint: "Correct the arguments of the call",
    });
    const reply: ResourceReply = { id: asked.data.id, ok: false, problem: refusal.toProblem() };
    this.#options.port.postMessage(reply);
  }

  async #answer(request: KvRequest): Promise<ResourceReply> {
    if (this.#inFlight >= inFlightMax) {
      const error = new AetherError("OVERLOADED", `${inFlightMax} resource requests are under way`);
      return { id: request.id, ok: false, problem: error.toProblem() };
    }
    this.#inFlight++;
    try {
      return { id: request.id, ok: true, result: await this.#execute(request) };
    } catch (error) {
      return { id: request.id, ok: false, problem: problemOf(error) };
    } finally {
      this.#inFlight--;
    }
  }

  #execute(request: KvRequest): Promise<unknown> {
    const { kvNames, artifactBase } = this.#options;
    if (!kvNames.has(request.resource)) {
      throw new AetherError(
        "CALL_REFUSED",
        `${artifactBase} does not declare a kv() named "${request.resource}"`,
      );
    }
    switch (request.op) {
      case "entry":
        return this.#entry(request.key);
      case "put":
        return this.#put(request);
      case "delete":
        return this.#delete(request);
      case "list":
        return this.#list(request.prefix, request.limit);
    }
  }

  async #entry(key: string): Promise<unknown> {
    checkUserKey(key, this.#prefix);
    await this.#options.store.readBarrier();
    return this.#read(key) ?? null;
  }

  async #list(prefix: string, limit: number): Promise<unknown> {
    const { store } = this.#options;
    await store.readBarrier();
    const found = store.state.list(this.#prefix + prefix, "", limit);
    return found.map((full) => this.#read(full.slice(this.#prefix.length)));
  }

  #read(key: string): { key: string; value: string; revision: number } | undefined {
    const entry = this.#options.store.state.get(this.#prefix + key);
    if (entry === undefined) return undefined;
    return { key, value: decoder.decode(entry.value), revision: entry.revision };
  }

  async #put(request: Extract<KvRequest, { op: "put" }>): Promise<number> {
    checkUserKey(request.key, this.#prefix);
    const value = encoder.encode(request.value);
    if (value.length > limits.kvValueBytes) {
      throw new AetherError(
        "VALUE_TOO_LARGE",
        `The value of key "${request.key}" has ${value.length} bytes; the limit is ` +
          `${limits.kvValueBytes}`,
      );
    }
    const applied = await this.#write(request, {
      type: "put",
      key: this.#prefix + request.key,
      value,
      contentType: jsonType,
    });
    return applied.revision;
  }

  async #delete(request: Extract<KvRequest, { op: "delete" }>): Promise<boolean> {
    checkUserKey(request.key, this.#prefix);
    const applied = await this.#write(request, {
      type: "delete",
      key: this.#prefix + request.key,
    });
    return applied.deleted > 0;
  }

  async #write(
    request: Extract<KvRequest, { op: "put" | "delete" }>,
    operation: KeyOperation,
  ): Promise<Applied> {
    const { store } = this.#options;
    const { key, ifRevision } = request;
    const applied = await store.propose("slice", {
      compare: ifRevision === undefined ? [] : [{ key: operation.key, revision: ifRevision }],
      then: [operation],
      otherwise: [],
    });
    if (!applied.succeeded) {
      throw kvConflict(key, ifRevision ?? 0, this.#read(key)?.revision ?? 0);
    }
    return applied;
  }
}

function problemOf(error: unknown): Problem | SliceProblem {
  return error instanceof SliceError ? error.toProblem() : toAetherError(error).toProblem();
}

function parseFields(text: string): Record<string, unknown> {
  try {
    const fields: unknown = JSON.parse(text);
    return typeof fields === "object" && fields !== null ? { ...fields } : {};
  } catch {
    return { fields: "are not JSON" };
  }
}
