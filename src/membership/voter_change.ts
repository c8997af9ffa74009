/**
 * Whether a change of the voters leaves a cluster that works, and that is no weaker than before.
 *
 * Agreement is safe whatever the voters become: every slot has exactly one set of them. This is
 * about going on afterwards. Beliefs about who works are hints, so an operator may overrule it.
 *
 * @module
 */

/** Most voters of a cluster: each one more costs messages with all others. */
const votersMax = 9;

/** A change that somebody wants, and what is known of the nodes. */
export interface VoterChange {
  readonly voters: readonly string[];
  readonly next: readonly string[];
  /** Whether a node is believed to work. */
  isAlive(node: string): boolean;
  /**
   * Whether a node follows the log closely, and its vote would count: one that came back without
   * memory abstains at first, and needs the others of its configuration to end that.
   */
  isReady(node: string): boolean;
}

/** What speaks against a change, and whether an operator may want it all the same. */
export interface Objection {
  readonly text: string;
  readonly isFinal: boolean;
}

/** What speaks against a change of the voters; undefined when nothing does. */
export function voterChangeObjection(change: VoterChange): Objection | undefined {
  const { voters, next, isAlive, isReady } = change;
  const never = (text: string) => ({ text, isFinal: true });
  const unless = (text: string) => ({ text, isFinal: false });
  if (next.length === 0) return never("The last voter cannot leave its cluster");
  if (next.length > votersMax) {
    return never(`${next.length} voters are more than ${votersMax}: leave nodes as followers`);
  }
  const added = next.filter((node) => !voters.includes(node));
  const absent = added.filter((node) => !isAlive(node));
  if (absent.length > 0) {
    return unless(`Node ${absent.join(", ")} is not reachable: start it first`);
  }
  const behind = added.filter((node) => !isReady(node));
  if (behind.length > 0) {
    return unless(`Node ${behind.join(", ")} has not caught up with the log: wait until it has`);
  }
  const alive = next.filter(isAlive);
  const unready = alive.filter((node) => !isReady(node));
  if (unready.length > 0) {
    return unless(
      `Voter ${unready.join(", ")} has come back and does not vote yet: wait until it does`,
    );
  }
  if (alive.length <= next.length / 2) {
    return unless(
      `Of the voters ${next.join(", ")} only ${alive.join(", ") || "none"} would be reachable, ` +
        "which is no majority: nothing could be decided any more",
    );
  }
  if (next.length > voters.length && next.length % 2 === 0) {
    return unless(
      `${next.length} voters bear no more failures than ${next.length - 1}, and need one more ` +
        "that works: promote another node with it",
    );
  }
  return undefined;
}
