/**
 * {@link MemoryNetwork}: the twin of the network, for tests and the simulator.
 *
 * Links are ordered and lose nothing, as TCP's are; directions can be delayed, cut and healed, and
 * links broken. Everything follows the given clock and a seed. Never used by a running node.
 *
 * @module
 */
import { assert } from "../assert.ts";
import type { Clock } from "../clock.ts";
import { DecodeError } from "../codec.ts";
import { AetherError } from "../errors.ts";
import { SeededRandom } from "../random.ts";
import {
  type Address,
  defaultTransportLimits,
  type DialOptions,
  dialTimeout,
  formatAddress,
  type Link,
  type LinkHandlers,
  type Transport,
  type TransportLimits,
  unreachable,
} from "./transport.ts";

/** Least and most milliseconds that a frame is under way. */
export interface DelayRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * A network in memory, driven by a clock: nothing moves until time does.
 *
 * @example
 * ```ts
 * import { ManualClock } from "../clock.ts";
 * import { MemoryNetwork } from "./memory_network.ts";
 * const clock = new ManualClock();
 * const network = new MemoryNetwork(clock);
 * const server = network.transport({ hostname: "a", port: 1 });
 * let heard = "";
 * const { hostname } = await server.listen((link) => {
 *   link.start({ onFrame: (frame) => heard = frame.join(), onClose() {} });
 * });
 * const dialled = network.transport({ hostname: "b", port: 1 })
 *   .dial({ hostname, port: 1 }, { timeoutMs: 100 });
 * clock.advance(10);
 * (await dialled).send(Uint8Array.of(7));
 * clock.advance(10);
 * console.assert(heard === "7");
 * ```
 */
export class MemoryNetwork {
  readonly #hub: Hub;

  /** A network without faults, whose delays follow the seed. */
  constructor(clock: Clock, seed: string | number = 0) {
    this.#hub = new Hub(clock, new SeededRandom(seed).split("network"));
  }

  /** A node's transport; port 0 chooses a free one. Nodes are told apart by host name. */
  transport(address: Address, limits: Partial<TransportLimits> = {}): Transport {
    return new MemoryTransport(this.#hub, address, { ...defaultTransportLimits, ...limits });
  }

  /** Holds everything from one host to another back, as a network that loses all packets does. */
  cut(from: string, to: string): void {
    this.#hub.cuts.add(`${from}>${to}`);
  }

  /** Ends a cut: what was held back arrives, in order. */
  heal(from: string, to: string): void {
    this.#hub.cuts.delete(`${from}>${to}`);
    for (const link of [...this.#hub.links]) link.deliver();
  }

  /** Breaks all links between two hosts at once, as a reset does. */
  sever(one: string, other: string): void {
    for (const link of [...this.#hub.links]) {
      const hosts = [link.local.hostname, link.remote.hostname];
      if (hosts.includes(one) && hosts.includes(other)) link.end("Connection reset");
    }
  }

  /** Sets how long everything from one host to another takes; 1 ms at first. */
  setDelay(from: string, to: string, delay: DelayRange): void {
    this.#hub.delays.set(`${from}>${to}`, delay);
  }
}

/** What the transports and links of one network share. */
class Hub {
  readonly clock: Clock;
  /** `from>to` host names whose bytes wait until healed. */
  readonly cuts = new Set<string>();
  readonly delays = new Map<string, DelayRange>();
  readonly links = new Set<MemoryLink>();
  readonly #listeners = new Map<string, MemoryTransport>();
  readonly #random: SeededRandom;
  #portNext = 40_000;

  constructor(clock: Clock, random: SeededRandom) {
    this.clock = clock;
    this.#random = random;
  }

  isCut(from: Address, to: Address): boolean {
    return this.cuts.has(`${from.hostname}>${to.hostname}`);
  }

  delayMs(from: Address, to: Address): number {
    const delay = this.delays.get(`${from.hostname}>${to.hostname}`);
    if (delay === undefined) return 1;
    return delay.minMs + this.#random.nextFloat() * (delay.maxMs - delay.minMs);
  }

  listener(address: Address): MemoryTransport | undefined {
    return this.#listeners.get(formatAddress(address));
  }

  register(transport: MemoryTransport, wanted: Address): Address {
    const port = wanted.port === 0 ? this.#portNext++ : wanted.port;
    const address = { hostname: wanted.hostname, port };
    const key = formatAddress(address);
    if (this.#listeners.has(key)) {
      throw new AetherError("PORT_TAKEN", `Another node listens on ${key} already`);
    }
    this.#listeners.set(key, transport);
    return address;
  }

  unregister(address: Address): void {
    this.#listeners.delete(formatAddress(address));
  }
}

class MemoryTransport implements Transport {
  readonly limits: TransportLimits;
  readonly links = new Set<MemoryLink>();
  readonly #hub: Hub;
  #address: Address;
  #onLink: ((link: Link) => void) | undefined;

  constructor(hub: Hub, address: Address, limits: TransportLimits) {
    this.#hub = hub;
    this.#address = address;
    this.limits = limits;
  }

  // deno-lint-ignore require-await -- async, so that a failure is a rejection
  async listen(onLink: (link: Link) => void): Promise<Address> {
    assert(this.#onLink === undefined, "The transport listens already");
    this.#address = this.#hub.register(this, this.#address);
    this.#onLink = onLink;
    return this.#address;
  }

  dial(address: Address, options: DialOptions): Promise<Link> {
    const { clock } = this.#hub;
    const near = this.#address;
    return new Promise((resolve, reject) => {
      const timeout = clock.setTimer(options.timeoutMs, () => {
        attempt.cancel();
        reject(dialTimeout(address, options.timeoutMs));
      });
      const roundTripMs = this.#hub.delayMs(near, address) + this.#hub.delayMs(address, near);
      const attempt = clock.setTimer(roundTripMs, () => {
        if (this.#hub.isCut(near, address) || this.#hub.isCut(address, near)) return;
        timeout.cancel();
        const listener = this.#hub.listener(address);
        if (listener === undefined) reject(unreachable(address, "nothing listens there"));
        else resolve(this.#connect(listener, address));
      });
    });
  }

  // deno-lint-ignore require-await -- as above
  async close(): Promise<void> {
    if (this.#onLink !== undefined) this.#hub.unregister(this.#address);
    this.#onLink = undefined;
    for (const link of [...this.links]) link.close();
  }

  /** Makes both ends. */
  #connect(listener: MemoryTransport, address: Address): Link {
    const near = new MemoryLink(this.#hub, this, this.#address, address);
    const far = new MemoryLink(this.#hub, listener, address, this.#address);
    near.join(far);
    far.join(near);
    if (listener.links.size > listener.limits.maxLinks) far.close("Too many links");
    else listener.#onLink?.(far);
    return near;
  }
}

/** What is under way to one end: a frame, or the other end's closing. */
interface Arrival {
  readonly frame: Uint8Array | undefined;
  readonly dueMs: number;
}

class MemoryLink implements Link {
  readonly local: Address;
  readonly remote: Address;
  readonly #hub: Hub;
  readonly #owner: MemoryTransport;
  /** The other end; itself until joined. */
  #peer: MemoryLink = this;
  #handlers: LinkHandlers | undefined;
  #closeReason: string | undefined;
  #isDrainWanted = false;
  #queuedBytes = 0;
  readonly #arrivals: Arrival[] = [];

  constructor(hub: Hub, owner: MemoryTransport, local: Address, remote: Address) {
    this.#hub = hub;
    this.#owner = owner;
    this.local = local;
    this.remote = remote;
    hub.links.add(this);
    owner.links.add(this);
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  join(peer: MemoryLink): void {
    this.#peer = peer;
  }

  start(handlers: LinkHandlers): void {
    assert(this.#handlers === undefined, "The link is started already");
    this.#handlers = handlers;
    if (this.#closeReason === undefined) this.deliver();
    else this.#notifyClosed();
  }

  send(frame: Uint8Array): boolean {
    const { maxFrameBytes, maxQueuedBytes } = this.#owner.limits;
    assert(frame.length > 0 && frame.length <= maxFrameBytes, `Frame of ${frame.length} bytes`);
    if (this.#closeReason !== undefined) return false;
    if (this.#queuedBytes + frame.length > maxQueuedBytes) {
      this.#isDrainWanted = true;
      return false;
    }
    this.#queuedBytes += frame.length;
    this.#peer.#expect(new Uint8Array(frame));
    return true;
  }

  close(reason = "Closed by this side"): void {
    if (this.#closeReason !== undefined) return;
    this.#finish(reason);
    this.#peer.#expect(undefined);
  }

  /** Breaks both ends at once. */
  end(reason: string): void {
    this.#finish(reason);
    this.#peer.#finish(reason);
  }

  /** Hands over, in order, what is due and not cut off. */
  deliver(): void {
    while (this.#handlers !== undefined && this.#closeReason === undefined) {
      const next = this.#arrivals[0];
      if (next === undefined || next.dueMs > this.#hub.clock.monotonicMs()) return;
      if (this.#hub.isCut(this.remote, this.local)) return;
      this.#arrivals.shift();
      if (next.frame === undefined) return this.#finish("Closed by the peer");
      this.#peer.#delivered(next.frame.length);
      this.#receive(next.frame);
    }
  }

  #expect(frame: Uint8Array | undefined): void {
    if (this.#closeReason !== undefined) return;
    const nowMs = this.#hub.clock.monotonicMs();
    const lastMs = this.#arrivals[this.#arrivals.length - 1]?.dueMs ?? 0;
    const dueMs = Math.max(lastMs, nowMs + this.#hub.delayMs(this.remote, this.local));
    this.#arrivals.push({ frame, dueMs });
    this.#hub.clock.setTimer(dueMs - nowMs, () => this.deliver());
  }

  #receive(frame: Uint8Array): void {
    const { maxFrameBytes } = this.#owner.limits;
    try {
      if (frame.length > maxFrameBytes) {
        throw new DecodeError(`Frame of ${frame.length} bytes exceeds ${maxFrameBytes}`, 0);
      }
      this.#handlers?.onFrame(frame);
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown;
      this.close(`Frame refused: ${thrown.message}`);
    } finally {
      // Whoever keeps a frame without copying it finds out here rather than on a network.
      frame.fill(0xee);
    }
  }

  #delivered(lengthBytes: number): void {
    if (this.#closeReason !== undefined) return;
    this.#queuedBytes -= lengthBytes;
    if (!this.#isDrainWanted || this.#queuedBytes > this.#owner.limits.maxQueuedBytes / 2) return;
    this.#isDrainWanted = false;
    this.#handlers?.onDrain?.();
  }

  #finish(reason: string): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    this.#arrivals.length = 0;
    this.#queuedBytes = 0;
    this.#hub.links.delete(this);
    this.#owner.links.delete(this);
    this.#notifyClosed();
  }

  #notifyClosed(): void {
    const handlers = this.#handlers;
    const reason = this.#closeReason ?? "Closed";
    if (handlers !== undefined) this.#hub.clock.setTimer(0, () => handlers.onClose(reason));
  }
}
