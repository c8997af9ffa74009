/**
 * What a node finds in its data directory when it starts.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { Configuration } from "../../consensus/quorum.ts";
import type { DataDirectory } from "../../io/log/data_directory.ts";
import type { ConsensusRecord } from "../../protocol/consensus/message.ts";
import { decodeRecord } from "../../protocol/peer/message_codec.ts";
import { type Command, decodeCommand } from "../../protocol/store/command.ts";
import { consensusRecord } from "./consensus_host.ts";
import {
  clusterSnapshotVersion,
  decodeGenesis,
  decodeSnapshot,
  encodeGenesis,
  type Genesis,
} from "./genesis.ts";

/** Type of a log record that holds one command of a node that was alone (format of 0.1). */
const commandRecord = 1;
/** Type of a log record that says how the cluster began. */
const genesisRecord = 3;
/** Type of a log record that says whether the node abstains, because it forgot a former life. */
const abstentionRecord = 4;

/** A record of the log. */
export interface NodeRecord {
  readonly type: number;
  readonly body: Uint8Array;
}

/** What stands at the beginning of a node's log. */
export function firstRecords(genesis: Genesis, isAbstaining: boolean): NodeRecord[] {
  const records = [{ type: genesisRecord, body: encodeGenesis(genesis) }];
  return isAbstaining ? [...records, abstention(true)] : records;
}

/** The record that a node abstains from now on, or not any more. */
export function abstention(isAbstaining: boolean): NodeRecord {
  return { type: abstentionRecord, body: Uint8Array.of(isAbstaining ? 1 : 0) };
}

/** The state from which a node goes on. */
export interface RecoveredNode {
  readonly genesis: Genesis | undefined;
  /** Whether the log or snapshot says so, or the caller has to write it. */
  readonly hasGenesis: boolean;
  readonly firstSlot: number;
  readonly configurations: readonly Configuration[];
  /** Bytes of the store's snapshot. */
  readonly state: Uint8Array | undefined;
  /** Commands of a node that was alone, after the snapshot. */
  readonly commands: readonly Command[];
  readonly records: readonly ConsensusRecord[];
  /** Whether it was rejoining without memory and had not come to the end of that. */
  readonly isAbstaining: boolean;
}

/** A node that starts with nothing. */
export function blankNode(genesis: Genesis): RecoveredNode {
  return {
    genesis,
    hasGenesis: false,
    firstSlot: 0,
    configurations: [{ from: 0, members: genesis.founders.map(({ id }) => id).sort() }],
    state: undefined,
    commands: [],
    records: [],
    isAbstaining: false,
  };
}

/**
 * Reads the snapshot and the records of a data directory, and frees them there.
 *
 * @param alone the genesis for a directory that was written by a node that was alone
 * @throws {AetherError} STORAGE_CORRUPT when a part cannot be read.
 */
export function recoverNode(data: DataDirectory, alone: Genesis): RecoveredNode {
  try {
    const recovered = read(data, alone);
    data.releaseReplay();
    return recovered;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AetherError("STORAGE_CORRUPT", `The stored state cannot be read: ${reason}`, {
      cause,
    });
  }
}

function read(data: DataDirectory, alone: Genesis): RecoveredNode {
  const body = data.snapshot?.body;
  const isCluster = body?.[0] === clusterSnapshotVersion;
  const snapshot = body !== undefined && isCluster ? decodeSnapshot(body) : undefined;
  const commands: Command[] = [];
  const records: ConsensusRecord[] = [];
  let genesis = snapshot?.genesis;
  let isAbstaining = false;
  for (const record of data.records) {
    if (record.type === commandRecord) commands.push(decodeCommand(record.body));
    else if (record.type === consensusRecord) records.push(decodeRecord(record.body));
    else if (record.type === genesisRecord) genesis = decodeGenesis(record.body);
    else if (record.type === abstentionRecord) isAbstaining = record.body[0] !== 0;
    else throw new Error(`Record ${record.index} has the unknown type ${record.type}`);
  }
  const start = blankNode(genesis ?? alone);
  return {
    ...start,
    hasGenesis: genesis !== undefined,
    firstSlot: snapshot?.nextSlot ?? 0,
    configurations: snapshot?.configurations ?? start.configurations,
    state: snapshot?.state ?? body,
    commands,
    records,
    isAbstaining,
  };
}
