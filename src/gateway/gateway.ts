/**
 * The data plane: HTTP requests and slice calls to instances, and their answers back.
 *
 * It keeps serving what it knows while control is busy or gone. It decides nothing about
 * deployment; routes come from control, instances from the supervisor.
 *
 * @module
 */
import { AetherError, toAetherError } from "../base/errors.ts";
import type { Config } from "../protocol/config/config.ts";
import type { RouteSnapshot } from "../protocol/thread/threads.ts";
import type { MethodManifest } from "../protocol/slice/manifest.ts";
import { type Answer, type Call, InstanceLink, type InvokeRequest } from "./instance_link.ts";
import { readBody, RequestIds, splitUrl } from "./request_reader.ts";
import { errorResponse, outputResponse, problemResponse } from "./responses.ts";
import { type RouteTarget, type Service, Services } from "./services.ts";

/** Routes requests; `server.ts` gives it HTTP, `main.ts` the messages of the other threads. */
export class Gateway {
  readonly #config: Config["app"];
  readonly #services: Services;
  readonly #requestIds = new RequestIds();

  constructor(config: Config["app"], onDrained: (instance: string) => void) {
    this.#config = config;
    this.#services = new Services(onDrained);
  }

  /** Replaces the routes. */
  applyRoutes(snapshot: RouteSnapshot): void {
    this.#services.apply(snapshot);
  }

  /** Reports the instance as drained once it has nothing left to answer. */
  drain(instance: string): void {
    this.#services.drain(instance);
  }

  /** A new instance. */
  addInstance(instance: string, port: MessagePort): void {
    this.#services.addInstance(
      new InstanceLink(instance, port, (link, request) => {
        this.#onInvoke(link, request);
      }),
    );
  }

  /** An instance has ended. */
  removeInstance(instance: string): void {
    this.#services.removeInstance(instance);
  }

  /** Ends calls whose deadline has passed; called every 100 ms or so. */
  expire(): void {
    this.#services.expire(performance.now());
  }

  /** Calls under way. */
  get inFlight(): number {
    return this.#services.inFlight;
  }

  /** Answers an HTTP request; never rejects. */
  async handle(request: Request): Promise<Response> {
    const requestId = this.#requestIds.of(request.headers);
    try {
      return await this.#handle(request, requestId);
    } catch (error) {
      return errorResponse(toAetherError(error), requestId);
    }
  }

  async #handle(request: Request, requestId: string): Promise<Response> {
    const { headers } = request;
    if (headers.get("host") === null) {
      throw new AetherError("REQUEST_INVALID", "The request has no Host header: send one");
    }
    const { path, query } = splitUrl(request.url);
    const found = this.#services.route(request.method, path);
    if (found === undefined) {
      if (this.#services.ready) {
        throw new AetherError("ROUTE_NOT_FOUND", `No slice serves ${request.method} ${path}`);
      }
      throw new AetherError("NO_INSTANCE", "The node is starting and knows no routes yet");
    }
    if ("allow" in found) return notAllowed(request.method, path, found.allow, requestId);
    const { value: target, parameters } = found;
    const reading = readBody(request, this.#config.maxBodyBytes);
    const body = reading === null ? null : await reading;
    const answer = await this.#call(target.service, target.manifest, {
      method: target.method,
      requestId,
      remainingMs: Math.min(target.manifest.timeoutMs, this.#config.requestTimeoutMs),
      pathParameters: parameters,
      query,
      body,
      meta: metaOf(headers, target),
    }, request.signal);
    return this.#respond(answer, target, requestId);
  }

  #respond(answer: Answer, target: RouteTarget, requestId: string): Response {
    if (answer.kind === "output") return outputResponse(answer.status, answer.body, requestId);
    if (answer.kind === "problem") return problemResponse(answer.status, answer.body, requestId);
    throw failure(answer, target.service, target.method);
  }

  /** Calls an instance; once more when the first one was lost and the method is idempotent. */
  async #call(
    service: Service,
    manifest: MethodManifest,
    call: Call,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const first = pick(service, undefined, this.#config.maxInFlightPerInstance);
    const answer = await send(first, call, signal);
    if (answer.kind !== "lost" || !manifest.idempotent) return answer;
    return await send(pick(service, first, this.#config.maxInFlightPerInstance), call, signal);
  }

  #onInvoke(link: InstanceLink, request: InvokeRequest): void {
    this.#invoke(link, request).then(
      ({ status, body }) => link.reply(request.id, true, status, body),
      (error: unknown) => {
        const { status, body } = error instanceof ProblemAnswer ? error : problemOf(error, request);
        link.reply(request.id, false, status, body);
      },
    );
  }

  async #invoke(
    link: InstanceLink,
    request: InvokeRequest,
  ): Promise<{ status: number; body: string }> {
    const caller = this.#services.ofInstance(link.id)?.routed;
    if (caller !== undefined && !caller.calls.includes(request.contract)) {
      throw new AetherError(
        "CALL_REFUSED",
        `${caller.artifact} calls ${request.contract}, which it does not declare to need`,
      );
    }
    const service = this.#services.contract(request.contract);
    const manifest = service?.routed.methods[request.method];
    if (service === undefined) {
      throw new AetherError("NO_INSTANCE", `No instance of ${request.contract} is running`);
    }
    if (manifest === undefined) {
      throw new AetherError(
        "CALL_REFUSED",
        `${service.routed.artifact} has no method "${request.method}"`,
      );
    }
    const requestId = request.requestId === ""
      ? this.#requestIds.of(new Headers())
      : request.requestId;
    const meta = request.meta === "" ? {} : JSON.parse(request.meta) as Record<string, unknown>;
    const answer = await this.#call(service, manifest, {
      method: request.method,
      requestId,
      remainingMs: Math.min(request.timeoutMs, manifest.timeoutMs),
      pathParameters: null,
      query: "",
      body: request.input,
      meta: JSON.stringify({ ...meta, caller: caller?.contract ?? "" }),
    });
    if (answer.kind === "output") return answer;
    if (answer.kind === "problem") throw new ProblemAnswer(answer.status, answer.body);
    throw failure(answer, service, request.method);
  }
}

/** A problem that the called slice answered, on its way to the calling one. */
class ProblemAnswer {
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    this.status = status;
    this.body = body;
  }
}

function problemOf(
  error: unknown,
  request: InvokeRequest,
): { readonly status: number; readonly body: string } {
  const known = toAetherError(error);
  return { status: known.status, body: JSON.stringify(known.toProblem(request.requestId)) };
}

function pick(
  service: Service,
  except: InstanceLink | undefined,
  maxInFlight: number,
): InstanceLink {
  const link = service.pick(except);
  const { artifact } = service.routed;
  if (link === undefined) {
    throw new AetherError("NO_INSTANCE", `No instance of ${artifact} is running on this node`);
  }
  if (link === "full" || link.inFlight >= maxInFlight) {
    throw new AetherError("OVERLOADED", `Every instance of ${artifact} is at its limit of calls`);
  }
  return link;
}

function send(link: InstanceLink, call: Call, signal?: AbortSignal): Promise<Answer> {
  const { id, answer } = link.call(call);
  // The listener dies with the request, so it needs no removal.
  signal?.addEventListener("abort", () => link.abort(id), { once: true });
  return answer;
}

function failure(answer: Answer, service: Service, method: string): AetherError {
  const name = `${service.routed.artifact} ${method}`;
  return answer.kind === "timeout"
    ? new AetherError("DEADLINE_EXCEEDED", `${name} did not answer before its deadline`)
    : new AetherError("NO_INSTANCE", `The instance of ${name} ended during the call`);
}

function notAllowed(
  method: string,
  path: string,
  allowed: readonly string[],
  requestId: string,
): Response {
  const allow = allowed.includes("GET") ? ["HEAD", ...allowed] : [...allowed];
  const header: [string, string] = ["allow", [...new Set(allow), "OPTIONS"].sort().join(", ")];
  if (method === "OPTIONS") {
    return new Response(null, { status: 204, headers: [header, ["x-request-id", requestId]] });
  }
  const error = new AetherError(
    "METHOD_NOT_ALLOWED",
    `${path} does not answer ${method}: use ${header[1]}`,
  );
  return errorResponse(error, requestId, [header]);
}

function metaOf(headers: Headers, target: RouteTarget): string {
  const traceparent = headers.get("traceparent");
  const wanted = target.manifest.headers;
  if (traceparent === null && wanted.length === 0) return "";
  const found: Record<string, string> = {};
  for (const name of wanted) {
    const value = headers.get(name);
    if (value !== null) found[name] = value;
  }
  return JSON.stringify({ ...(traceparent === null ? {} : { traceparent }), headers: found });
}
