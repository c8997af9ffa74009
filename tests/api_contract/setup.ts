/**
 * The management API over a real control on a port of its own, in this thread.
 *
 * The other threads are played: instances are ready as soon as they are started, the gateway has
 * applied every route at once. So everything up to the HTTP boundary is the code of a node.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { z } from "zod";
import { until } from "../../scripts/lib/until.ts";
import { createApi } from "../../src/api/app.ts";
import { errorCatalog, type ErrorName } from "../../src/base/error_catalog.ts";
import type { Problem } from "../../src/base/errors.ts";
import { fillPath } from "../../src/client/request.ts";
import { initAuthority, issueInto } from "../../src/io/tls/authority_folder.ts";
import { Control } from "../../src/node/control/control.ts";
import type { Row } from "../../src/protocol/api/row.ts";
import { systemClock } from "../../src/io/clock.ts";
import { systemRandom } from "../../src/io/random.ts";
import { tcpTransport } from "../../src/io/tcp_transport.ts";
import { createLogger } from "../../src/sdk/logger.ts";
import { StorageNode } from "../../src/storage/storage_node.ts";
import { ThreadLine } from "../../src/io/thread/thread_line.ts";
import type { Config } from "../../src/protocol/config/config.ts";
import { resolveConfig } from "../../src/protocol/config/config.ts";
import { parseCoordinates, repositoryPath } from "../../src/protocol/coordinates.ts";
import type {
  ControlToGateway,
  FromControl,
  GatewayToControl,
} from "../../src/protocol/thread/threads.ts";
import { packedSlice, type SliceSetup } from "./slices.ts";

/** Keys that {@link keyed} configures, by role. */
export const testKeys = {
  viewer: "ae_viewer",
  operator: "ae_operator",
  admin: "ae_admin",
} as const;

/** Configuration of the management API with one key for each role. */
export function keyed(): Record<string, unknown> {
  const keys = Object.entries(testKeys).map(([role, key]) => ({
    name: `the-${role}`,
    role,
    sha256: createHash("sha256").update(key).digest("hex"),
  }));
  return { management: { keys } };
}

/** A running API. */
export class TestApi implements AsyncDisposable {
  readonly control: Control;
  readonly port: number;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #gateway: MessagePort;
  readonly #storage: StorageNode;

  private constructor(
    control: Control,
    server: Deno.HttpServer<Deno.NetAddr>,
    port: MessagePort,
    storage: StorageNode,
  ) {
    this.control = control;
    this.port = server.addr.port;
    this.#server = server;
    this.#gateway = port;
    this.#storage = storage;
  }

  /** Starts one; the tree is a configuration as in `aether.toml`. */
  static async start(tree: Record<string, unknown> = {}): Promise<TestApi> {
    const directory = await Deno.makeTempDir();
    const config = resolveConfig({
      log: { level: "off" },
      cluster: { port: 0 },
      backup: { directory },
      tls: await writeCertificates(),
      ...tree,
    });
    const line = new ThreadLine("storage");
    const storage = await openStorage(config);
    const opened = await Control.open({
      config,
      storage: line,
      post: (message) => play(message, () => started?.control),
    });
    const api = createApi(opened);
    const server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
    }, (request) => api.fetch(request));
    const gateway = connectGateway(opened);
    const { port1, port2 } = new MessageChannel();
    storage.connect("control", port1);
    line.connect(port2);
    const management = `127.0.0.1:${server.addr.port}`;
    opened.start({ management, app: "127.0.0.1:2", gateway: "", storage: "" });
    const started = new TestApi(opened, server, gateway, storage);
    await until("the node has joined", async () => {
      const response = await started.fetch("GET", "/health/ready");
      return await statusOf(response) === 200 ? true : undefined;
    });
    await until("the storage knows its members", async () => {
      const response = await started.fetch("GET", "/api/dht/status", { headers: adminHeaders });
      const { revision } = await response.json();
      return revision === 0 ? undefined : true;
    });
    return started;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Sends a request; a path is taken as it is. */
  fetch(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.origin + path, { method, redirect: "manual", ...init });
  }

  /** `/api/kv/...` with the key encoded. */
  kv(method: string, key: string, init: RequestInit = {}): Promise<Response> {
    return this.fetch(method, fillPath("/api/kv/{key+}", { key }), init);
  }

  /** Publishes a slice without code and expects that to work. */
  async publish(artifact: string, setup: SliceSetup = {}): Promise<void> {
    const path = `/repository/${repositoryPath(parseCoordinates(artifact))}`;
    const response = await this.fetch("PUT", path, { body: packedSlice(artifact, setup) });
    assert.equal(response.status, 201, await response.text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await this.control.close();
    await this.#storage.close();
    const { directory } = this.control.config.backup;
    if (directory !== undefined) await Deno.remove(directory, { recursive: true });
    const { tls } = this.control.config;
    if (tls !== undefined) await Deno.remove(dirname(tls.ca), { recursive: true });
    this.#gateway.close();
  }
}

/** What the storage thread is, in this thread. */
async function openStorage(config: Config): Promise<StorageNode> {
  const clock = systemClock();
  return await StorageNode.open({
    config,
    transport: tcpTransport({ hostname: "127.0.0.1", port: 0 }),
    clock,
    random: systemRandom(),
    log: createLogger(() => {}),
  });
}

const adminHeaders = { authorization: `Bearer ${testKeys.admin}` };

/** An authority's folder with its key and a certificate for the node. */
async function writeCertificates() {
  const folder = await Deno.makeTempDir();
  const validity = { nowMs: Date.now(), validMs: 3_600_000 };
  await initAuthority(folder, { cluster: "test", ...validity });
  await issueInto(folder, { names: ["node-1"], role: "node", hosts: [], ...validity });
  const [ca, certificate, key, issuerKey] = ["ca.crt", "node-1.crt", "node-1.key", "ca.key"]
    .map((name) => `${folder}/${name}`);
  return { ca, certificate, key, issuerKey };
}

/** Plays the supervisor: whatever is started is ready. */
function play(message: FromControl, control: () => Control | undefined): void {
  if (message.type === "startInstance") {
    queueMicrotask(() => control()?.onInstanceReady(message.instance));
  } else if (message.type === "stopInstance") {
    const { instance } = message;
    const end = { type: "instanceEnded", instance, reason: "stopped", problem: undefined } as const;
    queueMicrotask(() => control()?.onInstanceEnded(end));
  } else if (message.type === "failed") {
    throw new Error(`Control failed: ${message.problem.detail}`);
  }
}

/** Plays the gateway: it has applied every snapshot and drained every instance at once. */
function connectGateway(control: Control): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const tell = (message: GatewayToControl) => port1.postMessage(message);
  port1.onmessage = (event: MessageEvent<ControlToGateway>) => {
    const message = event.data;
    if (message.type === "drain") tell({ type: "drained", instance: message.instance });
    else if (message.type === "routes") {
      tell({ type: "applied", revision: message.snapshot.revision });
    } else if (message.type === "routeDelta") {
      tell({ type: "applied", revision: message.delta.revision });
    } else if (message.type === "calls") {
      message.port.close();
    }
  };
  control.connectGateway(port2);
  return port1;
}

const problemSchema = z.strictObject({
  type: z.string().regex(/^urn:aether:error:E\d{4}$/),
  title: z.string().min(1),
  status: z.int(),
  detail: z.string().regex(/^\S[^]*[^.\s]$/),
  code: z.string(),
  name: z.enum(Object.keys(errorCatalog) as [ErrorName]),
  hint: z.string().min(1),
  issues: z.array(
    z.strictObject({ path: z.string(), message: z.string().min(1), line: z.int().optional() }),
  ).min(1).optional(),
  requestId: z.uuid(),
});

/** The parts of an answer that {@link problemOf} looks at. */
export interface AnswerLike {
  readonly status: number;
  readonly headers: Headers;
}

/** The problem document of an answer, checked against the catalogue and the answer itself. */
export function problemOf(
  answer: AnswerLike,
  bytes: string | Uint8Array,
  name?: ErrorName,
): Problem {
  const text = typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes);
  assert.equal(answer.headers.get("content-type"), "application/problem+json", text);
  const problem = problemSchema.parse(JSON.parse(text));
  const row = errorCatalog[problem.name];
  assert.equal(problem.code, row.code);
  assert.equal(problem.title, row.title);
  assert.equal(problem.status, row.status);
  assert.equal(answer.status, row.status);
  assert.equal(answer.headers.get("x-request-id"), problem.requestId);
  if (name !== undefined) assert.equal(problem.name, name, problem.detail);
  return problem as Problem;
}

/** The text of an answer; of a stream, its first message. */
export async function textOf(row: Row, response: Response): Promise<string> {
  if (row.response !== "stream" || !response.ok) return await response.text();
  const reader = response.body?.getReader();
  const { value } = await reader?.read() ?? {};
  await reader?.cancel();
  const text = new TextDecoder().decode(value);
  // Several may have come at once.
  return text.slice(0, text.indexOf("\n\n") + 2);
}

/** The data of a text that holds one Server-Sent Event. */
export function eventData(text: string): unknown {
  const [, id, event, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
  assert.ok(data !== undefined, text);
  const message = JSON.parse(data) as { type: string; revision: number };
  assert.deepEqual([String(message.revision), message.type], [id, event]);
  return message;
}

/** The status of an answer whose body does not matter. */
export async function statusOf(response: Response): Promise<number> {
  await response.body?.cancel();
  return response.status;
}

/** Expects a problem with a name as the answer. */
export async function refused(response: Response, name: ErrorName): Promise<Problem> {
  return problemOf(response, await response.text(), name);
}
