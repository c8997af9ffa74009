/**
 * Greetings on a new link: whether to talk to the other end at all, and which of two links to keep.
 *
 * @module
 */
import type { RefusalCode } from "../../protocol/peer/frame.ts";
import type { Hello } from "../../protocol/peer/hello.ts";

/** Why this node does not talk to another. */
export interface Refusal {
  readonly reason: string;
  readonly code: RefusalCode;
}

/** Why a greeting is refused; undefined when it is not. `dialled` is whom this node called. */
export function greetingProblem(
  self: Hello,
  hello: Hello,
  dialled: string | undefined,
): string | undefined {
  if (hello.node === self.node) return `Another node uses the id ${self.node} too`;
  if (dialled !== undefined && dialled !== hello.node) {
    return `Node ${hello.node} answers at the address of ${dialled}`;
  }
  if (!isForeign(self, hello)) return undefined;
  return `Node ${hello.node} belongs to cluster ${hello.cluster}, ${self.node} to ${self.cluster}`;
}

/** Why a node is not who it says it is; undefined when it is, or has no certificate: "". */
export function impostureOf(certifiedNode: string, node: string): string | undefined {
  if (certifiedNode === "" || certifiedNode === node) return undefined;
  return `It says that it is ${node}, with the certificate of ${certifiedNode}`;
}

/** Whether both belong to a cluster, and not to the same. */
export function isForeign(self: Hello, hello: Hello): boolean {
  return self.cluster !== "" && hello.cluster !== "" && self.cluster !== hello.cluster;
}

/** A link between two nodes, as one of them sees it. */
export interface Call {
  readonly self: string;
  readonly peer: string;
  readonly dialledBy: string;
}

/**
 * Whether a link replaces the one that the same two processes have: that of the greater id wins, so
 * that both ends keep the same one when both have called.
 */
export function isBetterCall(call: Call, present: string): boolean {
  const greater = call.self > call.peer ? call.self : call.peer;
  return call.dialledBy === greater && present !== greater;
}
