/**
 * What the links of a node remember of each other node.
 *
 * @module
 */
import type { Timer } from "../../../base/clock.ts";
import type { Link } from "../../../base/transport/transport.ts";
import type { Hello } from "../../../protocol/peer/hello.ts";

/** Shortest time before a link is dialled again. */
export const backoffMinMs = 40;

/** Another node. */
export interface Peer {
  readonly id: string;
  /** Where it may be, tried in turn. */
  addresses: readonly string[];
  /** Calls that failed since the last one that did not. */
  failures: number;
  /** Refusals in a row. */
  refusedCalls: number;
  /** Whether this node wants the link; a stranger is forgotten with it. */
  isFollowed: boolean;
  link: Link | undefined;
  /** What the other end said last. */
  hello: Hello | undefined;
  dialledBy: string;
  isDialling: boolean;
  backoffMs: number;
  linkedAtMs: number;
  heardAtMs: number;
  timer: Timer | undefined;
  /** Refusals that were logged, so that each is logged once. */
  readonly refusals: Set<string>;
}

/** A node of which nothing is known. */
export function newPeer(id: string, nowMs: number): Peer {
  return {
    id,
    addresses: [],
    failures: 0,
    refusedCalls: 0,
    isFollowed: false,
    link: undefined,
    hello: undefined,
    dialledBy: "",
    isDialling: false,
    backoffMs: backoffMinMs,
    linkedAtMs: 0,
    heardAtMs: nowMs,
    timer: undefined,
    refusals: new Set(),
  };
}
