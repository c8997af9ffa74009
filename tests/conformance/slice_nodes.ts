/**
 * {@link SliceNodes}: gateways with slices behind them, connected over TCP, for tests of calls.
 *
 * The shells of the slices run in the test's own thread, over the same ports as in a node.
 *
 * @module
 */
import assert from "node:assert/strict";
import { formatAddress, type Transport } from "../../src/base/transport/transport.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { tcpTransport } from "../../src/io/tcp_transport.ts";
import { resolveConfig } from "../../src/protocol/config/config.ts";
import type { InternalOutcome } from "../../src/protocol/thread/internal_calls.ts";
import type { RoutedService } from "../../src/protocol/thread/threads.ts";
import { Traffic } from "../../src/sandbox/process/traffic.ts";
import { SliceInstance } from "../../src/sandbox/shell/instance.ts";
import { ResourcePort } from "../../src/sandbox/shell/resource/port.ts";
import { describeDefinition } from "../../src/sdk/describe.ts";
import type { SliceDefinition } from "../../src/sdk/slice.ts";

/** One node: a gateway and an instance of each of its slices. */
class SliceNode {
  readonly id: string;
  readonly gateway: Gateway;
  readonly transport: Transport = tcpTransport({ hostname: "127.0.0.1", port: 0 });
  readonly definitions: readonly SliceDefinition[];
  readonly instances = new Map<string, SliceInstance>();
  readonly #ports: MessagePort[] = [];
  address = "";

  constructor(id: string, definitions: readonly SliceDefinition[], calls: object) {
    this.id = id;
    this.definitions = definitions;
    const config = resolveConfig({ calls });
    this.gateway = new Gateway({
      ...{ config, node: id, transport: this.transport },
      onDrained: () => {},
    });
  }

  async start(hasBooks: boolean): Promise<void> {
    const address = await this.transport.listen((link) => this.gateway.servePeer(link));
    this.address = formatAddress(address);
    for (const definition of this.definitions) {
      const { contract: { name }, needs } = definition;
      const calls = Object.values(needs).flatMap((need) =>
        need.kind === "contract" ? [need.name] : []
      );
      const port = hasBooks ? this.#throughBooks() : new MessageChannel();
      const resources = new MessageChannel();
      resources.port1.onmessage = () => {};
      this.#ports.push(resources.port1);
      this.gateway.addInstance(name, { contract: name, calls }, port.port1);
      this.instances.set(
        name,
        await SliceInstance.start({
          ...{ artifact: `${name}:1.0.0`, instance: name, definition, gateway: port.port2 },
          resources: new ResourcePort(resources.port2),
        }),
      );
    }
  }

  async close(): Promise<void> {
    for (const [id, instance] of this.instances) {
      this.gateway.removeInstance(id);
      await instance.stop();
    }
    await this.transport.close();
    for (const port of this.#ports) port.close();
  }

  /** A channel on which the relay of a slice process keeps its books. */
  #throughBooks(): { readonly port1: MessagePort; readonly port2: MessagePort } {
    const traffic = new Traffic();
    const [gateway, shell] = [new MessageChannel(), new MessageChannel()];
    gateway.port2.onmessage = ({ data }) => {
      traffic.sent(data);
      shell.port1.postMessage(data);
    };
    shell.port1.onmessage = ({ data }) => {
      const batch = traffic.received(data);
      if (batch.length > 0) gateway.port2.postMessage(batch);
      assert.equal(traffic.excess, undefined);
    };
    this.#ports.push(gateway.port2, shell.port1);
    return { port1: gateway.port1, port2: shell.port2 };
  }
}

/** Some nodes that know each other. */
export class SliceNodes implements AsyncDisposable {
  readonly #nodes: readonly SliceNode[];
  readonly #sweep: ReturnType<typeof setInterval>;

  private constructor(nodes: readonly SliceNode[]) {
    this.#nodes = nodes;
    this.#sweep = setInterval(() => {
      for (const { gateway } of nodes) gateway.expire();
    }, 20);
  }

  /**
   * Starts a node for each list of slices, with the same table `[calls]`; `hasBooks` puts the books
   * of a slice process between each slice and its gateway.
   */
  static async start(
    slices: readonly (readonly object[])[],
    calls: object = {},
    hasBooks = false,
  ): Promise<SliceNodes> {
    const nodes = slices.map((each, index) =>
      // What a slice needs is part of its type, and of no interest here.
      new SliceNode(`n${index + 1}`, each as readonly SliceDefinition[], calls)
    );
    for (const node of nodes) await node.start(hasBooks);
    for (const node of nodes) {
      const services = nodes.flatMap((of) =>
        of.definitions.map((definition) => routed(of, definition, node))
      );
      node.gateway.applyRoutes({ revision: 1, cluster: "c1", services });
    }
    return new SliceNodes(nodes);
  }

  /** Calls a method from outside, through the first node. */
  async call(contract: string, method: string, input: unknown): Promise<InternalOutcome> {
    const [first] = this.#nodes;
    const { port1, port2 } = new MessageChannel();
    first?.gateway.serveCalls(port1);
    const answered = new Promise<MessageEvent>((resolve) => port2.onmessage = resolve);
    const call = { origin: "schedule", contract, method, input: JSON.stringify(input) };
    port2.postMessage([{ id: 1, call: { ...call, timeoutMs: 60_000 } }]);
    const [{ outcome }] = (await answered).data;
    port1.close();
    port2.close();
    return outcome;
  }

  /** The instance of a slice has ended, as when its worker dies. */
  kill(contract: string): void {
    for (const { gateway } of this.#nodes) gateway.removeInstance(contract);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweep);
    for (const node of this.#nodes) await node.close();
  }
}

function routed(of: SliceNode, definition: SliceDefinition, on: SliceNode): RoutedService {
  const { contract: { name } } = definition;
  return {
    contract: name,
    artifact: `${name}:1.0.0`,
    weight: 1,
    methods: describeDefinition(definition).methods,
    calls: [],
    concurrency: 100,
    instances: of === on ? [name] : [],
    remotes: of === on ? [] : [{ node: of.id, address: of.address, count: 1 }],
  };
}
