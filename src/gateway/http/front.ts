/**
 * The HTTP side of the gateway, apart from calls: limits of bodies, CORS, client addresses, the
 * access log.
 *
 * @module
 */
import type { AetherError } from "../../base/errors.ts";
import type { TcpSockets } from "../../io/tcp_sockets.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { MethodManifest } from "../../protocol/slice/manifest.ts";
import type { Logger } from "../../sdk/logger.ts";
import { AccessLog } from "./access_log.ts";
import { BodyReader } from "./body_reader.ts";
import { addressOf, type ClosedFor, ConnectionGuard, type Peer } from "./connection_guard.ts";
import { clientOf, requestMeta } from "./call_meta.ts";
import { Cors } from "./cors.ts";
import { RequestIds, splitUrl } from "./request_reader.ts";
import { checkUpgrade } from "./sockets.ts";

type AppConfig = Config["app"];

const sweepIntervalMs = 1_000;

/** Body of a call, as far as the method wants it. */
export type CallBody = string | null | ReadableStream<Uint8Array>;

/** HTTP beside the calls. */
export class HttpFront {
  readonly requestIds: RequestIds = new RequestIds();
  /** Watches connections, once `watch()` was called and where the system lets it. */
  guard: ConnectionGuard | undefined;
  readonly #accessLog: AccessLog;
  readonly #bodies: BodyReader;
  readonly #log: Logger | undefined;
  #sweptAt = 0;
  #config: AppConfig;
  #cors: Cors;
  #trusted: ReadonlySet<string> = new Set();

  /** @param log for the access log */
  constructor(config: AppConfig, log: Logger | undefined) {
    this.#config = config;
    this.#log = log;
    this.#accessLog = new AccessLog(log);
    this.#bodies = new BodyReader(config);
    this.#cors = new Cors(config.cors);
    this.configure(config);
  }

  /** Takes over limits that were changed while the node runs. */
  configure(config: AppConfig): void {
    this.#config = config;
    this.#accessLog.configure(config);
    this.#bodies.configure(config);
    this.#cors = new Cors(config.cors);
    this.guard?.configure(config);
    this.#trusted = new Set(config.trustedProxies);
  }

  /** Watches the connections to a port from now on. */
  watch(sockets: TcpSockets, port: number): void {
    this.guard = new ConnectionGuard(sockets, port, this.#config);
  }

  /** Gives up on bodies that do not come, and on connections that only wait. */
  expire(now: number): void {
    this.#bodies.expire(now);
    if (this.guard === undefined || now - this.#sweptAt < sweepIntervalMs) return;
    this.#sweptAt = now;
    const closed = this.guard.sweep(now);
    if (closed.length > 0) this.#log?.debug("Connections of clients were closed", countOf(closed));
  }

  /** Whether answers need `finish()`. */
  get finishes(): boolean {
    return this.#accessLog.isOn || this.#cors.isOn;
  }

  /**
   * The body of a request, and checks whether it is one for this method.
   *
   * @param onFail told when a body that is a stream fails
   */
  body(
    request: Request,
    manifest: MethodManifest,
    onFail: (error: AetherError) => void,
  ): CallBody | Promise<string> {
    if (manifest.stream === "socket") checkUpgrade(request, (origin) => this.#cors.allows(origin));
    return manifest.body === "stream"
      ? this.#bodies.stream(request, onFail)
      : this.#bodies.read(request);
  }

  /** What travels with a call beside its input. */
  meta(request: Request, manifest: MethodManifest, peer: Peer | undefined): string {
    return requestMeta(request.headers, manifest.headers, this.#clientOf(request, peer));
  }

  /** The answer to a browser that asks whether it may send a request. */
  preflight(request: Request, allow: string): Response | undefined {
    return this.#cors.isOn ? this.#cors.preflight(request, allow) : undefined;
  }

  /** Adds what the answer needs beside the call's, and writes the access log. */
  finish(
    request: Request,
    response: Response,
    about: {
      readonly requestId: string;
      readonly startMs: number;
      readonly peer: Peer | undefined;
    },
  ): void {
    const origin = this.#cors.isOn ? request.headers.get("origin") : null;
    // The headers of an upgrade cannot be changed.
    if (origin !== null && response.status !== 101) this.#cors.allow(response, origin);
    const { status } = response;
    if (!this.#accessLog.wants(status)) return;
    const now = performance.now();
    this.#accessLog.write({
      method: request.method,
      path: splitUrl(request.url).path,
      status,
      durationMs: now - about.startMs,
      requestId: about.requestId,
      client: this.#clientOf(request, about.peer),
    }, now);
  }

  /** Limits of sockets. */
  get socketLimits(): Pick<AppConfig, "writeTimeoutMs"> {
    return this.#config;
  }

  #clientOf(request: Request, peer: Peer | undefined): string | undefined {
    const hostname = peer === undefined ? undefined : addressOf(peer)?.hostname;
    return clientOf(request.headers, hostname, this.#trusted);
  }
}

function countOf(closed: readonly ClosedFor[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reason of closed) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
