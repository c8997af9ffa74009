/**
 * The DHT of one node in a process of its own: the service of the storage thread on a database and
 * TCP links as in a node, without the rest of one. Run by `main.ts`.
 *
 * `NODE FOLDER` are its id and where its database goes. It prints where it listens and the name of
 * its storage, then answers each line with one: a topology, or a run of puts and gets.
 *
 * @module
 */
import { formatAddress } from "../../../src/base/transport/transport.ts";
import { GatewayCalls } from "../../../src/io/calls/gateway_calls.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { systemRandom } from "../../../src/io/random.ts";
import { tcpTransport } from "../../../src/io/tcp_transport.ts";
import { ThreadLine } from "../../../src/io/thread/thread_line.ts";
import { resolveConfig } from "../../../src/protocol/config/config.ts";
import type { ScopeName } from "../../../src/protocol/dht/scope.ts";
import { storageBodyBytesMax, storageFrameBytesMax } from "../../../src/protocol/storage/frame.ts";
import type { StorageTopology } from "../../../src/protocol/thread/storage.ts";
import { createLogger } from "../../../src/sdk/logger.ts";
import { DhtService } from "../../../src/storage/dht/service.ts";
import { StoragePeers } from "../../../src/storage/peers.ts";
import { closedLoop, type LoopResult } from "../invoke/loop.ts";

const timeoutMs = 10_000;

/** Puts or gets of many keys, so many at a time. */
export interface Run {
  readonly scope: ScopeName;
  readonly operation: "put" | "get";
  /** Keys k0, k1 and so on, in turns. */
  readonly keys: number;
  readonly valueBytes: number;
  readonly inFlight: number;
  readonly durationMs: number;
}

/** What a process is told. */
export type Told =
  | { readonly type: "topology"; readonly topology: StorageTopology }
  | { readonly type: "run"; readonly run: Run };

/** What it prints first. */
export interface Started {
  readonly address: string;
  readonly storage: string;
}

async function main(node: string, dataDir: string): Promise<void> {
  const config = resolveConfig({ node: { id: node, dataDir } });
  const clock = systemClock();
  const log = createLogger(() => {});
  const limits = { maxFrameBytes: storageFrameBytesMax, maxQueuedBytes: 8 * storageBodyBytesMax };
  const transport = tcpTransport({ hostname: "127.0.0.1", port: 0 }, limits);
  const peers = new StoragePeers({ node, transport, clock, log });
  let topology: StorageTopology = { revision: 0, cluster: "", members: [], view: undefined };
  const service = new DhtService({
    ...{ node, clock, log, peers, random: systemRandom(), calls: new GatewayCalls() },
    config: () => config,
    lines: { control: new ThreadLine("control"), resources: new ThreadLine("resources") },
    topology: () => topology,
  });
  const address = formatAddress(await transport.listen(peers.accept));
  print({ address, storage: service.store.name } satisfies Started);
  for await (const text of lines()) {
    const told = JSON.parse(text) as Told;
    if (told.type === "run") print(await run(service, told.run));
    else {
      topology = told.topology;
      peers.follow(topology);
      service.onTopology(topology);
      print({});
    }
  }
}

async function run({ dht }: DhtService, told: Run): Promise<LoopResult> {
  const { scope, operation, keys, valueBytes, inFlight, durationMs } = told;
  const value = new Uint8Array(valueBytes).fill(120);
  let turn = 0;
  const one = async () => {
    const key = `k${turn++ % keys}`;
    if (operation === "put") await dht.put(scope, key, value, { timeoutMs, copies: "quorum" });
    else if (await dht.get(scope, key, timeoutMs) === undefined) throw new Error("It is absent");
  };
  return await closedLoop(one, inFlight, durationMs);
}

async function* lines(): AsyncGenerator<string> {
  let text = "";
  for await (const piece of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const [last = "", ...complete] = (text + piece).split("\n").reverse();
    yield* complete.reverse();
    text = last;
  }
}

function print(value: unknown): void {
  console.log(JSON.stringify(value));
}

if (import.meta.main) await main(Deno.args[0] ?? "", Deno.args[1] ?? "");
