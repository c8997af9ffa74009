/**
 * The data plane: HTTP requests and slice calls to instances, and their answers back.
 *
 * It keeps serving what it knows while control is busy or gone. It decides nothing about
 * deployment; routes come from control, instances from the supervisor.
 *
 * @module
 */
import { AetherError, toAetherError } from "../base/errors.ts";
import type { TcpSockets } from "../io/tcp_sockets.ts";
import type { Config } from "../protocol/config/config.ts";
import { type CallDeadlines, callDeadlines } from "../protocol/config/sections/deadlines.ts";
import type { Caller, RouteSnapshot } from "../protocol/thread/threads.ts";
import type { Link, Transport } from "../base/transport/transport.ts";
import type { Answer, Call } from "./call.ts";
import { variantsOf, withVariants } from "./calls/split.ts";
import { Calls, note } from "./calls/calls.ts";
import { callFailure } from "./calls/failure.ts";
import { Figures, type TakenFigures } from "./calls/figures.ts";
import { Interceptors } from "./calls/interceptors.ts";
import { InternalCalls } from "./calls/internal_calls.ts";
import { Invocations, type InvocationsOptions } from "./calls/invocations.ts";
import { InstanceLink } from "./instance_link.ts";
import { PeerGateway } from "./peer_gateway.ts";
import { PeerServer, type TakenCall } from "./peer_server.ts";
import type { Logger } from "../sdk/logger.ts";
import type { Peer } from "./http/connection_guard.ts";
import { HttpFront } from "./http/front.ts";
import { splitUrl } from "./http/request_reader.ts";
import {
  allowHeader,
  answerResponse,
  errorResponse,
  notAllowed,
  streamResponse,
} from "./http/responses.ts";
import { StartWait } from "./http/start_wait.ts";
import { openSocket } from "./http/sockets.ts";
import { type RouteTarget, Services } from "./services.ts";

/** The part of the configuration that a gateway follows. */
export type GatewayConfig = Pick<Config, "app" | "calls">;

/** What a gateway needs. */
export interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly node: string;
  /** Dials the gateways of other nodes. */
  readonly transport: Transport;
  /** For the access log, and for the end of calls that nobody waits for. @default {none} */
  readonly log?: Logger;
  onDrained(instance: string): void;
  /** An instance has flooded its port and takes no more calls: end it. @default {nothing} */
  onFlood?(instance: string, cause: string): void;
}

/** Routes requests; `server.ts` gives it HTTP, `main.ts` the messages of the other threads. */
export class Gateway {
  #config: GatewayConfig;
  #deadlines: CallDeadlines;
  readonly #services: Services;
  readonly #calls: Calls;
  readonly #interceptors: Interceptors;
  readonly #figures = new Figures();
  readonly #invocations: Invocations;
  readonly #internalCalls: InternalCalls;
  readonly #front: HttpFront;
  readonly #onFlood: (instance: string, cause: string) => void;
  readonly #peerServer: PeerServer;
  readonly #start = new StartWait();
  #cluster = "";

  constructor(options: GatewayOptions) {
    const { config, node, transport, log, onDrained } = options;
    this.#config = config;
    this.#deadlines = callDeadlines(config);
    this.#onFlood = (instance, cause) => options.onFlood?.(instance, cause);
    this.#front = new HttpFront(config.app, log);
    const hello = () => ({ cluster: this.#cluster, node });
    const silenceMs = () => this.#deadlines.forwardMs;
    this.#services = new Services({
      node,
      onDrained,
      connect: (peer, address) =>
        new PeerGateway({ node: peer, address, transport, hello, silenceMs }),
      inFlightMax: config.app.maxInFlightPerInstance,
    });
    const find = (contract: string) => this.#services.contract(contract);
    this.#calls = new Calls({
      find,
      random: Math.random,
      sleep: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
      onEnd: (artifact, method, durationMs, answer) =>
        this.#figures.add(artifact, method, durationMs, answer),
    });
    this.#interceptors = new Interceptors({
      log,
      send: (service, manifest, call) => this.#calls.send(service, manifest, call),
      count: (artifact, method, outcome) => this.#figures.addOutcome(artifact, method, outcome),
    });
    this.#interceptors.switchOff(config.calls.interceptorsOff);
    const calling: InvocationsOptions = {
      log,
      send: (service, manifest, call) => this.#interceptors.send(service, manifest, call),
      find,
      nextRequestId: () => this.#front.requestIds.next(),
      limits: () => ({
        answerMs: this.#deadlines.answerMs,
        maxBytes: this.#config.calls.maxBytes,
        maxDepth: this.#config.calls.maxDepth,
      }),
    };
    this.#invocations = new Invocations(calling);
    this.#internalCalls = new InternalCalls(calling);
    this.#peerServer = new PeerServer({
      hello,
      callLocal: (artifact, call) => this.#callLocal(artifact, call),
    });
  }

  /** Serves a link that another node's gateway has opened. */
  servePeer(link: Link): void {
    this.#peerServer.serve(link);
  }

  /** Makes the calls that another thread of this node asks for on a port. */
  serveCalls(port: MessagePort): void {
    this.#internalCalls.serve(port);
  }

  /** Takes over limits that were changed while the node runs. */
  configure(config: GatewayConfig): void {
    this.#config = config;
    this.#deadlines = callDeadlines(config);
    this.#front.configure(config.app);
    this.#services.limitInFlight(config.app.maxInFlightPerInstance);
    this.#interceptors.switchOff(config.calls.interceptorsOff);
  }

  /** Replaces the routes. */
  applyRoutes(snapshot: RouteSnapshot): void {
    this.#cluster = snapshot.cluster;
    this.#services.apply(snapshot);
    this.#start.end();
    this.#interceptors.refresh(this.#services.all);
  }

  /** Reports the instance as drained once it has nothing left to answer. */
  drain(instance: string): void {
    this.#services.drain(instance);
  }

  /** A new instance. */
  addInstance(instance: string, caller: Caller, port: MessagePort): void {
    this.#services.addInstance(
      new InstanceLink(instance, port, (link, request) => {
        this.#invocations.take(link, caller, request);
      }, (cause) => {
        this.#services.removeInstance(instance);
        this.#onFlood(instance, cause);
      }),
    );
  }

  /** Whether an instance is expected to answer soon. */
  setHealth(instance: string, isHealthy: boolean): void {
    this.#services.setHealth(instance, isHealthy);
  }

  /** An instance has ended. */
  removeInstance(instance: string): void {
    this.#services.removeInstance(instance);
  }

  /** Ends what would never end by itself, so that the server can shut down. */
  endEndless(): void {
    this.#services.endEndless();
  }

  /** Keeps time limits of the connections to a port, where the system lets it. */
  guardConnections(sockets: TcpSockets, port: number): void {
    this.#front.watch(sockets, port);
  }

  /** Ends calls whose deadline has passed; called every 100 ms or so. */
  expire(): void {
    const now = performance.now();
    this.#services.expire(now);
    this.#front.expire(now);
    this.#peerServer.expire(now);
  }

  /** What was counted of calls. */
  takeFigures(): TakenFigures {
    return this.#figures.take();
  }

  /** Calls under way. */
  get inFlight(): number {
    return this.#services.inFlight;
  }

  /** Answers an HTTP request; never rejects. */
  async handle(request: Request, peer?: Peer): Promise<Response> {
    const front = this.#front;
    const requestId = front.requestIds.of(request.headers);
    const startMs = front.finishes ? performance.now() : 0;
    if (peer !== undefined) front.guard?.begin(peer);
    let response: Response;
    try {
      response = await this.#handle(request, requestId, peer);
    } catch (error) {
      response = errorResponse(toAetherError(error), requestId);
    }
    if (peer !== undefined) front.guard?.end(peer);
    if (front.finishes) front.finish(request, response, { requestId, startMs, peer });
    return response;
  }

  async #handle(request: Request, requestId: string, peer: Peer | undefined): Promise<Response> {
    const { headers, method } = request;
    // Over TLS clients speak HTTP/2, which has no such header.
    if (headers.get("host") === null && request.url.startsWith("http:")) {
      throw new AetherError("REQUEST_INVALID", "The request has no Host header: send one");
    }
    const { path, query } = splitUrl(request.url);
    if (!this.#services.ready) await this.#start.wait(this.#deadlines.answerMs);
    const found = this.#services.route(method, path);
    if (found === undefined) {
      throw new AetherError("ROUTE_NOT_FOUND", `No slice serves ${method} ${path}`);
    }
    if ("allow" in found) {
      const allow = allowHeader(found.allow);
      return this.#front.preflight(request, allow) ?? notAllowed(method, path, allow, requestId);
    }
    const { value: target, parameters } = found;
    const { manifest } = target;
    let failed: AetherError | undefined;
    const reading = this.#front.body(request, manifest, (error) => failed = error);
    const body = reading instanceof Promise ? await reading : reading;
    const variants = variantsOf(this.#services.tested, headers, requestId);
    const variant = variants?.[target.service.contract];
    const answer = await this.#interceptors.send(target.service, manifest, {
      ...(variant === undefined ? {} : { variant }),
      method: target.method,
      requestId,
      remainingMs: Math.min(manifest.timeoutMs, this.#deadlines.answerMs),
      pathParameters: parameters,
      query,
      body,
      meta: withVariants(this.#front.meta(request, manifest, peer), variants),
      caller: request,
    });
    // The slice was told as well; what it says of the body is not what the client needs to know.
    if (failed !== undefined && answer.kind !== "stream") throw failed;
    return this.#respond(request, answer, target, { requestId, peer });
  }

  #respond(
    request: Request,
    answer: Answer,
    target: RouteTarget,
    { requestId, peer }: { readonly requestId: string; readonly peer: Peer | undefined },
  ): Response {
    switch (answer.kind) {
      case "output":
      case "problem":
        return answerResponse(answer, requestId);
      case "stream":
        if (request.method === "HEAD") {
          answer.cancel();
          const { status, head } = answer;
          const empty = { kind: "output", status, body: "" } as const;
          return answerResponse(head === undefined ? empty : { ...empty, head }, requestId);
        }
        if (peer?.completed !== undefined) {
          this.#front.guard?.hold(peer.remoteAddr, peer.completed);
        }
        return streamResponse(answer, requestId);
      case "socket":
        if (target.manifest.stream === "socket") {
          // Of an upgraded request it cannot be asked.
          const remote = peer?.remoteAddr;
          const { response, closed } = openSocket(request, answer, this.#front.socketLimits);
          if (remote !== undefined) this.#front.guard?.hold(remote, closed);
          return response;
        }
        answer.close({ code: 1011, reason: "" });
        throw new AetherError("SLICE_FAILED", "The slice answered with a socket");
      default:
        throw callFailure(answer, target.service, target.method, target.manifest.idempotent);
    }
  }

  /** Takes a call of another node's gateway. */
  #callLocal(artifact: string, call: Call): TakenCall | "notHosted" | "full" {
    const target = this.#services.version(artifact)?.pickLocal(call.affinity);
    if (target === undefined) return "notHosted";
    if (target === "full") return target;
    const { id, answer } = target.call(call);
    // The call itself, and with it the body, is not kept until the answer.
    const { remainingMs } = call;
    const noted = answer.then((settled) => {
      note(target, settled, remainingMs, Math.random);
      return settled;
    });
    return { answer: noted, abort: () => target.abort(id) };
  }
}
