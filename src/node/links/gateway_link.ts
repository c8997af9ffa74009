/**
 * {@link GatewayLink}: control's end of the port to the gateway, and what is sent over it.
 *
 * The gateway may be restarted at any time; the new one is told everything anew.
 *
 * @module
 */
import { GatewayCalls } from "../../io/calls/gateway_calls.ts";
import type { Config } from "../../protocol/config/config.ts";
import { RouteFeed } from "../../protocol/thread/route_feed.ts";
import type {
  ControlToGateway,
  GatewayToControl,
  RouteSnapshot,
} from "../../protocol/thread/threads.ts";

/** What control knows and the gateway wants to know. */
export interface GatewayLinkOptions {
  /** The routes as of now. */
  routes(): RouteSnapshot;
  /** The configuration, when it is another one than the gateway was started with. */
  config(): Config | undefined;
  /**
   * Whether control knows no routes yet that are of any use: the first gateway keeps those that it
   * has, or lets requests wait. @default {false}
   */
  readonly holdsRoutes?: boolean;
}

/** What the gateway tells, but for what the link answers itself. */
export type GatewayNews = Exclude<GatewayToControl, { readonly type: "resync" }>;

/** The gateway as control sees it. */
export class GatewayLink {
  /** Calls methods of slices for the node itself. */
  readonly calls: GatewayCalls = new GatewayCalls();
  readonly #options: GatewayLinkOptions;
  readonly #feed = new RouteFeed();
  #port: MessagePort | undefined;
  #holdsRoutes: boolean;

  constructor(options: GatewayLinkOptions) {
    this.#options = options;
    this.#holdsRoutes = options.holdsRoutes ?? false;
  }

  /** Connects the gateway, and after its restart again. */
  connect(port: MessagePort, onNews: (news: GatewayNews) => void): void {
    // A second one is new and knows nothing.
    if (this.#port !== undefined) this.#holdsRoutes = false;
    this.#port?.close();
    this.#port = port;
    port.onmessage = ({ data: message }: MessageEvent<GatewayToControl>) => {
      if (message.type === "resync") this.sendRoutes(true);
      else onNews(message);
    };
    this.sendConfig();
    this.sendRoutes(true);
    const calls = this.calls.connectNew();
    this.post({ type: "calls", port: calls }, [calls]);
  }

  /** By now, control knows what the gateway does. */
  releaseRoutes(): void {
    if (!this.#holdsRoutes) return;
    this.#holdsRoutes = false;
    this.sendRoutes(true);
  }

  /** Sends what changed of the routes, or all of them. */
  sendRoutes(isAll = false): void {
    if (this.#holdsRoutes) return;
    this.post(this.#feed.next(this.#options.routes(), isAll));
  }

  /** Sends the configuration, if there is anything new. */
  sendConfig(): void {
    const config = this.#options.config();
    if (config === undefined) return;
    const { app, calls, log } = config;
    this.post({ type: "config", app, calls, log });
  }

  /** Posts a message; without a gateway it is lost, and the next one is told everything. */
  post(message: ControlToGateway, transfer: Transferable[] = []): void {
    this.#port?.postMessage(message, transfer);
  }

  /** Ends the connection; calls under way are answered "unknown". */
  close(): void {
    this.calls.close();
    this.#port?.close();
    this.#port = undefined;
  }
}
