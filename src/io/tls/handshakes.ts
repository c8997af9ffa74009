/**
 * Incoming connections whose handshake is under way: bounded in number and in time.
 *
 * Whoever can reach the port can open them without showing anything. Each address gets a share, and
 * when all together are too many, the oldest one goes: a peer needs a millisecond, a flood does not
 * finish at all.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Refusal } from "./refusals.ts";

/** Bounds. */
export interface HandshakeLimits {
  readonly timeoutMs: number;
  readonly max: number;
  readonly maxPerHost: number;
}

/** The bounds unless told otherwise. */
export const handshakeLimits: HandshakeLimits = { timeoutMs: 2_000, max: 256, maxPerHost: 32 };

interface Pending {
  readonly socket: Socket;
  readonly host: string;
  readonly timer: Timer;
}

/** The handshakes of one listener. */
export class Handshakes {
  readonly #clock: Clock;
  readonly #limits: HandshakeLimits;
  readonly #onRefused: (host: string, refusal: Refusal) => void;
  /** Oldest first. */
  readonly #pending = new Map<string, Pending>();
  readonly #perHost = new Map<string, number>();

  constructor(
    clock: Clock,
    limits: HandshakeLimits,
    onRefused: (host: string, refusal: Refusal) => void,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#onRefused = onRefused;
  }

  /** How many are under way. */
  get size(): number {
    return this.#pending.size;
  }

  /** Takes a new connection; false when it was closed instead. */
  add(socket: Socket): boolean {
    const { timeoutMs, max, maxPerHost } = this.#limits;
    const host = socket.remoteAddress ?? "unknown";
    const key = keyOf(socket);
    if ((this.#perHost.get(host) ?? 0) >= maxPerHost) {
      const reason = `It has ${maxPerHost} unfinished handshakes already`;
      this.#onRefused(host, { kind: "too many", reason });
      socket.destroy();
      return false;
    }
    const [oldest] = this.#pending;
    if (this.#pending.size >= max && oldest !== undefined) {
      const [oldKey, { host: oldHost }] = oldest;
      const reason = `There are ${max} unfinished handshakes, and its was the oldest`;
      this.#refuse(oldKey, oldHost, { kind: "too many", reason });
    }
    const timer = this.#clock.setTimer(timeoutMs, () => {
      const reason = `It did not finish the handshake within ${timeoutMs} ms`;
      this.#refuse(key, host, { kind: "timeout", reason });
    });
    this.#pending.set(key, { socket, host, timer });
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1);
    socket.once("close", () => this.#forget(key));
    return true;
  }

  /** The handshake of a connection is done. */
  done(socket: Socket): void {
    this.#forget(keyOf(socket));
  }

  /** Closes all. */
  close(): void {
    for (const { socket } of [...this.#pending.values()]) socket.destroy();
    for (const key of [...this.#pending.keys()]) this.#forget(key);
  }

  #refuse(key: string, host: string, refusal: Refusal): void {
    const pending = this.#pending.get(key);
    this.#forget(key);
    this.#onRefused(host, refusal);
    pending?.socket.destroy();
  }

  #forget(key: string): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    pending.timer.cancel();
    this.#pending.delete(key);
    const left = (this.#perHost.get(pending.host) ?? 1) - 1;
    if (left > 0) this.#perHost.set(pending.host, left);
    else this.#perHost.delete(pending.host);
  }
}

/** TLS hands out another object than the one that was accepted; the address is the same. */
function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
