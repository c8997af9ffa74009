/**
 * Makes the state of one cluster that of another, which begins with other nodes.
 *
 * What belonged to the former nodes goes: members, leader, instances, assignments, the roster. A
 * restored backup and a forced recovery begin like this.
 *
 * @module
 */
import { configurationKey, keys } from "../../../protocol/keys.ts";
import type { Operation, Writer } from "../../../protocol/store/command.ts";
import type { StoreState } from "../../../store/state.ts";

/**
 * Revisions that are skipped: the former cluster may have gone on, and whoever saw its revisions,
 * as a watch or as the token of a lock, must find greater ones here.
 */
const revisionsSkipped = 1_000_000_000;
const session = "restore";

/** Whose state it becomes. */
export interface NewOwners {
  /** Nodes of the new cluster. */
  readonly nodes: readonly string[];
  /** Which of them have the bytes of an artifact that these nodes had. */
  holders(former: readonly string[]): readonly string[];
}

/** Takes out of a state what belonged to the nodes of its cluster. */
export function moveState(state: StoreState, { nodes, holders }: NewOwners): void {
  let sequence = 0;
  const write = (writer: Writer, then: readonly Operation[]) => {
    state.apply({
      node: session,
      incarnation: state.incarnationOf(session) + (sequence === 0 ? 1 : 0),
      sequence: ++sequence,
      acknowledgedBelow: sequence,
      writer,
      transaction: { compare: [], then, otherwise: [] },
    });
  };
  const all = (prefix: string): Operation[] =>
    [...state.entries(prefix)].map(([key]) => ({ type: "delete", key }));
  state.skipRevisions(revisionsSkipped);
  write("leader", all(keys.assignment.prefix));
  write(
    "node",
    [keys.member, keys.leader, keys.instance, keys.backup, keys.dhtMember, keys.collection].flatMap(
      ({ prefix }) => all(prefix),
    ),
  );
  const artifacts = [...state.entries(keys.artifact.prefix)].map(([key, entry]) => {
    const value = keys.artifact.decode(key, entry.value);
    return keys.artifact.put(key, { ...value, holders: [...holders(value.holders)] });
  });
  write("node", artifacts);
  write("operator", all(keys.roster.prefix));
  if (state.get(configurationKey) !== undefined) {
    write("operator", [keys.cluster.put(configurationKey, { voters: [...nodes] })]);
  }
}
