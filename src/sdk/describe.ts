/**
 * Turns a slice's definition into the description that goes into its manifest.
 *
 * Called by the shell in a worker without permissions, on a module nobody has checked yet: every
 * surprise is a clear error.
 *
 * @module
 */
import { z } from "zod";
import { AetherError } from "../base/errors.ts";
import { type Contract, type MethodSpec, parseRoute } from "./contract.ts";
import { zodIssues } from "./dispatch.ts";
import type { SliceDefinition } from "./slice.ts";
import { streamOf, type StreamSpec } from "./streams.ts";
import { triggeredOf } from "./triggers/triggered.ts";
import { describeSchedules } from "./triggers/describe_schedules.ts";
import { describeTopics } from "./triggers/describe_topics.ts";
import { methodInterceptorsSchema } from "../protocol/slice/interceptors.ts";
import type { MethodManifest, SliceDescription } from "../protocol/slice/manifest.ts";

/** Whether a module's default export is a slice made by `slice()`. */
export function isSliceDefinition(value: unknown): value is SliceDefinition {
  return isKind(value, "slice") && isKind(value["contract"], "contract") &&
    isObject(value["needs"]) && typeof value["create"] === "function";
}

function isKind(value: unknown, kind: string): value is Record<string, unknown> {
  return isObject(value) && value["kind"] === kind;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Default of a method's `timeoutMs`. */
export const defaultTimeoutMs = 30_000;

/**
 * What the cluster must know of a definition; see {@link SliceDescription}.
 *
 * @throws {AetherError} SLICE_INVALID naming the need or the schema that cannot be described.
 */
export function describeDefinition(
  definition: Pick<
    SliceDefinition,
    "contract" | "needs" | "subscriptions" | "schedules" | "interceptors"
  >,
): SliceDescription {
  const { contract, needs } = definition;
  const topics = describeTopics(definition, toJsonSchema);
  const schedules = describeSchedules(definition);
  const calls: string[] = [];
  const resources: SliceDescription["resources"] = [];
  for (const [name, need] of Object.entries(needs)) {
    if (!isKind(need, "contract") && !isKind(need, "resource")) {
      throw new AetherError(
        "SLICE_INVALID",
        `Need "${name}" is neither a contract nor a resource such as kv()`,
      );
    }
    if (need.kind === "contract") calls.push(need.name);
    else resources.push({ name, type: need.type, options: { ...need.options } });
  }
  return {
    contract: contract.name,
    methods: {
      ...Object.fromEntries(
        Object.entries(contract.methods).map(([name, spec]) => [name, describeMethod(name, spec)]),
      ),
      ...Object.fromEntries(
        Object.entries(triggeredOf(definition)).map(([name, { spec, trigger }]) => [
          name,
          { ...describeMethod(name, spec), trigger },
        ]),
      ),
    },
    errors: describeErrors(contract),
    calls: [...new Set(calls)].sort(),
    resources,
    ...topics,
    ...schedules,
    ...describeInterceptors(definition),
  };
}

function describeInterceptors(
  { contract, interceptors }: Pick<SliceDefinition, "contract" | "interceptors">,
): Pick<SliceDescription, "interceptors"> {
  if (interceptors === undefined) return {};
  const parsed = methodInterceptorsSchema.safeParse(interceptors);
  if (!parsed.success) {
    throw new AetherError("SLICE_INVALID", `The interceptors of ${contract.name} are not valid`, {
      issues: zodIssues(parsed.error),
    });
  }
  for (const name of Object.keys(parsed.data)) {
    if (name === "*" || Object.hasOwn(contract.methods, name)) continue;
    throw new AetherError(
      "SLICE_INVALID",
      `The slice has interceptors for "${name}", which is no method of ${contract.name}`,
    );
  }
  return { interceptors: parsed.data };
}

function describeMethod(name: string, spec: MethodSpec): MethodManifest {
  const route = spec.http === undefined ? undefined : parseRoute(spec.http);
  const safe = route?.method === "GET" || route?.method === "HEAD";
  return {
    input: toJsonSchema(spec.input, "input", `The input of ${name}`),
    ...describeOutput(name, spec),
    ...(spec.body === "stream" ? { body: "stream" } : {}),
    ...(route === undefined
      ? {}
      : { http: { method: route.method, path: route.path, status: spec.status ?? 200 } }),
    idempotent: spec.idempotent ?? safe,
    timeoutMs: spec.timeoutMs ?? defaultTimeoutMs,
    headers: (spec.headers ?? []).map((name) => name.toLowerCase()),
    ...(spec.summary === undefined ? {} : { summary: spec.summary }),
  };
}

type OutputDescription = Pick<MethodManifest, "output" | "stream" | "receive">;

/** For a stream, the schema is that of one item or message. */
function describeOutput(name: string, { output }: MethodSpec): OutputDescription {
  const what = `The output of ${name}`;
  const stream: StreamSpec | undefined = streamOf(output);
  switch (stream?.kind) {
    case "events":
      return { stream: "events", output: toJsonSchema(stream.item, "output", what) };
    case "bytes":
      return { stream: "bytes", output: {} };
    case "socket":
      return {
        stream: "socket",
        output: toJsonSchema(stream.send, "output", what),
        receive: toJsonSchema(stream.receive, "input", `What ${name} receives`),
      };
    default:
      return { output: toJsonSchema(output, "output", what) };
  }
}

function describeErrors(contract: Contract): SliceDescription["errors"] {
  return Object.fromEntries(
    Object.entries(contract.errorSpecs).map(([code, spec]) => [code, {
      status: spec.status,
      ...(spec.data === undefined
        ? {}
        : { data: toJsonSchema(spec.data, "output", `The data of error ${code}`) }),
    }]),
  );
}

function toJsonSchema(
  schema: z.ZodType,
  io: "input" | "output",
  what: string,
): Record<string, unknown> {
  try {
    const described = z.toJSONSchema(schema, { io, unrepresentable: "any" });
    // Whatever else a schema's own metadata holds, only JSON travels.
    return { ...JSON.parse(JSON.stringify(described)) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AetherError(
      "SLICE_INVALID",
      `${what} has a schema that cannot be written as JSON Schema: ${reason}`,
      { cause },
    );
  }
}
