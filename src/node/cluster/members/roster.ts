/**
 * Who belongs to the cluster, as the store says: the founders, and whom an operator added, without
 * whom an operator removed.
 *
 * The roster decides who is let in. Who votes is another matter: see `cluster/configuration`.
 *
 * @module
 */
import { keys } from "../../../protocol/keys.ts";
import type { NodeAddress } from "../../../protocol/peer/hello.ts";
import type { StoreState } from "../../../store/state.ts";

/** Whether a node belongs to the cluster; "unknown" is somebody whom nobody ever let in. */
export type Admission = "added" | "removed" | "unknown";

/** The state as the roster sees it. */
export type RosterState = Pick<StoreState, "get" | "entries">;

/** Whether a node belongs to the cluster. */
export function admissionOf(
  state: RosterState,
  founders: readonly NodeAddress[],
  node: string,
): Admission {
  const key = keys.roster.key(node);
  const entry = state.get(key);
  if (entry !== undefined) return keys.roster.decode(key, entry.value).status;
  const isFounder = founders.some(({ id }) => id === node);
  return isFounder || state.get(keys.member.key(node)) !== undefined ? "added" : "unknown";
}

/**
 * All nodes of the cluster with the places where each may be, the likeliest first: where it said
 * itself, where an operator said that it is, where it began; "" where nobody said. `started` are
 * those that have ever been there, as far as the store says.
 */
export function rosterOf(
  state: RosterState,
  founders: readonly NodeAddress[],
): {
  readonly nodes: ReadonlySet<string>;
  readonly started: ReadonlySet<string>;
  readonly places: readonly NodeAddress[];
} {
  const registered: NodeAddress[] = [];
  for (const [key, entry] of state.entries(keys.member.prefix)) {
    const member = keys.member.decode(key, entry.value);
    registered.push({ id: member.id, address: member.addresses.cluster });
  }
  const listed: NodeAddress[] = [];
  const removed = new Set<string>();
  for (const [key, entry] of state.entries(keys.roster.prefix)) {
    const [id = ""] = keys.roster.parts(key);
    const { status, address } = keys.roster.decode(key, entry.value);
    if (status === "removed") removed.add(id);
    else listed.push({ id, address });
  }
  const isIn = ({ id }: NodeAddress) => !removed.has(id);
  const places = [...registered, ...listed, ...founders].filter(isIn);
  return {
    nodes: new Set(places.map(({ id }) => id)),
    started: new Set([...registered, ...founders].filter(isIn).map(({ id }) => id)),
    places,
  };
}
