/**
 * Which addresses the node may connect to for a slice: the second wall behind the list of hosts.
 *
 * A name that is allowed may lead anywhere, today or tomorrow (DNS rebinding). So each address is
 * checked when the connection is made, and the connection goes to the address that was checked.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { AetherError } from "../../base/errors.ts";
import { netAllows, neverReachable } from "../../deployment/ceiling.ts";
import { extensionKey } from "../factory.ts";

const peersMaxAgeMs = 60_000;

/** What the configuration and the machine say about addresses. */
export interface NetworkOptions {
  /** `[sandbox.max] net`: an inner address that stands there by itself may be reached. */
  readonly ceiling: readonly string[];
  /** Names and addresses of the cluster's other nodes. */
  readonly peers: readonly string[];
  /** Addresses of this machine. */
  readonly machine: readonly string[];
  /** Resolves a name to its addresses. @default {the system's resolver} */
  resolve?(host: string): Promise<readonly string[]>;
}

/** Key of the extension. */
export const networkExtension = extensionKey<Network>("network");

/** Decides about addresses. */
export class Network {
  readonly #options: NetworkOptions;
  #ownPorts: ReadonlySet<number> = new Set();
  #peers: readonly string[] = [];
  #peersAtMs = -Infinity;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Says where this node listens, `host:port`. */
  listen(addresses: readonly string[]): void {
    const ports = addresses.map((address) => Number(address.slice(address.lastIndexOf(":") + 1)));
    this.#ownPorts = new Set(ports.filter((port) => port > 0));
  }

  /**
   * The addresses of a host that may be connected to.
   *
   * @throws {AetherError} HTTP_REFUSED when there are only others; HTTP_UNREACHABLE when the name
   * does not resolve.
   */
  async addressesOf(host: string, port: number): Promise<readonly string[]> {
    const plain = host.replace(/^\[(.*)\]$/, "$1");
    const found = isIP(plain) === 0 ? await this.#resolve(plain) : [plain];
    await this.#resolvePeers();
    const refusals = new Set<string>();
    const allowed = found.filter((address) => {
      const refusal = this.#refusalOf(address, port);
      if (refusal !== undefined) refusals.add(`${address} (${refusal})`);
      return refusal === undefined;
    });
    if (allowed.length > 0) return allowed;
    throw new AetherError(
      "HTTP_REFUSED",
      `Host "${plain}" leads to ${[...refusals].join(", ")}, where no slice is led`,
      { hint: "The operator can allow such an address in [sandbox.max] net, as address:port" },
    );
  }

  #refusalOf(address: string, port: number): string | undefined {
    const { ceiling, machine } = this.#options;
    const host = address.includes(":") ? `[${address}]` : address;
    const entry = `${host}:${port}`;
    const never = neverReachable(entry, this.#peers);
    const isHere = machine.includes(address) || never !== undefined;
    // The node's own ports must be named one by one.
    if (isHere && this.#ownPorts.has(port)) {
      return ceiling.includes(entry) ? undefined : "a port of this node";
    }
    if (never === undefined) return undefined;
    const isListed = ceiling.some((allowed) => allowed !== "*" && netAllows(allowed, entry));
    return isListed ? undefined : never;
  }

  async #resolve(host: string): Promise<readonly string[]> {
    try {
      const { resolve = resolveBySystem } = this.#options;
      return await resolve(host);
    } catch (cause) {
      throw new AetherError("HTTP_UNREACHABLE", `Host "${host}" has no address`, { cause });
    }
  }

  /** Peers may be known by name. */
  async #resolvePeers(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#peersAtMs < peersMaxAgeMs) return;
    this.#peersAtMs = nowMs;
    const found = await Promise.all(
      this.#options.peers.map(async (peer) => {
        if (isIP(peer) !== 0) return [peer];
        return await this.#resolve(peer).catch(() => []);
      }),
    );
    this.#peers = found.flat().map((peer) => peer.includes(":") ? `[${peer}]` : peer);
  }
}

async function resolveBySystem(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
