/**
 * Views: who holds the data of the DHT, numbered by revision and kept in the replicated store.
 *
 * A view is settled, or a transition is open from the members to others. While it is open, the
 * former members hold everything, and every write goes to both. A revision names one view for ever.
 *
 * @module
 */

/** A node with the storage it has; a node that lost its disk comes back as another member. */
export interface Member {
  readonly node: string;
  /** Name of the storage, made when it was created and kept in it. */
  readonly storage: string;
}

/** Who holds the data. */
export interface View {
  /** 1 or more; grows by one with every change. */
  readonly revision: number;
  /** Who holds every acknowledged write. */
  readonly members: readonly Member[];
  /** Who will hold everything when the transition is over; undefined without one. */
  readonly next: readonly Member[] | undefined;
  /** Storages among the members that will never answer again. */
  readonly lost: readonly string[];
}
