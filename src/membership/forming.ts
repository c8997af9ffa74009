/**
 * How a blank node comes to its cluster: it forms one with its peers, or finds one.
 *
 * A blank node remembers nothing, so it cannot know whether it has voted before. It forms a cluster
 * only when every initial peer says that it is blank too, with the same list of founders; the
 * cluster's id comes from all their boot nonces. When somebody has formed with this very boot of
 * the node, it joins in; when somebody belongs to a cluster otherwise, the node was part of it in a
 * former life, and rejoins without taking part in anything old.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import type { Hello, NodeAddress } from "../protocol/peer/hello.ts";

/** What a blank node does. */
export type FormingDecision =
  | { readonly type: "wait"; readonly for: readonly string[] }
  /** All founders are here: the cluster begins, with these nonces in the order of the founders. */
  | { readonly type: "form"; readonly nonces: readonly string[] }
  /** The cluster exists. */
  | {
    readonly type: "rejoin";
    readonly cluster: string;
    readonly founders: Hello["founders"];
    readonly nonces: readonly string[];
  }
  /** Somebody has another list of founders: the configuration of one of the two is wrong. */
  | { readonly type: "mismatch"; readonly peer: string; readonly theirs: readonly string[] };

/**
 * Decides from what the founders say now. What somebody said who is not linked any more must not be
 * in `heard`: a node that was started again since would be counted with its former life.
 */
export function decideForming(
  self: Hello,
  heard: ReadonlyMap<string, Hello>,
): FormingDecision {
  const hellos = self.founders.map(({ id }) => ({
    id,
    hello: id === self.node ? self : heard.get(id),
  }));
  for (const { hello } of hellos) {
    if (hello?.stage === "member") return comeIn(self, hello);
  }
  const waiting: string[] = [];
  const nonces: string[] = [];
  for (const { id, hello } of hellos) {
    if (hello === undefined) {
      waiting.push(id);
      continue;
    }
    if (!sameFounders(hello, self)) {
      return { type: "mismatch", peer: id, theirs: hello.founders.map((founder) => founder.id) };
    }
    nonces.push(hello.bootNonce);
  }
  return waiting.length > 0 ? { type: "wait", for: waiting } : { type: "form", nonces };
}

/** The error of a node whose founders are others than those of a peer. */
export function mismatchError(
  { peer, theirs }: Extract<FormingDecision, { type: "mismatch" }>,
  own: readonly NodeAddress[],
): AetherError {
  return new AetherError(
    "CONFIG_INVALID",
    `Node ${peer} lists the peers ${theirs.join(", ")}, but this node lists ` +
      own.map(({ id }) => id).join(", "),
    { hint: "Give all founders the same cluster.peers" },
  );
}

function comeIn(self: Hello, member: Hello): FormingDecision {
  const { cluster, founders, founderNonces: nonces } = member;
  const place = founders.findIndex(({ id }) => id === self.node);
  if (place >= 0 && nonces[place] === self.bootNonce) return { type: "form", nonces };
  return { type: "rejoin", cluster, founders, nonces };
}

function sameFounders(a: Hello, b: Hello): boolean {
  return a.founders.length === b.founders.length &&
    a.founders.every(({ id }, index) => id === b.founders[index]?.id);
}
