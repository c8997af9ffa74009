/**
 * The manifest of a slice artifact: everything the cluster must know without running the code.
 *
 * `aether slice build` generates it from slice.toml and the module's default export; nodes check it
 * before they load anything. The envelope version says how to read the artifact (#6, #56).
 *
 * @module
 */
import { z } from "zod";
import { AetherError, type Issue } from "../../base/errors.ts";
import { limits } from "../limits.ts";
import { schedulesSchema } from "../schedule/schedule.ts";
import { httpMethods } from "./http_method.ts";
import { methodInterceptorsSchema } from "./interceptors.ts";
import { isVersionRange, parseCoordinates } from "../coordinates.ts";
import { subscriptionDescriptionSchema, topicDescriptionSchema } from "./topics.ts";

/** Envelope version that this build writes. */
export const envelopeVersion = 1;
/** Envelope versions that this build reads. */
const supportedEnvelopes = { min: 1, max: 1 } as const;

const coordinates = z.string().superRefine((text, context) => {
  try {
    parseCoordinates(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : "" });
  }
});

const nameList = z.array(z.string().min(1).max(512)).max(256);

/** Deno permissions of a slice; what is absent is denied. Names are Deno's. */
export const permissionsSchema = z.strictObject({
  net: nameList.optional().describe(
    "`host:port` entries",
  ),
  read: nameList.optional().describe(
    "Paths that may be read",
  ),
  write: nameList.optional().describe(
    "Paths that may be written",
  ),
  env: nameList.optional().describe(
    "Names of environment variables",
  ),
  sys: nameList.optional().describe(
    "Names of `Deno.systemInfo` kinds",
  ),
  run: nameList.optional().describe(
    "Programs that may be started",
  ),
  ffi: nameList.optional().describe(
    "Native libraries that may be loaded",
  ),
}).describe("Deno permissions; nothing is granted by default");
/** See {@link permissionsSchema}. */
export type Permissions = z.output<typeof permissionsSchema>;

/** Limits that a slice asks for; the operator's ceiling applies. */
export const sliceLimitsSchema = z.strictObject({
  heapMb: z.int().min(16).max(4096).default(128).describe(
    "Heap of one instance in MiB",
  ),
  concurrency: z.int().min(1).max(10_000).default(256).describe(
    "Calls in flight per instance",
  ),
});

/** How a slice asks to be isolated; the operator may demand more. */
export const sliceSandboxSchema = z.strictObject({
  tier: z.enum(["worker", "process"]).default("worker").describe(
    '"process": a process of its own for every instance',
  ),
});

/** Version ranges of other contracts by name. */
export const dependenciesSchema = z.record(
  z.string().regex(/^[a-z][a-z0-9_.-]*:[a-z0-9-]+$/, "Write group:name"),
  z.string().refine(isVersionRange, "Write a version range such as ^1.0.0"),
);

const jsonSchema = z.record(z.string(), z.unknown());

/** What calls a method instead of callers: messages of a topic, or time. */
const triggers = ["topic", "schedule"] as const;
/** One of {@link triggers}. */
export type Trigger = typeof triggers[number];

/** One method as the cluster sees it. */
const methodManifestSchema = z.object({
  input: jsonSchema,
  /** For a stream, of one item or message. */
  output: jsonSchema,
  /** How the output lasts; absent for one answer. */
  stream: z.enum(["events", "bytes", "socket"]).optional(),
  /** Messages that a socket receives. */
  receive: jsonSchema.optional(),
  /** "stream": the body goes to the handler as bytes. */
  body: z.enum(["stream"]).optional(),
  http: z.object({
    method: z.enum(httpMethods),
    path: z.string().startsWith("/"),
    status: z.int().min(200).max(599),
  }).optional(),
  idempotent: z.boolean(),
  /** The cluster calls it by itself; callers cannot. */
  trigger: z.enum(triggers).optional(),
  timeoutMs: z.number().positive(),
  headers: z.array(z.string()).max(32),
  summary: z.string().optional(),
});
/** See {@link methodManifestSchema}. */
export type MethodManifest = z.output<typeof methodManifestSchema>;

/** What a slice's definition says about itself; made in a worker without permissions. */
export const definitionSchema = z.object({
  contract: z.string(),
  methods: z.record(z.string(), methodManifestSchema).refine(
    (methods) => Object.keys(methods).length <= limits.contractMethods,
    `A contract has at most ${limits.contractMethods} methods`,
  ),
  errors: z.record(z.string(), z.object({ status: z.int(), data: jsonSchema.optional() })),
  /** Contracts that the slice calls. */
  calls: z.array(z.string()).max(100),
  /** Resources that the slice needs. */
  resources: z.array(z.object({
    name: z.string(),
    type: z.string(),
    options: z.record(z.string(), z.unknown()),
  })).max(100),
  /** Topics that the slice publishes to or subscribes to. */
  topics: z.array(topicDescriptionSchema).max(100).optional(),
  /** What it subscribes to. */
  subscriptions: z.array(subscriptionDescriptionSchema).max(100).optional(),
  /** Interceptors that the slice declares for its own methods. */
  interceptors: methodInterceptorsSchema.optional(),
  /** When it is called by the cluster, by the function's name. */
  schedules: schedulesSchema.optional(),
});
/** See {@link definitionSchema}. */
export type SliceDescription = z.output<typeof definitionSchema>;

/** The whole manifest, `manifest.json` in the artifact. */
export const manifestSchema = z.object({
  /** Envelope version; "dev" marks a build that only the same machine uses. */
  envelope: z.union([z.int(), z.literal("dev")]).optional(),
  artifact: coordinates,
  /** Name of the module in the artifact. */
  entry: z.string().default("slice.js"),
  /** SHA-256 of the module, lower-case hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Version of aether that built it. */
  builtWith: z.string(),
  definition: definitionSchema,
  dependencies: dependenciesSchema.default({}),
  permissions: permissionsSchema.default({}),
  limits: sliceLimitsSchema.default({ heapMb: 128, concurrency: 256 }),
  // Absent in the manifests of older builds.
  sandbox: sliceSandboxSchema.optional(),
});
/** See {@link manifestSchema}. */
export type Manifest = z.output<typeof manifestSchema>;

/** A checked manifest and what should be told to the user about it. */
export interface CheckedManifest {
  readonly manifest: Manifest;
  readonly warnings: readonly string[];
}

/**
 * Checks the JSON of a manifest.
 *
 * @throws {AetherError} ENVELOPE_UNSUPPORTED naming the supported range, or ARTIFACT_INVALID with
 * all problems.
 */
export function checkManifest(json: unknown): CheckedManifest {
  const warnings: string[] = [];
  const envelope = typeof json === "object" && json !== null && "envelope" in json
    ? json.envelope
    : undefined;
  const { min, max } = supportedEnvelopes;
  if (envelope === undefined) {
    warnings.push(`The manifest has no envelope version; it is read as version ${max}`);
  } else if (
    envelope !== "dev" &&
    !(typeof envelope === "number" && envelope >= min && envelope <= max)
  ) {
    throw new AetherError(
      "ENVELOPE_UNSUPPORTED",
      `Envelope version ${JSON.stringify(envelope)} is not supported: this version of aether ` +
        `reads ${min} to ${max}`,
    );
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return { manifest: parsed.data, warnings };
  const issues: Issue[] = parsed.error.issues.map((issue) => ({
    path: issue.path.map(String).join("."),
    message: issue.message,
  }));
  throw new AetherError("ARTIFACT_INVALID", "The manifest is not valid", { issues });
}
