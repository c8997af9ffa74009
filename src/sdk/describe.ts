/**
 * Turns a slice's definition into the description that goes into its manifest.
 *
 * Called by the shell in a worker without permissions, on a module nobody has checked yet: every
 * surprise is a clear error.
 *
 * @module
 */
import { z } from "zod";
import { type Contract, type MethodSpec, parseRoute } from "./contract.ts";
import type { SliceDefinition } from "./slice.ts";
import type { MethodManifest, SliceDescription } from "../protocol/slice/manifest.ts";

/** Whether a module's default export is a slice made by `slice()`. */
export function isSliceDefinition(value: unknown): value is SliceDefinition {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "slice" &&
    "contract" in value && typeof value.contract === "object" && "create" in value &&
    typeof value.create === "function";
}

/** Default of a method's `timeoutMs`. */
export const defaultTimeoutMs = 30_000;

/** What the cluster must know of a definition; see {@link SliceDescription}. */
export function describeDefinition(definition: SliceDefinition): SliceDescription {
  const { contract, needs } = definition;
  const calls: string[] = [];
  const resources: SliceDescription["resources"] = [];
  for (const [name, need] of Object.entries(needs)) {
    if (need.kind === "contract") calls.push(need.name);
    else resources.push({ name, type: need.type, options: { ...need.options } });
  }
  return {
    contract: contract.name,
    methods: Object.fromEntries(
      Object.entries(contract.methods).map(([name, spec]) => [name, describeMethod(spec)]),
    ),
    errors: describeErrors(contract),
    calls: [...new Set(calls)].sort(),
    resources,
  };
}

function describeMethod(spec: MethodSpec): MethodManifest {
  const route = spec.http === undefined ? undefined : parseRoute(spec.http);
  const safe = route?.method === "GET" || route?.method === "HEAD";
  return {
    input: toJsonSchema(spec.input, "input"),
    output: toJsonSchema(spec.output, "output"),
    ...(route === undefined
      ? {}
      : { http: { method: route.method, path: route.path, status: spec.status ?? 200 } }),
    idempotent: spec.idempotent ?? safe,
    timeoutMs: spec.timeoutMs ?? defaultTimeoutMs,
    headers: (spec.headers ?? []).map((name) => name.toLowerCase()),
    ...(spec.summary === undefined ? {} : { summary: spec.summary }),
  };
}

function describeErrors(contract: Contract): SliceDescription["errors"] {
  return Object.fromEntries(
    Object.entries(contract.errorSpecs).map(([code, spec]) => [code, {
      status: spec.status,
      ...(spec.data === undefined ? {} : { data: toJsonSchema(spec.data, "output") }),
    }]),
  );
}

function toJsonSchema(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  return { ...z.toJSONSchema(schema, { io, unrepresentable: "any" }) };
}
