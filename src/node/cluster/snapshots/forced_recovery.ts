/**
 * Forced recovery: a new cluster from the data directory of one node, when the majority of the
 * former one is lost for good.
 *
 * It keeps everything that the directory has: what was decided, and also what this node voted for
 * or proposed without hearing the end of it, since that may have been acknowledged. What only the
 * lost nodes had is lost. The new cluster has an id of its own, so that nodes of the former one are
 * refused, should they turn up again.
 *
 * @module
 */
import { AetherError } from "../../../base/errors.ts";
import type { Storage } from "../../../base/storage.ts";
import { DataDirectory, readMeta } from "../../../io/log/data_directory.ts";
import {
  type ConsensusRecord,
  type Digest,
  digestsOf,
  type SlotMessage,
  type Value,
} from "../../../protocol/consensus/message.ts";
import { configurationKey, keys } from "../../../protocol/keys.ts";
import { StoreState } from "../../../store/state.ts";
import { clusterIdOf, encodeSnapshot } from "../genesis.ts";
import { decodeBatch } from "../proposals.ts";
import { type RecoveredNode, recoverNode } from "../recovery.ts";
import { moveState } from "./move_state.ts";

/** What to recover. */
export interface ForcedRecoveryOptions {
  /** The data directory, open and empty-handed: its node does not run. */
  readonly storage: Storage;
  /** Drawn anew for each recovery. */
  readonly nonce: string;
  /** Whether to write, or only to say what would come of it. */
  readonly isDryRun: boolean;
}

/** What came, or would come, of a recovery. */
export interface ForcedRecovery {
  readonly node: string;
  readonly formerCluster: string;
  readonly formerVoters: readonly string[];
  readonly cluster: string;
  readonly revision: number;
  /** The first slot of the new cluster. */
  readonly slot: number;
  /** Slots that were not decided as far as this node knew, but are kept. */
  readonly undecidedKept: number;
  /** Slots of which the directory lacks what was decided. */
  readonly missing: number;
}

/**
 * Recovers a data directory.
 *
 * @throws {AetherError} RECOVERY_REFUSED when there is nothing to recover; STORAGE_*.
 */
export async function recoverForced(options: ForcedRecoveryOptions): Promise<ForcedRecovery> {
  const { storage, nonce, isDryRun } = options;
  const meta = await readMeta(storage);
  if (meta === undefined) {
    const text = `Folder "${storage.location}" holds no data of a node`;
    throw new AetherError("RECOVERY_REFUSED", text);
  }
  const { nodeId: node, clusterId } = meta;
  const data = await DataDirectory.open(storage, { create: () => meta });
  try {
    const founders = [{ id: node, address: "" }];
    const recovered = recoverNode(data, { cluster: clusterId, founders, nonces: [""] });
    const formerCluster = recovered.genesis?.cluster ?? clusterId;
    const state = new StoreState({ maxBytes: Infinity });
    if (recovered.state !== undefined) state.restore(recovered.state);
    for (const command of recovered.commands) state.apply(command);
    const replayed = replay(recovered, state);
    const voters = state.get(configurationKey)?.value;
    const formerVoters = voters === undefined
      ? recovered.configurations.at(-1)?.members ?? []
      : keys.cluster.decode(configurationKey, voters).voters;
    moveState(state, {
      nodes: [node],
      holders: (former) => former.includes(node) ? [node] : [],
    });
    const cluster = clusterIdOf(["recover", formerCluster, node, nonce]);
    const result = {
      node,
      formerCluster,
      formerVoters,
      cluster,
      revision: state.revision,
      ...replayed,
    };
    if (isDryRun) return result;
    const body = encodeSnapshot({
      genesis: { cluster, founders, nonces: [nonce] },
      nextSlot: replayed.slot,
      configurations: [{ from: 0, members: [node] }],
      state: state.snapshot(),
    });
    // Everything so far is covered, so that nothing of the former cluster is read again.
    await data.saveSnapshot({ index: data.log.nextIndex - 1, body });
    return result;
  } finally {
    await data.log.close();
  }
}

type Replayed = Pick<ForcedRecovery, "slot" | "undecidedKept" | "missing">;

/** Applies what the records say, slot by slot. */
function replay({ firstSlot, records }: RecoveredNode, state: StoreState): Replayed {
  const { payloads, decided, likely, end } = collect(records, firstSlot);
  let undecidedKept = 0;
  let missing = 0;
  for (let slot = firstSlot; slot < end; slot++) {
    const value = decided.get(slot) ?? likely.get(slot);
    const digests = value === undefined ? [] : digestsOf(value);
    const batches = digests.map((digest) => payloads.get(digest));
    const isKnown = value !== undefined && !batches.includes(undefined);
    if (!isKnown) missing++;
    else if (!decided.has(slot) && batches.length > 0) undecidedKept++;
    for (const payload of batches) {
      if (payload === undefined) continue;
      // A command that comes twice is executed once.
      for (const command of decodeBatch(payload)) state.apply(command);
    }
  }
  return { slot: end, undecidedKept, missing };
}

function collect(records: readonly ConsensusRecord[], firstSlot: number) {
  const payloads = new Map<Digest, Uint8Array>();
  const decided = new Map<number, Value>();
  const likely = new Map<number, Value>();
  let end = firstSlot;
  for (const record of records) {
    if (record.type === "batch") {
      payloads.set(record.digest, record.payload);
      continue;
    }
    const { slot } = record.type === "sent" ? record.message : record;
    end = Math.max(end, slot + 1);
    if (record.type === "decided") decided.set(slot, record.value);
    else {
      const value = likelyValue(record.message);
      if (value !== undefined) likely.set(slot, value);
    }
  }
  return { payloads, decided, likely, end };
}

/** What a message of this node makes the likely decision; the last one of a slot counts. */
function likelyValue(message: SlotMessage): Value | undefined {
  if (message.type === "proposal") return message.value;
  const isFor = message.type === "state" ? message.bit === 1 : message.vote === 1;
  return isFor ? message.value : undefined;
}
