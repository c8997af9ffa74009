/**
 * Validates path, query and headers of a request by the schemas of its row.
 *
 * Most requests have neither a query nor any header that their row reads. What their schemas say of
 * nothing at all is the same every time, and asked once.
 *
 * @module
 */
import { zValidator } from "@hono/zod-validator";
import type { Context, MiddlewareHandler } from "hono";
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
export function validator(row: Row): (context: Context) => Promise<Given> {
  const params = part("param", row.params, () => false);
  const query = part("query", row.query, ({ req }) => !req.raw.url.includes("?"));
  const names = Object.keys(row.headers?.shape ?? {});
  const headers = part("header", row.headers, ({ req }) => {
    return !names.some((name) => req.raw.headers.has(name));
  });
  return async (context) => ({
    params: await params(context),
    query: await query(context),
    headers: await headers(context),
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

type Part = "param" | "query" | "header";

/** The check of one part; `isEmpty` says that the request gives nothing for it. */
function part(
  name: Part,
  schema: z.ZodObject | undefined,
  isEmpty: (context: Context) => boolean,
): (context: Context) => unknown {
  if (schema === undefined) return () => undefined;
  const validate: MiddlewareHandler = zValidator(name, schema, (result) => {
    if (!result.success) throw invalid(name, result.error as z.ZodError);
  });
  let ofNothing: z.ZodSafeParseResult<Record<string, unknown>> | undefined;
  return async (context) => {
    if (isEmpty(context)) {
      ofNothing ??= schema.safeParse({});
      if (ofNothing.success) return Object.freeze(ofNothing.data);
    }
    await validate(context, nothing);
    return context.req.valid(name as never);
  };
}

/** The row's own handler goes on. */
async function nothing(): Promise<void> {}
