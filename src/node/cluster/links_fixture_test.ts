import { setImmediate } from "node:timers";
import { type Clock, ManualClock, type Timer } from "../../base/clock.ts";
import { SeededRandom } from "../../base/random.ts";
import { MemoryNetwork } from "../../base/transport/memory_network.ts";
import type { Link, Transport } from "../../base/transport/transport.ts";
import type { PeerFrame } from "../../protocol/peer/frame.ts";
import type { Hello } from "../../protocol/peer/hello.ts";
import { createLogger } from "../../sdk/logger.ts";
import { PeerLinks } from "./peer_links.ts";

/** A heartbeat of a node that knows nothing. */
export const heartbeat: PeerFrame = {
  kind: "heartbeat",
  header: { decidedUpTo: -1, resent: false },
  unreachable: [],
  down: [],
};

interface StartOptions {
  /** Where it listens. @default its id */
  readonly host?: string;
  readonly clock?: Clock;
  /** Whose certificate the other end of each link has shown. */
  readonly certified?: string;
}

/** One process with links, and everything that they told it. */
export class Process {
  readonly links: PeerLinks;
  readonly transport: Transport;
  hello: Hello;
  readonly hellos: string[] = [];
  readonly frames: string[] = [];
  readonly refused: string[] = [];
  readonly lost: string[] = [];
  readonly messages: string[] = [];
  dials = 0;

  constructor(net: Net, node: string, options: StartOptions) {
    const { host = node, clock = net.clock, certified } = options;
    this.hello = {
      node,
      address: `${host}:1`,
      stage: "member",
      bootNonce: `${node}-${net.boots++}`,
      cluster: "x",
      founders: [],
      founderNonces: [],
    };
    this.transport = net.network.transport({ hostname: host, port: 1 });
    const { transport } = this;
    this.links = new PeerLinks({
      transport: {
        listen: (onLink) => transport.listen((link) => onLink(withCertificate(link, certified))),
        dial: async (address, options) => {
          this.dials++;
          return withCertificate(await transport.dial(address, options), certified);
        },
        close: () => transport.close(),
      },
      clock,
      random: new SeededRandom(node),
      log: createLogger((level, message, fields) => {
        if (level !== "debug") this.messages.push(`${message} ${JSON.stringify(fields)}`);
      }),
      hello: () => this.hello,
      onHello: ({ node }) => this.hellos.push(node),
      onFrame: (from, { kind }) => this.frames.push(`${from} ${kind}`),
      onRefused: (node) => this.refused.push(node),
      onLost: (node) => this.lost.push(node),
    });
  }

  follow(...nodes: readonly string[]): void {
    this.links.follow(nodes.map((id) => ({ id, address: `${id}:1` })));
  }
}

function withCertificate(link: Link, certifiedNode: string | undefined): Link {
  return {
    remote: link.remote,
    certifiedNode,
    get queuedBytes() {
      return link.queuedBytes;
    },
    start: (handlers) => link.start(handlers),
    send: (frame) => link.send(frame),
    close: (reason) => link.close(reason),
  };
}

/** A clock whose timers can be held up, as those of a stopped process. */
export class PausableClock implements Clock {
  readonly #clock: Clock;
  #held: (() => void)[] | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    return this.#clock.setTimer(delayMs, () => {
      if (this.#held === undefined) callback();
      else this.#held.push(callback);
    });
  }

  pause(): void {
    this.#held = [];
  }

  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const callback of held) callback();
  }
}

/** Processes on one network, in which each sends a heartbeat every 150 ms. */
export class Net {
  readonly clock = new ManualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly processes: Process[] = [];
  boots = 0;

  /** Starts a process that follows the nodes of a text such as "b c". */
  async start(node: string, follows = "", options: StartOptions = {}): Promise<Process> {
    const process = new Process(this, node, options);
    await process.links.listen();
    process.follow(...follows.split(" ").filter((id) => id !== ""));
    this.processes.push(process);
    return process;
  }

  async pass(durationMs: number): Promise<void> {
    for (let i = 0; i < durationMs; i++) {
      if (this.clock.monotonicMs() % 150 === 0) {
        for (const { links } of this.processes) links.broadcast(heartbeat);
      }
      this.clock.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** A connection of something that is no node. */
  async connect(host: string, to: string): Promise<Link> {
    const dialled = this.network.transport({ hostname: host, port: 9 })
      .dial({ hostname: to, port: 1 }, { timeoutMs: 100 });
    await this.pass(3);
    return await dialled;
  }

  /** kill -9 */
  async kill(process: Process): Promise<void> {
    this.processes.splice(this.processes.indexOf(process), 1);
    await process.links.close();
  }
}

/** A test with a network of its own. */
export function netTest(name: string, run: (net: Net) => Promise<void>): void {
  Deno.test(name, async () => {
    const net = new Net();
    try {
      await run(net);
    } finally {
      for (const { links } of net.processes) await links.close();
    }
  });
}
