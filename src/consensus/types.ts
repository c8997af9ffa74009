/**
 * What goes into the consensus engine and what comes out of it.
 *
 * @module
 */
import type {
  ConsensusRecord,
  Digest,
  Header,
  LogEntry,
  Message,
} from "../protocol/consensus/message.ts";
import type { BatchLimits, SlotLimits } from "./batches/waiting_batches.ts";
import type { Configuration } from "./quorum.ts";
import type { Coin, SlotProtocolFactory } from "./slot/slot_protocol.ts";

/** How an engine behaves; see {@link engineDefaults} for typical values. */
export interface EngineOptions {
  readonly self: string;
  readonly coin: Coin;
  /** The agreement on one slot: `(context) => new WeakMvc(context)` for crash faults. */
  readonly protocol: SlotProtocolFactory;
  /** Whether messages wait until what they say is durable. */
  readonly durable: boolean;
  /**
   * Slots that may be open at once; slot s opens only when s - window is applied. A configuration
   * decided in slot c is in force from c + 2 * window or later.
   */
  readonly window: number;
  /** Slots that a node opens on its own at once; more means smaller batches. */
  readonly depth: number;
  /**
   * How long a durable node waits for all proposals once its own is sent, before it goes on with a
   * vote, which has to be made durable too; 0 = not at all.
   */
  readonly hopeMs: number;
  /** How long to wait for a majority of proposals when a quorum disagrees. */
  readonly graceMs: number;
  /** How long the opener of a slot may take before the next in turn opens it. */
  readonly takeoverMs: number;
  /** How long a node is passed over that let its turn go by. */
  readonly lateMs: number;
  /** First and longest time between retransmissions of an undecided slot. */
  readonly resendMs: number;
  readonly resendMaxMs: number;
  readonly batchLimits: BatchLimits;
  readonly slotLimits: SlotLimits;
  /** Read barriers that may be under way. */
  readonly barriersMax: number;
  /** Decided entries per answer to a node that catches up. */
  readonly fetchEntriesMax: number;
  readonly fetchBytesMax: number;
}

/** Values that suit nodes in one data centre. */
export const engineDefaults = {
  durable: false,
  window: 16,
  depth: 2,
  hopeMs: 3,
  graceMs: 2,
  takeoverMs: 8,
  lateMs: 1_000,
  resendMs: 60,
  resendMaxMs: 1_000,
  batchLimits: { batchesMax: 10_000, bytesMax: 64 * 1024 * 1024 },
  slotLimits: { batchesMax: 32, bytesMax: 1024 * 1024 },
  barriersMax: 10_000,
  fetchEntriesMax: 512,
  fetchBytesMax: 1024 * 1024,
} as const;

/** What a node starts from. */
export interface EngineStart {
  /** First slot that is not covered by the state the node has. */
  readonly firstSlot: number;
  /** Configurations in force from the first slot on, oldest first. */
  readonly configurations: readonly Configuration[];
  /**
   * Records of a former life, in the order in which they were persisted: all of the slots from
   * `firstSlot` on; older ones do no harm.
   */
  readonly records: readonly ConsensusRecord[];
  /**
   * Set, to what no other life of any node has, by a node that may have taken part before and
   * remembers nothing: it takes part only in slots in which it cannot have.
   */
  readonly rejoinNonce?: string;
}

/** Everything that can happen to an engine. */
export type Input =
  /** A batch of this node; refused when too much waits. */
  | { readonly type: "submit"; readonly digest: Digest; readonly payload: Uint8Array }
  | {
    readonly type: "message";
    readonly from: string;
    readonly header: Header;
    readonly message: Message;
  }
  /** A heartbeat, or another message that is not the engine's, came with this header. */
  | { readonly type: "heard"; readonly from: string; readonly header: Header }
  /** Time has passed: every few milliseconds while {@link Engine.isBusy}, else now and then. */
  | { readonly type: "tick" }
  /** Everything up to this persist output is durable. */
  | { readonly type: "persisted"; readonly sequence: number }
  /**
   * An applied command changes the members from a later slot on. Comes before any other input that
   * follows the "apply" output.
   */
  | { readonly type: "configure"; readonly configuration: Configuration }
  /** Nodes that seem to be down; a hint that only saves time. */
  | { readonly type: "suspect"; readonly nodes: ReadonlySet<string> }
  /** A snapshot of the state before this slot is durable. */
  | { readonly type: "compact"; readonly before: number }
  /** The state was replaced by a snapshot that covers everything before `firstSlot`. */
  | {
    readonly type: "restored";
    readonly firstSlot: number;
    readonly configurations: readonly Configuration[];
  }
  /**
   * A read wants to see every write acknowledged before now. The id is one that this node has never
   * used, in former lives either.
   */
  | { readonly type: "barrier"; readonly id: number };

/** What the host must do, in this order. */
export type Output =
  | {
    readonly type: "send";
    /**
     * A node; or all others: the members of every configuration that is kept, and the nodes that
     * follow the log, which decide by the votes they see.
     */
    readonly to: string | "all";
    readonly message: Message;
    readonly resent: boolean;
  }
  /** Make the records durable, then say "persisted" with the sequence. */
  | {
    readonly type: "persist";
    readonly sequence: number;
    readonly records: readonly ConsensusRecord[];
  }
  /** Write when convenient. */
  | { readonly type: "note"; readonly record: ConsensusRecord }
  /** Apply to the state; entries come in slot order, each once per life. */
  | { readonly type: "apply"; readonly entry: LogEntry }
  /** A submitted batch was not taken: nothing of it will ever happen. */
  | { readonly type: "refused"; readonly digest: Digest }
  /** The peer has what this node lacks only as a snapshot; said again while it is so. */
  | { readonly type: "needSnapshot"; readonly from: string }
  /** The read may be answered from the state as it is now. */
  | { readonly type: "barrierDone"; readonly id: number }
  /** Too many reads wait. */
  | { readonly type: "barrierRefused"; readonly id: number }
  /** Something that must not happen was seen and refused. */
  | { readonly type: "alarm"; readonly detail: string };
