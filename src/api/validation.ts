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
import { AetherError } from "../base/errors.ts";
import type { Row } from "../protocol/api/row.ts";
import { zodIssues } from "../sdk/dispatch.ts";

/** Checks for a row; a request that fails one ends with REQUEST_INVALID and all its issues. */
export function validators(row: Row): MiddlewareHandler[] {
  const list: MiddlewareHandler[] = [];
  if (row.params !== undefined) list.push(validator("param", row.params, () => false));
  if (row.query !== undefined) {
    list.push(validator("query", row.query, ({ req }) => !req.raw.url.includes("?")));
  }
  if (row.headers !== undefined) {
    const names = Object.keys(row.headers.shape);
    const isWithout = ({ req }: Context) => !names.some((name) => req.raw.headers.has(name));
    list.push(validator("header", row.headers, isWithout));
  }
  return list;
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

function validator(
  target: "param" | "query" | "header",
  schema: z.ZodObject,
  isEmpty: (context: Context) => boolean,
): MiddlewareHandler {
  const validate: MiddlewareHandler = zValidator(target, schema, (result) => {
    if (!result.success) throw invalid(target, result.error as z.ZodError);
  });
  const ofNothing = schema.safeParse({});
  if (!ofNothing.success) return validate;
  const data = Object.freeze(ofNothing.data);
  return (context, next) => {
    if (!isEmpty(context)) return validate(context, next);
    context.req.addValidatedData(target, data);
    return next();
  };
}
