/**
 * A slice behind gateways, for the suite: on the gateway's own node, or behind another gateway.
 *
 * The slice's shell runs in the test's own thread, over the same ports as in a node.
 *
 * @module
 */
import assert from "node:assert/strict";
import { bytes, type CallContext, contract, events, method, slice, socket, z } from "../../mod.ts";
import type { Transport } from "../../src/base/transport/transport.ts";
import { formatAddress } from "../../src/base/transport/transport.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { type TcpSockets, tcpSockets } from "../../src/io/tcp_sockets.ts";
import { resolveConfig } from "../../src/protocol/config/config.ts";
import type { RoutedService } from "../../src/protocol/thread/threads.ts";
import { ResourcePort } from "../../src/sandbox/shell/resource/port.ts";
import { SliceInstance } from "../../src/sandbox/shell/instance.ts";
import { describeDefinition } from "../../src/sdk/describe.ts";

const count = z.object({ count: z.coerce.number() });
const text = z.object({ text: z.string() });

/** What the slice of the suite offers. */
const lasting = contract("org.example:lasting", {
  echo: method({ input: z.object({ text: z.string() }), output: text, http: "POST /echo" }),
  who: method({
    input: z.object({}),
    output: z.object({ client: z.string(), trace: z.string(), requestId: z.string() }),
    http: "GET /who",
  }),
  upload: method({
    input: z.object({ name: z.string() }),
    body: "stream",
    output: z.object({ name: z.string(), bytes: z.number(), sum: z.number() }),
    http: "PUT /files/:name",
  }),
  page: method({
    input: z.object({ kind: z.string() }),
    output: z.object({ kind: z.string() }),
    http: "GET /pages/:kind",
  }),
  feed: method({ input: z.object({}), output: bytes("text/plain"), http: "GET /feed" }),
  mirror: method({ input: z.object({}), body: "stream", output: bytes(), http: "POST /mirror" }),
  download: method({ input: count, output: bytes("text/csv"), http: "GET /download" }),
  ticks: method({
    input: count,
    output: events(z.object({ tick: z.number() })),
    http: "GET /ticks",
  }),
  broken: method({ input: z.object({}), output: bytes(), http: "GET /broken" }),
  wait: method({ input: z.object({}), output: text, http: "GET /wait" }),
  room: method({
    input: z.object({ room: z.string() }),
    output: socket({ receive: text, send: text }),
    http: "GET /rooms/:room",
  }),
  raw: method({
    input: z.object({}),
    output: socket({
      receive: z.union([z.string(), z.instanceof(Uint8Array)]),
      send: z.union([z.string(), z.instanceof(Uint8Array)]),
      format: "text",
    }),
    http: "GET /raw",
  }),
});

/** Size of the pieces that `download` makes. */
export const pieceBytes: number = 64 * 1024;

/** What happened inside the slice. */
export class Happened {
  /** Pieces that `download` has made. */
  pieces = 0;
  readonly events: string[] = [];
  #woken: () => void = () => {};

  add(event: string): void {
    this.events.push(event);
    this.#woken();
  }

  /** Waits for an event. */
  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) {
      await new Promise<void>((resolve) => this.#woken = resolve);
    }
  }
}

function definitionOf(happened: Happened) {
  return slice(lasting, {
    create: () => ({
      echo: ({ text }) => ({ text }),
      who: (_input, call) => ({
        client: call.clientAddress ?? "",
        trace: `${call.traceparent} ${call.tracestate}`,
        requestId: call.requestId,
      }),
      upload: ({ name }, call) => upload(name, call, happened),
      mirror: (_input, call) => call.body,
      async *download({ count }) {
        try {
          for (let index = 0; index < count; index++) {
            happened.pieces++;
            yield new Uint8Array(pieceBytes).fill(index);
          }
        } finally {
          happened.add("download ended");
        }
      },
      page({ kind }, call) {
        call.respond({ status: 302, headers: { Location: "/first", "x-page": "1" } });
        if (kind === "refused") call.respond({ headers: { connection: "close" } });
        call.respond({ headers: { location: `/to/${kind}`, "set-cookie": ["a=1", "b=2"] } });
        if (kind === "failed") throw new Error("It failed after all");
        return { kind };
      },
      feed(_input, call) {
        call.respond({ status: 203, headers: { "content-type": "text/x-feed", etag: '"7"' } });
        return ReadableStream.from([new TextEncoder().encode("fed")]);
      },
      async *ticks({ count }, call) {
        const { signal } = call;
        signal.addEventListener("abort", () => happened.add("ticks aborted"));
        for (let tick = 0; tick < count; tick++) yield { tick };
        if (count < 100) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        signal.addEventListener("abort", () => resolve());
        await promise;
      },
      async *broken() {
        yield "begun";
        await Promise.resolve();
        throw new Error("It broke");
      },
      wait: (_input, { signal }) =>
        new Promise((resolve) => {
          happened.add("waiting");
          signal.addEventListener("abort", () => {
            happened.add("wait aborted");
            resolve({ text: "late" });
          });
        }),
      room: ({ room }) => async (socket) => {
        await socket.send({ text: `welcome to ${room}` });
        for await (const { text } of socket) {
          if (text === "leave") return socket.close(4000, "as you wish");
          if (text === "fail") throw new Error("It failed");
          await socket.send({ text: `${room}: ${text}` });
        }
        happened.add("room left");
      },
      raw: () => async (socket) => {
        for await (const message of socket) await socket.send(message);
        happened.add("raw left");
      },
    }),
  });
}

async function upload(name: string, call: CallContext, happened: Happened) {
  call.signal.addEventListener("abort", () => happened.add("upload aborted"));
  let length = 0;
  let sum = 0;
  try {
    for await (const piece of call.body) {
      length += piece.length;
      for (const byte of piece) sum = (sum + byte) % 65_536;
      happened.add("piece");
    }
  } catch (error) {
    happened.add("upload failed");
    throw error;
  }
  return { name, bytes: length, sum };
}

/** A gateway that answers HTTP, and the slice behind it. */
export class GatewayWorld {
  readonly happened: Happened = new Happened();
  readonly address: string;
  readonly front: Gateway;
  readonly #far: Gateway | undefined;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #transports: readonly Transport[];
  readonly #resources: MessagePort;
  readonly #sockets: TcpSockets;
  readonly #sweep: ReturnType<typeof setInterval>;
  #instance: SliceInstance | undefined;

  private constructor(
    front: Gateway,
    far: Gateway | undefined,
    transports: readonly Transport[],
    resources: MessagePort,
  ) {
    this.front = front;
    this.#far = far;
    this.#transports = transports;
    this.#resources = resources;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request, info) => front.handle(request, info),
    );
    this.address = `127.0.0.1:${this.#server.addr.port}`;
    const sockets = tcpSockets() ?? assert.fail("There is no way to see sockets here");
    front.guardConnections(sockets, this.#server.addr.port);
    this.#sockets = sockets;
    this.#sweep = setInterval(() => {
      front.expire();
      far?.expire();
    }, 20);
  }

  /**
   * Starts a world.
   *
   * @param transports of two nodes; without them the slice is on the gateway's own node
   */
  static async start(
    transports: readonly [Transport, Transport] | undefined,
    app: Record<string, unknown> = {},
  ): Promise<GatewayWorld> {
    const config = resolveConfig({ app });
    const nowhere: Transport = {
      listen: () => assert.fail("It listens"),
      dial: () => Promise.reject(new Error("There are no peers")),
      close: () => Promise.resolve(),
    };
    const gateway = (node: string, transport: Transport) =>
      new Gateway({ config, node, transport, onDrained: () => {} });
    const front = gateway("n1", transports?.[0] ?? nowhere);
    const far = transports === undefined ? undefined : gateway("n2", transports[1]);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {};
    const world = new GatewayWorld(front, far, transports ?? [], port1);
    await world.#startSlice(far ?? front, port2);
    const remotes = transports === undefined || far === undefined ? [] : [{
      node: "n2",
      address: formatAddress(await transports[1].listen((link) => far.servePeer(link))),
      count: 1,
    }];
    front.applyRoutes({
      revision: 1,
      cluster: "c1",
      services: [{ ...world.#service, instances: far === undefined ? ["i1"] : [], remotes }],
    });
    far?.applyRoutes({ revision: 1, cluster: "c1", services: [world.#service] });
    return world;
  }

  get #service(): RoutedService {
    const { methods } = describeDefinition(definitionOf(this.happened));
    return {
      contract: lasting.name,
      artifact: `${lasting.name}:1.0.0`,
      weight: 1,
      methods,
      calls: [],
      concurrency: 100,
      instances: ["i1"],
      remotes: [],
    };
  }

  async #startSlice(gateway: Gateway, resources: MessagePort): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    gateway.addInstance("i1", { contract: lasting.name, calls: [] }, port1);
    this.#instance = await SliceInstance.start({
      artifact: `${lasting.name}:1.0.0`,
      instance: "i1",
      definition: definitionOf(this.happened) as never,
      gateway: port2,
      resources: new ResourcePort(resources),
    });
  }

  /** Asks over HTTP. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://${this.address}${path}`, init);
  }

  /** The instance has ended, as when its worker dies. */
  killInstance(): void {
    (this.#far ?? this.front).removeInstance("i1");
  }

  /** The instance is to finish and go. */
  drain(): void {
    (this.#far ?? this.front).drain("i1");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep);
    this.killInstance();
    await this.#instance?.stop();
    await this.#server.shutdown();
    for (const transport of this.#transports) await transport.close();
    this.#resources.close();
    this.#sockets[Symbol.dispose]();
    // Ports close in a later turn.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
