/**
 * The resource type `kv`: a slice's own keys in the replicated store.
 *
 * Keys are confined to the prefix of the slice; values are JSON texts.
 *
 * @module
 */
import { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import { jsonType, keys, slicePrefix } from "../../protocol/keys.ts";
import { checkUserKey } from "../../protocol/store/user_key.ts";
import { limits } from "../../protocol/limits.ts";
import type { Applied, Compare, KeyOperation } from "../../protocol/store/command.ts";
import { kvConflict } from "../../sdk/kv_conflict.ts";
import { SliceError } from "../../sdk/slice_error.ts";
import {
  type CallMessage,
  parseCall,
  type ResourceFactory,
  type ResourceSession,
} from "../factory.ts";
import { type StoreAccess, type StoreEntry, storeExtension } from "../store_access.ts";
import { lockNameOf } from "./lock_name.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const key = z.string();
const conditions = {
  ifRevision: z.int().min(0).optional(),
  fence: z.object({ name: z.string(), token: z.int().min(1) }).optional(),
};
const callSchema = z.discriminatedUnion("op", [
  z.object({ op: z.literal("entry"), key }),
  z.object({ op: z.literal("put"), key, value: z.string(), ...conditions }),
  z.object({ op: z.literal("delete"), key, ...conditions }),
  z.object({
    op: z.literal("list"),
    prefix: key,
    limit: z.int().min(1).max(limits.listMax),
  }),
]);
type Call = z.output<typeof callSchema>;
type Write = Extract<Call, { op: "put" | "delete" }>;

/** Opens the store for slices. */
export const kvFactory: ResourceFactory = {
  type: "kv",
  priority: 0,
  options: undefined,
  supports: (section) => section === undefined,
  open: (_options, context) => {
    const store = context.extension(storeExtension);
    return {
      session: ({ artifactBase }) => new KvSession(artifactBase, store),
      close: () => {},
    };
  },
};

/** An entry as it travels to the handle. */
interface RawEntry {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

class KvSession implements ResourceSession {
  readonly #artifactBase: string;
  readonly #prefix: string;
  readonly #store: StoreAccess;

  constructor(artifactBase: string, store: StoreAccess) {
    this.#artifactBase = artifactBase;
    this.#prefix = `${slicePrefix}${artifactBase}/`;
    this.#store = store;
  }

  close(): void {}

  async call(message: CallMessage): Promise<unknown> {
    const call = parseCall(callSchema, message);
    switch (call.op) {
      case "entry": {
        checkUserKey(call.key, this.#prefix);
        const entry = await this.#store.entry(this.#prefix + call.key);
        return entry === undefined ? null : this.#raw(entry);
      }
      case "list": {
        const found = await this.#store.list(this.#prefix + call.prefix, call.limit);
        return found.map((entry) => this.#raw(entry));
      }
      case "put":
        return await this.#put(call);
      case "delete":
        checkUserKey(call.key, this.#prefix);
        return (await this.#write(call, { type: "delete", key: this.#prefix + call.key }))
          .deleted > 0;
    }
  }

  #raw({ key, value, revision }: StoreEntry): RawEntry {
    return { key: key.slice(this.#prefix.length), value: decoder.decode(value), revision };
  }

  async #put(call: Extract<Call, { op: "put" }>): Promise<number> {
    checkUserKey(call.key, this.#prefix);
    const value = encoder.encode(call.value);
    if (value.length > limits.kvValueBytes) {
      throw new AetherError(
        "VALUE_TOO_LARGE",
        `The value of key "${call.key}" has ${value.length} bytes; the limit is ` +
          `${limits.kvValueBytes}`,
      );
    }
    const key = this.#prefix + call.key;
    const applied = await this.#write(call, { type: "put", key, value, contentType: jsonType });
    return applied.revision;
  }

  async #write(call: Write, operation: KeyOperation): Promise<Applied> {
    const { ifRevision, fence } = call;
    const compare: Compare[] = ifRevision === undefined
      ? []
      : [{ key: operation.key, revision: ifRevision }];
    if (fence !== undefined) {
      const name = lockNameOf(this.#artifactBase, fence.name);
      compare.push({ key: keys.lock.key(name), revision: fence.token });
    }
    const applied = await this.#store.propose({ compare, then: [operation], otherwise: [] });
    if (applied.succeeded) return applied;
    const actual = (await this.#store.entry(operation.key, true))?.revision ?? 0;
    if (ifRevision !== undefined && (fence === undefined || actual !== ifRevision)) {
      throw kvConflict(call.key, ifRevision, actual);
    }
    throw new SliceError(
      "LOCK_LOST",
      `Key "${call.key}" was not written: lock "${fence?.name}" is not held with token ` +
        `${fence?.token} any more`,
      { status: 409 },
    );
  }
}
