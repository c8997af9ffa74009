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
import type { Caller, RouteSnapshot } from "../protocol/thread/threads.ts";
import type { MethodManifest } from "../protocol/slice/manifest.ts";
import type { Link, Transport } from "../base/transport/transport.ts";
import type { Answer, Call } from "./call.ts";
import { Calls, note } from "./calls/calls.ts";
import type { Service } from "./calls/service.ts";
import { InstanceLink, type InvokeRequest } from "./instance_link.ts";
import { PeerGateway } from "./peer_gateway.ts";
import { PeerServer, type TakenCall } from "./peer_server.ts";
import { readBody, RequestIds, splitUrl } from "./request_reader.ts";
import { errorResponse, outputResponse, problemResponse } from "./responses.ts";
import { type RouteTarget, Services } from "./services.ts";

/** Silence after which another node's gateway is given up. */
const peerSilenceMs = 1_000;

/** What a gateway needs. */
export interface GatewayOptions {
  readonly config: Config["app"];
  readonly node: string;
  /** Dials the gateways of other nodes. */
  readonly transport: Transport;
  onDrained(instance: string): void;
}

/** Routes requests; `server.ts` gives it HTTP, `main.ts` the messages of the other threads. */
export class Gateway {
  #config: Config["app"];
  readonly #services: Services;
  readonly #calls: Calls;
  readonly #requestIds = new RequestIds();
  readonly #peerServer: PeerServer;
  #cluster = "";

  constructor(options: GatewayOptions) {
    const { config, node, transport, onDrained } = options;
    this.#config = config;
    const hello = () => ({ cluster: this.#cluster, node });
    const silenceMs = () => peerSilenceMs;
    this.#services = new Services({
      node,
      onDrained,
      connect: (peer, address) =>
        new PeerGateway({ node: peer, address, transport, hello, silenceMs }),
      inFlightMax: config.maxInFlightPerInstance,
    });
    this.#calls = new Calls({
      find: (contract) => this.#services.contract(contract),
      random: Math.random,
      sleep: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
    });
    this.#peerServer = new PeerServer({
      hello,
      callLocal: (artifact, call) => this.#callLocal(artifact, call),
    });
  }

  /** Serves a link that another node's gateway has opened. */
  servePeer(link: Link): void {
    this.#peerServer.serve(link);
  }

  /** Takes over limits that were changed while the node runs. */
  configure(config: Config["app"]): void {
    this.#config = config;
    this.#services.limitInFlight(config.maxInFlightPerInstance);
  }

  /** Replaces the routes. */
  applyRoutes(snapshot: RouteSnapshot): void {
    this.#cluster = snapshot.cluster;
    this.#services.apply(snapshot);
  }

  /** Reports the instance as drained once it has nothing left to answer. */
  drain(instance: string): void {
    this.#services.drain(instance);
  }

  /** A new instance. */
  addInstance(instance: string, caller: Caller, port: MessagePort): void {
    this.#services.addInstance(
      new InstanceLink(instance, port, (link, request) => {
        this.#onInvoke(link, caller, request);
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
    const answer = await this.#calls.send(target.service, target.manifest, {
      method: target.method,
      requestId,
      remainingMs: Math.min(target.manifest.timeoutMs, this.#config.requestTimeoutMs),
      pathParameters: parameters,
      query,
      body,
      meta: metaOf(headers, target),
      caller: request,
    });
    return this.#respond(answer, target, requestId);
  }

  #respond(answer: Answer, target: RouteTarget, requestId: string): Response {
    if (answer.kind === "output") return outputResponse(answer.status, answer.body, requestId);
    if (answer.kind === "problem") return problemResponse(answer.status, answer.body, requestId);
    throw failure(answer, target.service, target.method, target.manifest);
  }

  /** Takes a call of another node's gateway. */
  #callLocal(artifact: string, call: Call): TakenCall | "notHosted" | "full" {
    const target = this.#services.version(artifact)?.pickLocal(call.affinity);
    if (target === undefined) return "notHosted";
    if (target === "full") return target;
    const { id, answer } = target.call(call);
    const noted = answer.then((settled) => {
      note(target, settled, call.remainingMs, Math.random);
      return settled;
    });
    return { answer: noted, abort: () => target.abort(id) };
  }

  #onInvoke(link: InstanceLink, caller: Caller, request: InvokeRequest): void {
    this.#invoke(caller, request).then(
      ({ status, body }) => link.reply(request.id, true, status, body),
      (error: unknown) => {
        const { status, body } = error instanceof ProblemAnswer ? error : problemOf(error, request);
        link.reply(request.id, false, status, body);
      },
    );
  }

  async #invoke(
    caller: Caller,
    request: InvokeRequest,
  ): Promise<{ status: number; body: string }> {
    if (!caller.calls.includes(request.contract)) {
      throw new AetherError(
        "CALL_REFUSED",
        `${caller.contract} calls ${request.contract}, which it does not declare to need`,
      );
    }
    const service = this.#services.contract(request.contract);
    if (service === undefined) {
      throw new AetherError("NO_INSTANCE", `No instance of ${request.contract} is running`);
    }
    const manifest = service.method(request.method);
    if (manifest === undefined) {
      throw new AetherError(
        "CALL_REFUSED",
        `${request.contract} has no method "${request.method}"`,
      );
    }
    const requestId = request.requestId === ""
      ? this.#requestIds.of(new Headers())
      : request.requestId;
    const answer = await this.#calls.send(service, manifest, {
      method: request.method,
      requestId,
      remainingMs: Math.min(request.timeoutMs, manifest.timeoutMs),
      pathParameters: null,
      query: "",
      body: request.input,
      meta: JSON.stringify({ traceparent: traceOf(request.meta), caller: caller.contract }),
    });
    if (answer.kind === "output") return answer;
    if (answer.kind === "problem") throw new ProblemAnswer(answer.status, answer.body);
    throw failure(answer, service, request.method, manifest);
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

/** The error of a call that got no answer of a slice. */
function failure(
  answer: Answer,
  service: Service,
  method: string,
  manifest: MethodManifest,
): AetherError {
  const artifact = service.versions[0]?.routed.artifact ?? service.contract;
  const name = `${artifact} ${method}`;
  switch (answer.kind) {
    case "timeout":
    case "aborted":
      return new AetherError("DEADLINE_EXCEEDED", `${name} did not answer before its deadline`);
    case "full":
      return new AetherError(
        "OVERLOADED",
        `Every instance of ${artifact} is at its limit of calls`,
      );
    case "lost":
      if (manifest.idempotent) break;
      return new AetherError(
        "CALL_OUTCOME_UNKNOWN",
        `The instance of ${name}, or its node, ended during the call`,
      );
  }
  return new AetherError("NO_INSTANCE", `No instance of ${artifact} could be reached`);
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

/** The trace context that a slice passes on; nothing else that it says of its call is believed. */
function traceOf(meta: string): string | undefined {
  const parsed: unknown = meta === "" ? undefined : JSON.parse(meta);
  if (typeof parsed !== "object" || parsed === null || !("traceparent" in parsed)) return undefined;
  return typeof parsed.traceparent === "string" ? parsed.traceparent : undefined;
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
