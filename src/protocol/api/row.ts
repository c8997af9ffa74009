/**
 * The shape of one row of the management API's route table.
 *
 * A row says everything about an endpoint but its code: the server mounts it, OpenAPI describes it,
 * the typed client calls it, and the authorisation matrix is tested from it.
 *
 * @module
 */
import type { z } from "zod";
import type { ErrorName } from "../../base/error_catalog.ts";

/** Roles, each including the ones before it; "public" needs no key. */
const roles = ["public", "viewer", "operator", "admin"] as const;
/** One of {@link roles}. */
export type Role = typeof roles[number];

/** Whether a role may do what another role is required for. */
export function roleAllows(have: Role, need: Role): boolean {
  return roles.indexOf(have) >= roles.indexOf(need);
}

/** Raw bytes with a content type, as a body or an answer. */
export interface RawBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** A message of a stream (Server-Sent Events): its type is the event, its revision the id. */
export interface StreamMessage {
  readonly type: string;
  readonly revision: number;
}

/** A row of the table. */
export interface Row {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Path with `{name}` for a segment and `{name+}` for the rest of the path. */
  readonly path: string;
  readonly role: Role;
  readonly summary: string;
  /** Handled by the leader only; other nodes forward. @default {false} */
  readonly leaderOnly?: boolean;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Request headers that the handler reads, lower-case. */
  readonly headers?: z.ZodObject;
  /** JSON schema of the body, or raw bytes up to `bodyMaxBytes`. */
  readonly body?: z.ZodType | "raw";
  readonly bodyMaxBytes?: number;
  /** The handler reads the raw body as it comes, see `api/upload.ts`. @default {false} */
  readonly isBodyStreamed?: boolean;
  /** JSON schema of the answer, raw bytes, nothing (204), or messages without an end. */
  readonly response: z.ZodType | "raw" | "none" | "stream";
  /** JSON schema of each message of a stream. */
  readonly message?: z.ZodType<StreamMessage>;
  /** Status of success. @default {200, or 204 when there is nothing} */
  readonly status?: number;
  /** Further statuses that have the same body. @default {[]} */
  readonly otherStatuses?: readonly number[];
  /** Time that it may take if that is longer than usual, in milliseconds. */
  readonly timeoutMs?: number;
  /** Errors that belong to this row; every row may also answer those of access and limits. */
  readonly errors: readonly ErrorName[];
}

/** Keeps the literal types of a table. */
export function defineRows<R extends Record<string, Row>>(rows: R): R {
  return rows;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : S extends "raw" ? RawBody : undefined;
type Given<S> = S extends z.ZodType ? z.input<S> : S extends "raw" ? RawBody : undefined;
type Field<R, K extends string> = R extends Record<K, infer S> ? S : undefined;

/** What a handler gets: everything validated. */
export interface RowRequest<R extends Row> {
  readonly params: Parsed<Field<R, "params">>;
  readonly query: Parsed<Field<R, "query">>;
  readonly headers: Parsed<Field<R, "headers">>;
  readonly body: Parsed<Field<R, "body">>;
}

/** What a caller gives. */
export type RowCall<R extends Row> =
  & Need<"params", Given<Field<R, "params">>>
  & Need<"query", Given<Field<R, "query">>>
  & Need<"headers", Given<Field<R, "headers">>>
  & Need<"body", Given<Field<R, "body">>>;

type Need<K extends string, T> = [T] extends [undefined] ? { readonly [P in K]?: undefined }
  : Record<never, never> extends T ? { readonly [P in K]?: T }
  : { readonly [P in K]: T };

/** The answer's body. */
export type RowResponse<R extends Row> = R["response"] extends z.ZodType ? z.output<R["response"]>
  : R["response"] extends "raw" ? RawBody
  : R["response"] extends "stream" ? AsyncIterableIterator<RowMessage<R>>
  : undefined;

/** The messages of a stream. */
export type RowMessage<R extends Row> = R extends { readonly message: z.ZodType<infer M> } ? M
  : never;
