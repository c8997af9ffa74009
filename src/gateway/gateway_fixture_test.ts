import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { resolveConfig } from "../protocol/config/config.ts";
import type { RoutedService } from "../protocol/thread/threads.ts";
import { createLogger } from "../sdk/logger.ts";
import { Gateway } from "./gateway.ts";
import { FakeInstance, serviceOf } from "./instance_fixture_test.ts";

export const two = serviceOf({
  contract: "org.example:two",
  artifact: "org.example:two:1.0.0",
  methods: { get: { ...serviceOf().methods["get"]!, timeoutMs: 2_000 } },
  instances: ["i9"],
});
delete two.methods["get"]!.http;

export const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** A gateway without peers, and the instances that the test plays. */
export class World {
  readonly gateway: Gateway;
  readonly drained: string[] = [];
  readonly lines: string[] = [];
  #logged = Promise.withResolvers<void>();
  readonly #instances: FakeInstance[] = [];
  #revision = 0;

  constructor(app: Record<string, unknown> = {}, calls: Record<string, unknown> = {}) {
    this.gateway = new Gateway({
      config: resolveConfig({ app, calls }),
      node: "n1",
      transport: {
        listen: () => assert.fail("It listens"),
        dial: () => Promise.reject(new AetherError("UNREACHABLE", "There are no peers")),
        close: () => Promise.resolve(),
      },
      log: createLogger((level, message) => {
        this.lines.push(`${level} ${message}`);
        this.#logged.resolve();
      }),
      onDrained: (instance) => this.drained.push(instance),
    });
  }

  /** The first line in the log. */
  get ended(): Promise<void> {
    return this.#logged.promise;
  }

  apply(...services: readonly RoutedService[]): void {
    this.gateway.applyRoutes({ revision: ++this.#revision, cluster: "c1", services });
  }

  add(id: string, onCall?: FakeInstance["onCall"]): FakeInstance {
    const instance = new FakeInstance(id);
    if (onCall !== undefined) instance.onCall = onCall;
    this.#instances.push(instance);
    const caller = { contract: "org.example:one", calls: ["org.example:two", "org.example:none"] };
    this.gateway.addInstance(id, caller, instance.far);
    return instance;
  }

  /** A request to `app` with a body that is JSON, when there is one. */
  request(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
    const length = body === undefined ? {} : {
      "content-length": String(new TextEncoder().encode(body).length),
      "content-type": "application/json",
    };
    return this.gateway.handle(
      new Request(`http://app${path}`, {
        method,
        headers: { host: "app", ...length, ...headers },
        ...(body === undefined ? {} : { body }),
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { id } of this.#instances) this.gateway.removeInstance(id);
    for (const instance of this.#instances) await instance[Symbol.asyncDispose]();
  }
}

/** Status and name of a problem. */
export async function problem(response: Response | Promise<Response>): Promise<string> {
  const { status, headers } = await response;
  const { name, code, requestId } = await (await response).json();
  assert.equal(headers.get("content-type"), "application/problem+json");
  assert.equal(requestId ?? headers.get("x-request-id"), headers.get("x-request-id"));
  return `${status} ${name ?? code}`;
}
