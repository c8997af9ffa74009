/**
 * The registry of the store's keys: text form, value schema and the one who may write.
 *
 * System keys are JSON; keys under `user/` and `slice/` hold what users and slices put there. To
 * add a kind of key, add it here; reading and writing go through {@link KeyType}.
 *
 * @module
 */
import { z } from "zod";
import { AetherError } from "../base/errors.ts";
import { expandedBlueprintSchema, revisionStates } from "./blueprint.ts";
import { instanceStates } from "./instance_state.ts";
import {
  deadLetterSchema,
  offsetValueSchema,
  partitionStateSchema,
  partitionValueSchema,
  topicHostSchema,
  topicValueSchema,
} from "./messaging/values.ts";
import { nodeLifecycles } from "./node_lifecycle.ts";
import { rolloutSchema } from "./rollout.ts";
import { sizingSchema } from "./deployment/sizing.ts";
import { dhtViewSchema } from "./storage/dht.ts";
import { blobRecordSchema, fileRecordSchema } from "./storage/artifacts.ts";
import { nodeFiresSchema, scheduleRecordSchema } from "./schedule/record.ts";
import { aspectModes } from "./slice/interceptors.ts";
import { manifestSchema } from "./slice/manifest.ts";
import type { KeyOperation, Writer } from "./store/command.ts";
import { userPrefix } from "./store/user_key.ts";
import { exitReasons } from "./thread/threads.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
/** Content type of system values. */
export const jsonType = "application/json";

function freezeAll(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freezeAll(part);
}

/** A kind of system key with a typed value. */
export class KeyType<Value> {
  /** Start of every key of this kind, ending in "/". */
  readonly prefix: string;
  /** Who may write keys of this kind. */
  readonly writer: Writer;
  readonly #schema: z.ZodType<Value>;
  /** What was decoded, for as long as somebody holds the bytes: views of the store decode often. */
  readonly #decoded = new WeakMap<Uint8Array, { readonly value: Value }>();

  constructor(prefix: string, writer: Writer, schema: z.ZodType<Value>) {
    this.prefix = prefix;
    this.writer = writer;
    this.#schema = schema;
  }

  /** The key's text. */
  key(...parts: readonly (string | number)[]): string {
    return this.prefix + parts.join("/");
  }

  /** The parts of a key of this kind after the prefix. */
  parts(key: string): string[] {
    return key.slice(this.prefix.length).split("/");
  }

  /** The operation that writes a value; with a lease the key goes when that ends. */
  put(key: string, value: Value, lease?: string): KeyOperation {
    const bytes = encoder.encode(JSON.stringify(this.#schema.parse(value)));
    const operation = { type: "put", key, value: bytes, contentType: jsonType } as const;
    return lease === undefined ? operation : { ...operation, lease };
  }

  /**
   * Reads a stored value, which nobody may change: the same bytes are read once.
   *
   * @throws {AetherError} STORAGE_CORRUPT when it does not match the schema.
   */
  decode(key: string, bytes: Uint8Array): Value {
    const known = this.#decoded.get(bytes);
    if (known !== undefined) return known.value;
    try {
      const value = this.#schema.parse(JSON.parse(decoder.decode(bytes)));
      freezeAll(value);
      this.#decoded.set(bytes, { value });
      return value;
    } catch (cause) {
      throw new AetherError("STORAGE_CORRUPT", `The value of key "${key}" cannot be read`, {
        cause,
      });
    }
  }
}

const instanceValueSchema = z.object({
  artifact: z.string(),
  node: z.string(),
  number: z.int(),
  state: z.enum(instanceStates),
  attempt: z.int(),
  /** Wall time of the change, for people. */
  changedAtMs: z.number(),
  /** Failures in a row since it last ran well. */
  failures: z.int(),
  reason: z.string().optional(),
  /** How it ended, when it has. */
  exit: z.enum(exitReasons).optional(),
  /** Whether trying again without a change is useless. */
  fatal: z.boolean().optional(),
});

/** Where a node listens, `host:port` each; "" where it does not. */
export const addressesSchema = z.object({
  cluster: z.string(),
  gateway: z.string().default(""),
  storage: z.string().default(""),
  management: z.string(),
  app: z.string(),
});

const revisionValueSchema = z.object({
  number: z.int(),
  blueprint: expandedBlueprintSchema,
  /** Wall time, for people. */
  appliedAtMs: z.number(),
  state: z.enum(revisionStates),
  /** Slices whose instances failed for good. */
  failures: z.array(z.object({ artifact: z.string(), reason: z.string() })),
  /** The earlier revision that this one brings back. */
  returnsTo: z.int().optional(),
});

/** A revision of a blueprint. */
export type RevisionValue = z.output<typeof revisionValueSchema>;

const memberValueSchema = z.object({
  id: z.string(),
  state: z.enum(nodeLifecycles),
  version: z.string(),
  incarnation: z.int(),
  addresses: addressesSchema,
});

/** A member of the cluster. */
export type MemberValue = z.output<typeof memberValueSchema>;

/** A value that overrides one of a configuration file. */
export const overrideValueSchema = z.union([
  z.string().max(10_000),
  z.number(),
  z.boolean(),
  z.array(z.string().max(1_000)).max(1_000),
]);

/** Observed state of one instance, written by the node that owns it. */
export type InstanceValue = z.output<typeof instanceValueSchema>;

/** The kinds of system keys. */
export const keys = {
  /** `blueprint/{id}`: an applied blueprint, expanded. */
  blueprint: new KeyType("blueprint/", "operator", expandedBlueprintSchema),
  /** `target/{artifactBase}`: what should run. */
  target: new KeyType(
    "target/",
    "operator",
    z.object({
      artifact: z.string(),
      instances: z.int(),
      minAvailable: z.int(),
      dependencies: z.array(z.string()),
      blueprint: z.string(),
    }),
  ),
  /** `revision/{blueprint}/{number}`: what was applied, and what became of it. */
  revision: new KeyType("revision/", "operator", revisionValueSchema),
  /** `rollout/{id}`: a version that takes over, step by step. */
  rollout: new KeyType("rollout/", "operator", rolloutSchema),
  /** `assignment/{node}/{artifact}`: what a node should run, decided by the leader. */
  assignment: new KeyType(
    "assignment/",
    "leader",
    z.object({
      artifact: z.string(),
      node: z.string(),
      /** Instances by number; a higher attempt starts a failed one again. */
      instances: z.array(z.object({ number: z.int(), attempt: z.int() })),
    }),
  ),
  /** `instance/{node}/{artifact}/{number}`: what runs. */
  instance: new KeyType("instance/", "node", instanceValueSchema),
  /** `artifact/{artifactBase}/{version}`: a published slice and the nodes that hold it. */
  artifact: new KeyType(
    "artifact/",
    "node",
    z.object({
      sha256: z.string(),
      bytes: z.int(),
      holders: z.array(z.string()),
      manifest: manifestSchema,
    }),
  ),
  /** `file/{path}`: a file of the repository, and where its bytes are. */
  file: new KeyType("file/", "node", fileRecordSchema),
  /** `blob/{artifactBase}/{section}/{key}`: a blob of a slice, and where its bytes are. */
  blob: new KeyType("blob/", "slice", blobRecordSchema),
  /** `collection/last`: the last removal of chunks that no file names. */
  collection: new KeyType(
    "collection/",
    "node",
    z.object({
      node: z.string(),
      /** Wall time: a collection that has not ended long after it is over all the same. */
      startedAtMs: z.number(),
      isRunning: z.boolean(),
    }),
  ),
  /** `dhtview/current`: who holds the data of the DHT. */
  dhtView: new KeyType("dhtview/", "leader", dhtViewSchema),
  /** `dhtmember/{node}`: the storage of a node, and the last change of members it has followed. */
  dhtMember: new KeyType(
    "dhtmember/",
    "node",
    z.object({ storage: z.string(), settled: z.int() }),
  ),
  /** `cluster/configuration`: the voters. */
  cluster: new KeyType(
    "cluster/",
    "operator",
    z.object({ voters: z.array(z.string()).min(1).max(9) }),
  ),
  /** `roster/{node}`: a node that an operator has let into the cluster, or put out of it. */
  roster: new KeyType(
    "roster/",
    "operator",
    z.object({
      status: z.enum(["added", "removed"]),
      /** `host:port` of its cluster port, as the operator said; "" when nobody said. */
      address: z.string(),
      /** Wall time, for people. */
      changedAtMs: z.number(),
    }),
  ),
  /**
   * `lock/{name}`: who holds a lock; the revision at which the key came into being is its token.
   */
  lock: new KeyType(
    "lock/",
    "user",
    z.object({ holder: z.string(), lease: z.string(), ttlMs: z.int() }),
  ),
  /** `config/cluster/{key}` and `config/node/{node}/{key}`: values over those of the file. */
  config: new KeyType("config/", "operator", z.object({ value: overrideValueSchema })),
  /** `aspect/{contract}/{method}`: what is logged and counted of a method, `*` for all. */
  aspect: new KeyType("aspect/", "operator", z.object({ mode: z.enum(aspectModes) })),
  /** `backup/last`: the backup that a node has taken on. */
  backup: new KeyType(
    "backup/",
    "node",
    z.object({ period: z.int(), node: z.string(), startedAtMs: z.number() }),
  ),
  /** `join/{id}`: a token that lets one new node have a certificate; only its hash. */
  joinToken: new KeyType(
    "join/",
    "operator",
    z.object({ sha256: z.string(), expiresAtMs: z.number(), node: z.string().nullable() }),
  ),
  /** `topic/{name}`: a topic that slices declare. */
  topic: new KeyType("topic/", "leader", topicValueSchema),
  /** `partition/{topic}/{number}`: who owns a partition. */
  partition: new KeyType("partition/", "leader", partitionValueSchema),
  /** `partition-state/{topic}/{number}`: how far its present owners are. */
  partitionState: new KeyType("partition-state/", "node", partitionStateSchema),
  /** `topic-host/{node}`: a node whose storage can own partitions. */
  topicHost: new KeyType("topic-host/", "node", topicHostSchema),
  /** `offset/{topic}/{partition}/{contract}/{subscription}`: how far a subscription is. */
  offset: new KeyType("offset/", "node", offsetValueSchema),
  /** `dead-letter/{id}`: a call that failed for good. */
  deadLetter: new KeyType("dead-letter/", "node", deadLetterSchema),
  /** `sizing/current`: what is done to keep the cluster at its size. */
  sizing: new KeyType("sizing/", "operator", sizingSchema),
  /** `schedule/{contract}/{name}`: a schedule, its due times and what became of them. */
  schedule: new KeyType("schedule/", "leader", scheduleRecordSchema),
  /** `fires/{node}/{contract}/{name}`: a node's fires of a schedule that every instance runs. */
  nodeFires: new KeyType("fires/", "node", nodeFiresSchema),
  /** `leader/current`: who leads; the revision of the last change is the term. */
  leader: new KeyType("leader/", "node", z.object({ node: z.string() })),
  /** `member/{node}`: a node, its addresses and life cycle. */
  member: new KeyType(
    "member/",
    "node",
    memberValueSchema,
  ),
};

/** The key that holds the voters. */
export const configurationKey = keys.cluster.key("configuration");
/** The key that names the leader. */
export const leaderKey = keys.leader.key("current");

/** The key of what is done for the size of the cluster. */
export const sizingKey = keys.sizing.key("current");

/** Start of the keys of a slice's `kv()`: `slice/{artifactBase}/`. */
export const slicePrefix = "slice/";

/** The key that says who holds the data of the DHT. */
export const dhtViewKey = keys.dhtView.key("current");
/** The key of the last collection of chunks. */
export const collectionKey = keys.collection.key("last");

/** Who may write a key; undefined when no kind of key has this prefix. */
export function writerOf(key: string): Writer | undefined {
  if (key.startsWith(userPrefix)) return "user";
  if (key.startsWith(slicePrefix)) return "slice";
  for (const type of Object.values(keys)) {
    if (key.startsWith(type.prefix)) return type.writer;
  }
  return undefined;
}

/** Whether users or slices choose keys like this one; the system keeps nothing for itself in it. */
export function isChosenKey(key: string): boolean {
  return key.startsWith(userPrefix) || key.startsWith(slicePrefix);
}
