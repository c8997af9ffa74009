/**
 * Handlers of the rows about keys: raw bytes in the user's own key space.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { AetherError } from "../../base/errors.ts";
import { utf8Bytes } from "../../base/text/utf8_bytes.ts";
import type { Control } from "../../node/control/control.ts";
import type { kvRows, TxnChange, TxnComparison } from "../../protocol/api/data/kv.ts";
import { keys } from "../../protocol/keys.ts";
import { checkUserKey, userPrefix } from "../../protocol/store/user_key.ts";
import { limits } from "../../protocol/limits.ts";
import type { Applied, Compare, Idempotency, KeyOperation } from "../../protocol/store/command.ts";
import type { HandlerContext, Handlers } from "../handler.ts";
import { decodeValue } from "../values.ts";

const etagPattern = /^"(\d{1,16})"$/;
/** In UTF-8, which is how it is stored. */
const contentTypeBytesMax = 256;

const revisionHeader = "x-aether-revision";
/** The rest of the time in which a request must be answered is for saying that it is over. */
const waitShare = 0.8;

/** See `protocol/api/data/kv.ts`. */
export const kvHandlers: Handlers<keyof typeof kvRows> = {
  kvList: async ({ query }, { control }) => {
    await readable(control, query);
    const { state } = control.store;
    const { prefix, after, limit } = query;
    const start = after === "" ? "" : userPrefix + after;
    const found = state.list(userPrefix + prefix, start, limit + 1);
    const listed = found.slice(0, limit).map((full) => {
      const entry = state.get(full);
      return {
        key: full.slice(userPrefix.length),
        revision: entry?.revision ?? 0,
        bytes: entry?.value.length ?? 0,
      };
    });
    return { body: { keys: listed, more: found.length > limit, revision: state.revision } };
  },
  kvGet: async ({ params, query }, { control }) => {
    checkUserKey(params.key);
    await readable(control, query);
    const { state } = control.store;
    const entry = state.get(userPrefix + params.key);
    if (entry === undefined) throw notFound(params.key);
    return {
      body: { bytes: entry.value, contentType: entry.contentType },
      headers: { etag: etag(entry.revision), [revisionHeader]: String(state.revision) },
    };
  },
  kvPut: async ({ params, query, headers, body }, context) => {
    checkUserKey(params.key);
    checkValueSize(body.bytes);
    checkStoredType(body.contentType);
    const key = userPrefix + params.key;
    const { bytes: value, contentType } = body;
    const lease = query.lease === undefined ? {} : { lease: query.lease };
    const operation: KeyOperation = { type: "put", key, value, contentType, ...lease };
    const applied = await write(context, headers, operation);
    return {
      body: { key: params.key, revision: applied.revision },
      headers: { etag: etag(applied.revision) },
    };
  },
  kvDelete: async ({ params, headers }, context) => {
    checkUserKey(params.key);
    const key = userPrefix + params.key;
    const applied = await write(context, headers, { type: "delete", key });
    if (applied.deleted === 0) throw notFound(params.key);
    return { body: undefined, headers: { [revisionHeader]: String(applied.revision) } };
  },
  kvTransaction: async ({ headers, body }, context) => {
    const idempotency = idempotencyOf(headers, context, JSON.stringify(body));
    const { succeeded, revision, deleted } = await context.control.store.propose("user", {
      compare: body.compare.map(comparisonOf),
      then: body.then.map(operationOf),
      otherwise: body.otherwise.map(operationOf),
      ...(idempotency === undefined ? {} : { idempotency }),
    });
    return { body: { succeeded, revision, deleted } };
  },
  kvWatch: ({ query, headers }, { watches }) => {
    const last = headers["last-event-id"];
    const from = last === undefined ? query.from : Number(last);
    return { body: watches.open({ prefix: query.prefix, from }) };
  },
};

/** Waits until this node may answer a read. */
async function readable(
  { store, config }: Pick<Control, "store" | "config">,
  query: {
    readonly consistency?: "linearizable" | "local" | undefined;
    readonly minRevision?: number | undefined;
  },
): Promise<void> {
  const { minRevision } = query;
  const consistency = query.consistency ?? (minRevision === undefined ? "linearizable" : "local");
  if (consistency === "linearizable") await store.readBarrier();
  if (minRevision === undefined) return;
  await store.waitFor(minRevision, Math.ceil(config.management.requestTimeoutMs * waitShare));
}

function comparisonOf(item: TxnComparison): Compare {
  if ("lock" in item) return { key: keys.lock.key(item.lock), revision: item.token };
  checkUserKey(item.key);
  const key = userPrefix + item.key;
  if ("revision" in item) return { key, revision: item.revision };
  if ("value" in item) return { key, value: decodeValue(item.value, item.encoding) };
  return item.exists ? { key, exists: true } : { key, revision: 0 };
}

function operationOf(item: TxnChange): KeyOperation {
  checkUserKey(item.key);
  const key = userPrefix + item.key;
  if (item.op === "delete") return { type: "delete", key };
  const value = decodeValue(item.value, item.encoding);
  checkValueSize(value);
  const isText = item.encoding === "utf8";
  const contentType = item.contentType ??
    (isText ? "text/plain; charset=utf-8" : "application/octet-stream");
  checkStoredType(contentType);
  const lease = item.lease === undefined ? {} : { lease: item.lease };
  return { type: "put", key, value, contentType, ...lease };
}

function checkValueSize(value: Uint8Array): void {
  if (value.length <= limits.kvValueBytes) return;
  throw new AetherError(
    "VALUE_TOO_LARGE",
    `The value has ${value.length} bytes; the limit is ${limits.kvValueBytes}`,
  );
}

function checkStoredType(contentType: string): void {
  const bytes = utf8Bytes(contentType);
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
  context: HandlerContext,
  headers: Conditions & IdempotencyHeader,
  operation: KeyOperation,
): Promise<Applied> {
  const { key } = operation;
  const revision = expectedRevision(headers);
  const idempotency = idempotencyOf(headers, context, key, String(revision), operation);
  const applied = await context.control.store.propose("user", {
    compare: revision === undefined ? [] : [{ key, revision }],
    then: [operation],
    otherwise: [],
    ...(idempotency === undefined ? {} : { idempotency }),
  });
  if (applied.succeeded) return applied;
  const shown = key.slice(userPrefix.length);
  throw new AetherError(
    "PRECONDITION_FAILED",
    revision === 0
      ? `Key "${shown}" exists already`
      : `Key "${shown}" is not at revision ${revision} any more`,
  );
}

interface IdempotencyHeader {
  readonly "idempotency-key"?: string | undefined;
}

/** The key is the caller's own; the fingerprint covers everything that the request asks for. */
function idempotencyOf(
  headers: IdempotencyHeader,
  { principal }: HandlerContext,
  ...request: readonly (string | KeyOperation)[]
): Idempotency | undefined {
  const chosen = headers["idempotency-key"];
  if (chosen === undefined) return undefined;
  const hash = createHash("sha256");
  for (const part of request) {
    if (typeof part === "string") hash.update(JSON.stringify(part));
    else if (part.type === "delete") hash.update("delete");
    else hash.update(JSON.stringify([part.contentType, part.lease])).update(part.value);
  }
  const fingerprint = hash.digest("hex").slice(0, 32);
  return { key: `${principal.name}/${chosen}`, fingerprint };
}

/** The revision that If-Match or If-None-Match asks for (RFC 9110 section 13.1); 0 is absence. */
function expectedRevision(headers: Conditions): number | undefined {
  const match = headers["if-match"];
  const noneMatch = headers["if-none-match"];
  if (match !== undefined && noneMatch !== undefined) {
    throw new AetherError("REQUEST_INVALID", "Send either If-Match or If-None-Match, not both");
  }
  if (noneMatch !== undefined) {
    if (noneMatch === "*") return 0;
    throw new AetherError("REQUEST_INVALID", `If-None-Match is "${noneMatch}": only * is known`);
  }
  if (match === undefined) return undefined;
  const revision = Number(etagPattern.exec(match)?.[1] ?? 0);
  if (revision === 0 || !Number.isSafeInteger(revision)) {
    throw new AetherError(
      "REQUEST_INVALID",
      `If-Match is ${match}: send the ETag of a GET, for example "17" with its quotes`,
    );
  }
  return revision;
}

function etag(revision: number): string {
  return `"${revision}"`;
}

function notFound(key: string): AetherError {
  return new AetherError("KEY_NOT_FOUND", `Key "${key}" does not exist`);
}
