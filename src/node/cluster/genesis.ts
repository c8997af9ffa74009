/**
 * How the cluster began, and snapshots of everything a node must know of it.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { ByteReader, ByteWriter, DecodeError } from "../../base/codec.ts";
import type { Configuration } from "../../consensus/quorum.ts";
import type { NodeAddress } from "../../protocol/peer/hello.ts";

/** The cluster's beginning; the same on all nodes. */
export interface Genesis {
  readonly cluster: string;
  readonly founders: readonly NodeAddress[];
  /** Boot nonces of the founders, in their order. */
  readonly nonces: readonly string[];
}

/** A state with the place in the log to which it belongs. */
export interface ClusterSnapshot {
  readonly genesis: Genesis;
  /** The first slot that the state does not cover. */
  readonly nextSlot: number;
  readonly configurations: readonly Configuration[];
  /** A snapshot of the store. */
  readonly state: Uint8Array;
}

/** First byte of a cluster snapshot; a bare store snapshot starts with 1. */
export const clusterSnapshotVersion = 2;
const nodesMax = 1_000;

/** The id of the cluster that begins with these nonces, or other words that nothing else has. */
export function clusterIdOf(words: readonly string[]): string {
  return createHash("sha256").update(words.join("|")).digest("hex").slice(0, 32);
}

/** Writes a genesis. */
export function encodeGenesis(genesis: Genesis): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writeGenesis(writer, genesis);
  return writer.take();
}

/**
 * Reads a genesis.
 *
 * @throws {DecodeError} when the bytes are none.
 */
export function decodeGenesis(bytes: Uint8Array): Genesis {
  const reader = new ByteReader(bytes);
  const genesis = readGenesis(reader);
  reader.end();
  return genesis;
}

/** Writes a snapshot. */
export function encodeSnapshot(snapshot: ClusterSnapshot): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(snapshot.state.length + 4_096, 2 ** 31);
  writer.u8(clusterSnapshotVersion);
  writeGenesis(writer, snapshot.genesis);
  writer.varint(snapshot.nextSlot);
  writer.list(snapshot.configurations, ({ from, members }, to) => {
    to.varint(from).list(members, (member, into) => into.string(member));
  });
  writer.bytes(snapshot.state);
  return writer.take();
}

/**
 * Reads a snapshot.
 *
 * @throws {DecodeError} when the bytes are no snapshot of a known version.
 */
export function decodeSnapshot(bytes: Uint8Array): ClusterSnapshot {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== clusterSnapshotVersion) {
    throw new DecodeError(`Snapshot version ${version} is not known`, 0);
  }
  const genesis = readGenesis(reader);
  const nextSlot = reader.varint();
  const configurations = reader.list(nodesMax, (from) => ({
    from: from.varint(),
    members: from.list(nodesMax, (item) => item.string(64)),
  }));
  const state = reader.bytes(bytes.length);
  reader.end();
  return { genesis, nextSlot, configurations, state };
}

function writeGenesis(writer: ByteWriter, genesis: Genesis): void {
  writer.string(genesis.cluster);
  writer.list(genesis.founders, ({ id, address }, to) => to.string(id).string(address));
  writer.list(genesis.nonces, (nonce, to) => to.string(nonce));
}

function readGenesis(reader: ByteReader): Genesis {
  const cluster = reader.string(64);
  const founders = reader.list(nodesMax, (from) => ({
    id: from.string(64),
    address: from.string(300),
  }));
  return { cluster, founders, nonces: reader.list(nodesMax, (from) => from.string(64)) };
}
