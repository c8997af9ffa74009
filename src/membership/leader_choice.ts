/**
 * Who should lead: the first live voter on duty, unless the present leader still can.
 *
 * The leader is a value in the store, changed by compare-and-set; this only says whether this node
 * should try. No node leads because it believes so.
 *
 * @module
 */

/** What the choice depends on. */
export interface LeaderInput {
  readonly self: string;
  /** Voters in a fixed order. */
  readonly voters: readonly string[];
  /** The leader that the store names. */
  readonly current: string | undefined;
  /** Whether a node is believed to work and takes part; true for this node itself. */
  isEligible(node: string): boolean;
  /**
   * Whether the present leader must be replaced. Stricter than not being eligible: with a bad link
   * between two nodes, each would take the leadership from the other for ever.
   */
  isLost(node: string): boolean;
}

/** Whether this node should make itself the leader. */
export function shouldLead(input: LeaderInput): boolean {
  const { self, voters, current, isEligible, isLost } = input;
  if (current !== undefined && voters.includes(current) && !isLost(current)) return false;
  return voters.find(isEligible) === self;
}

/** To whom a leader that stops hands over; undefined when nobody is left. */
export function successorOf({ self, voters, isEligible }: LeaderInput): string | undefined {
  return voters.find((voter) => voter !== self && isEligible(voter));
}
