/**
 * Connections that were refused because of TLS: counted all, logged once per peer and reason.
 *
 * Whoever is in the network can cause them at any rate, so the log says each only once in a while
 * and the memory for that is bounded.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../sdk/logger.ts";

const forgetMs = 10 * 60_000;
const rememberedMax = 256;

/** What is wrong with a connection. */
const refusalKinds = [
  /** Nothing was shown. */
  "no certificate",
  /** Of no authority that this node believes. */
  "unknown authority",
  /** Expired, or not valid yet. */
  "time",
  /** Of another cluster, or not of a node. */
  "identity",
  /** Its handshake failed: not TLS, an old version, or it refuses this node. */
  "handshake",
  "timeout",
  /** More at a time than this node bears. */
  "too many",
] as const;
/** One of {@link refusalKinds}. */
type RefusalKind = typeof refusalKinds[number];

/** Why a connection is not used. */
export interface Refusal {
  readonly kind: RefusalKind;
  /** For people, as the end of a sentence about the other end. */
  readonly reason: string;
}

/** Counts and logs. */
export class Refusals {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #counts = new Map<RefusalKind, number>();
  readonly #logged = new Set<string>();
  #forgetAtMs = 0;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** How many there were of each kind. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Takes note of a connection with a host, dialled by this node or by the other. */
  note(host: string, direction: "from" | "to", { kind, reason }: Refusal): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    const now = this.#clock.monotonicMs();
    if (now >= this.#forgetAtMs) {
      this.#forgetAtMs = now + forgetMs;
      this.#logged.clear();
    }
    const key = `${direction} ${host} ${kind}`;
    if (this.#logged.has(key) || this.#logged.size >= rememberedMax) return;
    this.#logged.add(key);
    this.#log.warn(`A connection ${direction} a peer was refused`, { peer: host, reason });
  }

  /** A connection works: what is wrong with the host afterwards is news. */
  forget(host: string): void {
    for (const direction of ["from", "to"]) {
      for (const kind of refusalKinds) this.#logged.delete(`${direction} ${host} ${kind}`);
    }
  }
}
