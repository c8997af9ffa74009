/**
 * Serves the resources port of one instance: calls of its resources, and its log lines.
 *
 * Every message comes from a sandbox. What all have in common is checked here, their arguments by
 * the resource that they are for.
 *
 * @module
 */
import { z } from "zod";
import { AetherError, type Problem, toAetherError } from "../base/errors.ts";
import type { SliceProblem } from "../protocol/slice/problem.ts";
import type { ResourceEvent, ResourceReply } from "../protocol/thread/instance.ts";
import { zodIssues } from "../sdk/dispatch.ts";
import { type Logger, logLevels } from "../sdk/logger.ts";
import { SliceError } from "../sdk/slice_error.ts";
import type { CallMessage } from "./factory.ts";

const inFlightMax = 1_000;
/** Of a log line; the shell cuts them as well. */
const lineMax = 16_384;

const id = z.int().min(0);
const logSchema = z.object({
  op: z.literal("log"),
  level: z.enum(logLevels),
  message: z.string(),
  fields: z.string().max(32_768),
});
const callSchema = z.looseObject({ id, resource: z.string(), op: z.string().max(64) });
type Call = z.output<typeof callSchema>;

/** What serving an instance needs. */
export interface InstanceServerOptions {
  readonly port: MessagePort;
  readonly artifact: string;
  /** Calls each of the instance's needs, by name. */
  readonly calls: ReadonlyMap<string, (message: CallMessage) => Promise<unknown>>;
  readonly log: Logger;
}

/** Serves one instance until it is closed. */
export class InstanceServer {
  readonly #options: InstanceServerOptions;
  #inFlight = 0;
  #malformed = 0;
  #isClosed = false;

  constructor(options: InstanceServerOptions) {
    this.#options = options;
    options.port.onmessage = (event: MessageEvent<unknown>) => this.#onMessage(event.data);
  }

  /** Messages that made no sense. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Tells a handle of the instance something. */
  notify(event: ResourceEvent): void {
    if (!this.#isClosed) this.#options.port.postMessage(event);
  }

  /** Ends the service. */
  close(): void {
    this.#isClosed = true;
    this.#options.port.close();
  }

  #onMessage(data: unknown): void {
    if (isLog(data)) {
      const parsed = logSchema.safeParse(data);
      if (!parsed.success) {
        this.#malformed++;
        return;
      }
      const { level, message, fields } = parsed.data;
      this.#options.log[level](message.slice(0, lineMax), parseFields(fields));
      return;
    }
    const parsed = callSchema.safeParse(data);
    if (parsed.success) {
      this.#answer(parsed.data).then((reply) => {
        if (!this.#isClosed) this.#options.port.postMessage(reply);
      });
      return;
    }
    this.#malformed++;
    this.#refuse(data, parsed.error);
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

  async #answer(request: Call): Promise<ResourceReply> {
    if (this.#inFlight >= inFlightMax) {
      const error = new AetherError("OVERLOADED", `${inFlightMax} resource requests are under way`);
      return { id: request.id, ok: false, problem: error.toProblem() };
    }
    this.#inFlight++;
    try {
      return { id: request.id, ok: true, result: await this.#execute(request) };
    } catch (error) {
      if (error instanceof AetherError && error.name === "REQUEST_INVALID") this.#malformed++;
      return { id: request.id, ok: false, problem: problemOf(error) };
    } finally {
      this.#inFlight--;
    }
  }

  #execute({ resource, ...message }: Call): Promise<unknown> {
    const { calls, artifact } = this.#options;
    const call = calls.get(resource);
    if (call !== undefined) return call(message);
    throw new AetherError(
      "CALL_REFUSED",
      `${artifact} does not declare a resource named ${JSON.stringify(resource.slice(0, 80))}`,
    );
  }
}

function isLog(data: unknown): boolean {
  return typeof data === "object" && data !== null && "op" in data && data.op === "log" &&
    !("id" in data);
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
