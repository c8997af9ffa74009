/**
 * Handlers of the rows about keys: raw bytes in the user's own key space.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { ReplicatedStore } from "../../node/cluster/replicated_store.ts";
import type { kvRows } from "../../protocol/api/data.ts";
import { checkUserKey, userPrefix } from "../../protocol/keys.ts";
import { limits } from "../../protocol/limits.ts";
import type { Applied, Compare, Operation } from "../../protocol/store/command.ts";
import type { Handlers } from "../handler.ts";

const etagPattern = /^"(\d{1,16})"$/;
/** In UTF-8, which is how it is stored. */
const contentTypeBytesMax = 256;

/** See `protocol/api/data.ts`. */
export const kvHandlers: Handlers<keyof typeof kvRows> = {
  kvList: async ({ query }, { control: { store } }) => {
    await store.readBarrier();
    const { prefix, after, limit } = query;
    const start = after === "" ? "" : userPrefix + after;
    const found = store.state.list(userPrefix + prefix, start, limit + 1);
    const keys = found.slice(0, limit).map((full) => {
      const entry = store.state.get(full);
      return {
        key: full.slice(userPrefix.length),
        revision: entry?.revision ?? 0,
        bytes: entry?.value.length ?? 0,
      };
    });
    return { body: { keys, more: found.length > limit, revision: store.state.revision } };
  },
  kvGet: async ({ params, query }, { control: { store } }) => {
    checkUserKey(params.key);
    if (query.consistency === "linearizable") await store.readBarrier();
    const entry = store.state.get(userPrefix + params.key);
    if (entry === undefined) throw notFound(params.key);
    return {
      body: { bytes: entry.value, contentType: entry.contentType },
      headers: { etag: etag(entry.revision) },
    };
  },
  kvPut: async ({ params, headers, body }, { control: { store } }) => {
    checkUserKey(params.key);
    if (body.bytes.length > limits.kvValueBytes) {
      throw new AetherError(
        "VALUE_TOO_LARGE",
        `The value has ${body.bytes.length} bytes; the limit is ${limits.kvValueBytes}`,
      );
    }
    checkStoredType(body.contentType);
    const key = userPrefix + params.key;
    const { bytes: value, contentType } = body;
    const applied = await write(store, headers, { type: "put", key, value, contentType });
    return {
      body: { key: params.key, revision: applied.revision },
      headers: { etag: etag(applied.revision) },
    };
  },
  kvDelete: async ({ params, headers }, { control: { store } }) => {
    checkUserKey(params.key);
    const key = userPrefix + params.key;
    const applied = await write(store, headers, { type: "delete", key });
    if (applied.deleted === 0) throw notFound(params.key);
    return { body: undefined };
  },
};

function checkStoredType(contentType: string): void {
  const bytes = new TextEncoder().encode(contentType).length;
  if (bytes <= contentTypeBytesMax) return;
  throw new AetherError(
    "REQUEST_INVALID",
    `The content type has ${bytes} bytes; the limit is ${contentTypeBytesMax}: shorten it`,
  );
}

interface Conditions {
  readonly "if-match"?: string | undefined;
  readonly "if-none-match"?: string | undefined;
}

async function write(
  store: ReplicatedStore,
  headers: Conditions,
  operation: Operation,
): Promise<Applied> {
  const compare = conditionOf(headers, operation.key);
  const applied = await store.propose("user", { compare, then: [operation], otherwise: [] });
  if (applied.succeeded) return applied;
  const expected = compare[0]?.revision ?? 0;
  const shown = operation.key.slice(userPrefix.length);
  throw new AetherError(
    "PRECONDITION_FAILED",
    expected === 0
      ? `Key "${shown}" exists already`
      : `Key "${shown}" is not at revision ${expected} any more`,
  );
}

/** The comparison that If-Match or If-None-Match asks for (RFC 9110 section 13.1). */
function conditionOf(headers: Conditions, key: string): Compare[] {
  const match = headers["if-match"];
  const noneMatch = headers["if-none-match"];
  if (match !== undefined && noneMatch !== undefined) {
    throw new AetherError("REQUEST_INVALID", "Send either If-Match or If-None-Match, not both");
  }
  if (noneMatch !== undefined) {
    if (noneMatch === "*") return [{ key, revision: 0 }];
    throw new AetherError("REQUEST_INVALID", `If-None-Match is "${noneMatch}": only * is known`);
  }
  if (match === undefined) return [];
  const revision = Number(etagPattern.exec(match)?.[1] ?? 0);
  if (revision === 0 || !Number.isSafeInteger(revision)) {
    throw new AetherError(
      "REQUEST_INVALID",
      `If-Match is ${match}: send the ETag of a GET, for example "17" with its quotes`,
    );
  }
  return [{ key, revision }];
}

function etag(revision: number): string {
  return `"${revision}"`;
}

function notFound(key: string): AetherError {
  return new AetherError("KEY_NOT_FOUND", `Key "${key}" does not exist`);
}
