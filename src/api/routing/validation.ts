/**
 * Validates path, query and headers of a request by the schemas of its row.
 *
 * Most requests have neither a query nor any header that their row reads. What their schemas say of
 * nothing at all is the same every time, and asked once.
 *
 * @module
 */
import type { Context } from "hono";
import type { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import type { Row } from "../../protocol/api/row.ts";
import { zodIssues } from "../../sdk/dispatch.ts";

/** What a request gives beside its body; undefined where the row has no schema. */
export interface Given {
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: unknown;
}

/** The check of a row; it throws REQUEST_INVALID with all issues of the first part with any. */
export function validator(row: Row): (context: Context) => Given {
  const params = part("param", row.params, ({ req }) => req.param());
  const query = part("query", row.query, queryOf);
  const names = Object.keys(row.headers?.shape ?? {});
  const headers = part("header", row.headers, ({ req }) => headersOf(req.raw.headers, names));
  return (context) => ({
    params: params(context),
    query: query(context),
    headers: headers(context),
  });
}

/** The error of a part of a request that does not fit its schema. */
export function invalid(part: string, error: z.ZodError): AetherError {
  const issues = zodIssues(error);
  const first = issues[0];
  return new AetherError(
    "REQUEST_INVALID",
    `The request's ${part} is not valid: ${first?.path ?? ""}: ${first?.message ?? ""}`,
    { issues },
  );
}

/** The check of one part, of which `read` answers undefined when there is nothing. */
function part(
  name: string,
  schema: z.ZodObject | undefined,
  read: (context: Context) => Readonly<Record<string, unknown>> | undefined,
): (context: Context) => unknown {
  if (schema === undefined) return () => undefined;
  let known: z.ZodSafeParseResult<Record<string, unknown>> | undefined;
  const ofNothing = () => {
    known ??= schema.safeParse({});
    if (known.success) Object.freeze(known.data);
    return known;
  };
  return (context) => {
    const given = read(context);
    const parsed = given === undefined ? ofNothing() : schema.safeParse(given);
    if (!parsed.success) throw invalid(name, parsed.error);
    return parsed.data;
  };
}

/** A name that comes once has a text, and one that comes again a list. */
function queryOf({ req }: Context): Readonly<Record<string, unknown>> | undefined {
  if (!req.raw.url.includes("?")) return undefined;
  const lists = Object.entries(req.queries());
  return Object.fromEntries(lists.map(([name, [only, ...more]]) => [
    name,
    more.length === 0 ? only : [only, ...more],
  ]));
}

function headersOf(
  headers: Headers,
  names: readonly string[],
): Readonly<Record<string, string>> | undefined {
  let found: Record<string, string> | undefined;
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) (found ??= {})[name] = value;
  }
  return found;
}
