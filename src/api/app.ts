/**
 * The management API: mounts every row of the route table with its checks and its handler.
 *
 * The order for each request: target, load, key, host, role, content type, validation, handler. All
 * errors are problem documents.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { H, RouterRoute } from "hono/types";
import { Deadlines } from "../base/deadlines.ts";
import { AetherError } from "../base/errors.ts";
import type { Control } from "../node/control/control.ts";
import type { RawBody, Row, StreamMessage } from "../protocol/api/row.ts";
import { apiRows } from "../protocol/api/table.ts";
import { Access, checkContentType, type Principal } from "./access.ts";
import { type BodyLimits, decodeText, readBytes } from "./body.ts";
import { streamedBody } from "./upload.ts";
import { eventStream } from "./event_stream.ts";
import { EventStreams } from "./events.ts";
import type { Handler, HandlerContext } from "./handler.ts";
import { artifactHandlers } from "./handlers/artifacts.ts";
import { dhtHandlers } from "./handlers/dht.ts";
import { backupHandlers } from "./handlers/backups.ts";
import { blueprintHandlers } from "./handlers/blueprints.ts";
import { callHandlers } from "./handlers/calls.ts";
import { clusterHandlers, joinTokenHandlers } from "./handlers/cluster.ts";
import { configHandlers } from "./handlers/config.ts";
import { kvHandlers } from "./handlers/kv.ts";
import { lockHandlers } from "./handlers/locks.ts";
import { deadLetterHandlers, topicHandlers } from "./handlers/topics.ts";
import { deployHandlers } from "./handlers/deployment/deploy.ts";
import { scalingHandlers } from "./handlers/deployment/scaling.ts";
import { nodeHandlers } from "./handlers/deployment/nodes.ts";
import { resourceHandlers } from "./handlers/resources.ts";
import { scheduleHandlers } from "./handlers/deployment/schedules.ts";
import { systemHandlers } from "./handlers/system.ts";
import { RowRouter } from "./routing/row_router.ts";
import { type Given, invalid, validator } from "./routing/validation.ts";
import { Watches } from "./watches.ts";

/** How much of a target is repeated in a message. */
const shownMax = 512;
const streamTimes = { heartbeatMs: 10_000, stallMs: 30_000 };

/** What goes with a request through hono. */
interface ApiEnv {
  Bindings: { readonly requestId: string };
}

type ApiContext = Context<ApiEnv>;
/** What hono keeps for a row. */
type ApiRoute = [H, RouterRoute];

const handlers = {
  ...systemHandlers,
  ...callHandlers,
  ...nodeHandlers,
  ...resourceHandlers,
  ...scheduleHandlers,
  ...clusterHandlers,
  ...deployHandlers,
  ...scalingHandlers,
  ...blueprintHandlers,
  ...kvHandlers,
  ...lockHandlers,
  ...topicHandlers,
  ...deadLetterHandlers,
  ...joinTokenHandlers,
  ...configHandlers,
  ...backupHandlers,
  ...artifactHandlers,
  ...dhtHandlers,
} as unknown as Record<string, Handler<Row>>;

/** The API of a node: every request gets an answer. */
export interface Api {
  fetch(request: Request): Promise<Response>;
}

/** The API of a node. */
export function createApi(control: Control): Api {
  const surroundings = surroundingsOf(control);
  const app = routes(surroundings);
  let inFlight = 0;
  return {
    fetch: async (request) => {
      const { maxInFlight } = control.config.management;
      const env = { requestId: crypto.randomUUID() };
      const refusal = targetProblem(request.url) ?? loadProblem(request.url, inFlight, maxInFlight);
      if (refusal !== undefined) return problem(env, refusal);
      inFlight++;
      try {
        return await app.fetch(request, env);
      } finally {
        inFlight--;
      }
    },
  };
}

type Surroundings = Omit<HandlerContext, "principal"> & { readonly deadlines: Deadlines };

function surroundingsOf(control: Control): Surroundings {
  const maxWatches = () => control.config.management.maxWatches;
  const watches = new Watches(control.store, control.clock, maxWatches);
  const eventStreams = new EventStreams(control.membership.events.log, maxWatches);
  control.stopping.addEventListener("abort", () => {
    watches.close();
    eventStreams.close();
  }, { once: true });
  return { control, watches, eventStreams, deadlines: new Deadlines(control.clock) };
}

/** One handler for each row: a chain of middlewares costs more than what it would do. */
function routes(surroundings: Surroundings): Hono<ApiEnv> {
  const router = new RowRouter<ApiRoute>();
  const app = new Hono<ApiEnv>({ router });
  const { control } = surroundings;
  const access = new Access(control.config.management);
  for (const { name, row } of apiRows()) {
    const handler = handlers[name];
    if (handler === undefined) throw new Error(`Row ${name} has no handler`);
    const validate = validator(row);
    app.on(row.method, row.path, async (context) => {
      const principal = admit(access, row, context.req.raw);
      const given = await validate(context);
      return await answer(context, { row, handler, given, principal }, surroundings);
    });
  }
  app.notFound((context) => noRoute(context, router.methodsOf(context.req.path)));
  app.onError((error, context) => {
    if (error instanceof AetherError) return problem(context.env, error);
    // What a bug says is for the log: it may name files or hold data of others.
    const { path } = context.req;
    const { requestId } = context.env;
    control.log.error("A request failed", { path, requestId, error: String(error.stack) });
    const text = "The request failed inside the node, whose log has its request id";
    return problem(context.env, new AetherError("INTERNAL", text));
  });
  return app;
}

function loadProblem(url: string, inFlight: number, maxInFlight: number): AetherError | undefined {
  if (inFlight < maxInFlight || targetOf(url).startsWith("/health/")) return undefined;
  return new AetherError(
    "NOT_PROPOSED",
    `${maxInFlight} requests are under way, the limit of management.maxInFlight`,
  );
}

/** Who calls, unless it may not. */
function admit(access: Access, row: Row, request: Request): Principal {
  const { headers } = request;
  const principal = access.authenticate(headers.get("authorization"));
  // HTTP/2 has no such header but the same in the address. No browser sends neither.
  access.checkHost(headers.get("host") ?? new URL(request.url).host, principal);
  access.authorize(principal, row.role);
  if (row.method !== "GET" && row.method !== "HEAD") checkContentType(headers);
  return principal;
}

/** A request to a row, of which everything but the body has been checked. */
interface Asked {
  readonly row: Row;
  readonly handler: Handler<Row>;
  readonly given: Given;
  readonly principal: Principal;
}

async function answer(
  { req, env }: ApiContext,
  { row, handler, given, principal }: Asked,
  surroundings: Surroundings,
): Promise<Response> {
  const { control, watches, eventStreams, deadlines } = surroundings;
  const { management } = control.config;
  const body = row.body === undefined ? undefined : await bodyOf(req.raw, row, {
    maxBytes: row.bodyMaxBytes ?? management.maxBodyBytes,
    idleTimeoutMs: management.requestTimeoutMs,
    deadlines,
  });
  const request = { ...given, body } as Parameters<Handler<Row>>[0];
  const work = Promise.resolve(
    handler(request, { control, watches, eventStreams, principal }),
  );
  const timeoutMs = Math.max(management.requestTimeoutMs, row.timeoutMs ?? 0);
  const reply = await deadlines.within(work, timeoutMs, () => lateError(row, timeoutMs));
  const status = reply.status ?? row.status ?? (row.response === "none" ? 204 : 200);
  const headers = { ...reply.headers, "x-request-id": env.requestId };
  if (row.response === "none") return new Response(null, { status, headers });
  if (row.response === "stream") return streamAnswer(req.method, reply.body, headers);
  if (row.response !== "raw") return Response.json(reply.body, { status, headers });
  const { bytes, contentType } = reply.body as unknown as RawBody;
  const isSent = req.method !== "HEAD" && status !== 304;
  const sent = isSent ? await reply.open?.() : undefined;
  return new Response(status === 304 ? null : sent ?? bytes as Uint8Array<ArrayBuffer>, {
    status,
    headers: {
      ...headers,
      "content-type": contentType,
      // Stored bytes are data, never a page of this origin.
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox",
    },
  });
}

/** Messages until one side ends them; they do not count as a request under way. */
function streamAnswer(
  method: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Response {
  const messages = body as AsyncIterableIterator<StreamMessage>;
  const isHead = method === "HEAD";
  if (isHead) messages.return?.();
  return new Response(isHead ? null : eventStream(messages, streamTimes), {
    headers: { ...headers, "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

async function bodyOf(request: Request, row: Row, limits: BodyLimits): Promise<unknown> {
  if (row.body === undefined) return undefined;
  if (row.isBodyStreamed === true) return streamedBody(request, limits);
  const bytes = await readBytes(request, limits);
  if (row.body === "raw") {
    const contentType = request.headers.get("content-type") ?? "application/octet-stream";
    return { bytes, contentType } satisfies RawBody;
  }
  const parsed = row.body.safeParse(parseJson(decodeText(bytes)));
  if (!parsed.success) throw invalid("body", parsed.error);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AetherError("REQUEST_INVALID", "The body is not JSON: correct it", { cause });
  }
}

function lateError({ method }: Row, timeoutMs: number): AetherError {
  const isRead = method === "GET" || method === "HEAD";
  return new AetherError(
    isRead ? "TIMEOUT" : "OUTCOME_UNKNOWN",
    `No answer within ${timeoutMs} ms, the limit of management.requestTimeout`,
  );
}

/** What follows the host of an address. */
function targetOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("//") + 2));
}

/** What cannot be decoded must not be taken for its own text: `%ff` is not the key "%ff". */
function targetProblem(url: string): AetherError | undefined {
  if (!url.includes("%")) return undefined;
  const target = targetOf(url);
  try {
    decodeURIComponent(target);
    return undefined;
  } catch (cause) {
    return new AetherError(
      "REQUEST_INVALID",
      `"${target.slice(0, shownMax)}" is not percent-encoded UTF-8: encode each byte as %XX`,
      { cause },
    );
  }
}

function problem(
  { requestId }: ApiEnv["Bindings"],
  error: AetherError,
  extra: Readonly<Record<string, string>> = {},
): Response {
  const headers: Record<string, string> = {
    "content-type": "application/problem+json",
    "x-request-id": requestId,
    ...extra,
  };
  if (error.name === "UNAUTHENTICATED") headers["www-authenticate"] = "Bearer";
  if (error.status === 503) headers["retry-after"] = "1";
  return new Response(JSON.stringify(error.toProblem(requestId)), {
    status: error.status,
    headers,
  });
}

function noRoute(context: ApiContext, methods: Set<string>): Response {
  const { method, path } = context.req;
  const allow = allowOf(methods);
  if (allow === "") {
    const shown = path.slice(0, shownMax);
    return problem(
      context.env,
      new AetherError("NOT_FOUND", `The management API has no path "${shown}"`),
    );
  }
  if (method === "OPTIONS") {
    const headers = { allow, "x-request-id": context.env.requestId };
    return new Response(null, { status: 204, headers });
  }
  const error = new AetherError(
    "METHOD_NOT_ALLOWED",
    `${path.slice(0, shownMax)} does not answer ${method}: use ${allow}`,
  );
  return problem(context.env, error, { allow });
}

/** Methods for the Allow header. */
function allowOf(methods: Set<string>): string {
  if (methods.has("GET")) methods.add("HEAD");
  return methods.size === 0 ? "" : [...methods, "OPTIONS"].sort().join(", ");
}
