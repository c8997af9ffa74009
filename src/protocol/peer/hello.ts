/**
 * The first frame of every link: who a node is, and what it knows of its cluster.
 *
 * @module
 */
import type { ByteReader, ByteWriter } from "../../base/codec.ts";
import { DecodeError } from "../../base/codec.ts";

/** Version of the protocol between nodes. */
export const peerProtocolVersion = 1;

const nodesMax = 1_000;

/** Where a node stands. */
export const nodeStages = ["blank", "member"] as const;
/**
 * "blank": it has no cluster and remembers nothing. "member": it belongs to a cluster, whether it
 * votes or only learns.
 */
export type NodeStage = typeof nodeStages[number];

/** A node with its address. */
export interface NodeAddress {
  readonly id: string;
  /** `host:port` of its cluster port. */
  readonly address: string;
}

/** What a node says about itself. */
export interface Hello {
  readonly node: string;
  /** Address on which it takes links. */
  readonly address: string;
  readonly stage: NodeStage;
  /** Drawn at each start of the process. */
  readonly bootNonce: string;
  /** Id of its cluster; "" for a blank node. */
  readonly cluster: string;
  /** The nodes with which it forms, or has formed, the cluster; sorted by id. */
  readonly founders: readonly NodeAddress[];
  /** Boot nonces of the founders at the time of forming, in their order; empty when blank. */
  readonly founderNonces: readonly string[];
}

/** Writes a hello, its protocol version first. */
export function writeHello(writer: ByteWriter, hello: Hello): void {
  writer.u8(peerProtocolVersion)
    .string(hello.node)
    .string(hello.address)
    .u8(nodeStages.indexOf(hello.stage))
    .string(hello.bootNonce)
    .string(hello.cluster)
    .list(hello.founders, ({ id, address }, to) => to.string(id).string(address))
    .list(hello.founderNonces, (nonce, to) => to.string(nonce));
}

/** Reads a hello of the same protocol version. */
export function readHello(reader: ByteReader): Hello {
  const version = reader.u8();
  if (version !== peerProtocolVersion) {
    throw new DecodeError(
      `Peer speaks protocol version ${version}; this node speaks ${peerProtocolVersion}`,
      0,
    );
  }
  const node = reader.string(64);
  const address = reader.string(300);
  const stage = nodeStages[reader.u8()];
  if (stage === undefined) throw new DecodeError("Stage is not known", reader.offset - 1);
  const bootNonce = reader.string(64);
  const cluster = reader.string(64);
  const founders = reader.list(nodesMax, (from) => ({
    id: from.string(64),
    address: from.string(300),
  }));
  const founderNonces = reader.list(nodesMax, (from) => from.string(64));
  return { node, address, stage, bootNonce, cluster, founders, founderNonces };
}
