/**
 * `deno task bench tls`: what mutual TLS between nodes costs.
 *
 * One link over plain TCP and one over TLS, to a process of its own that sends every frame back.
 * Three kinds of traffic: one small frame after the other, as an idle cluster's; many small frames
 * under way, which leave many in a write, as a busy one's; and large pieces, as a snapshot's.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Address, Link, Transport } from "../../src/base/transport/transport.ts";
import { systemClock } from "../../src/io/clock.ts";
import { tcpTransport } from "../../src/io/tcp_transport.ts";
import { initAuthority, issueInto } from "../../src/io/tls/authority_folder.ts";
import { readCredentials } from "../../src/io/tls/credentials.ts";
import { Refusals } from "../../src/io/tls/refusals.ts";
import { tlsTransport } from "../../src/io/tls/tls_transport.ts";
import { createLogger } from "../../src/sdk/logger.ts";
import { freePort, Server, withFolder } from "./child.ts";
import { rounded, spreadOf } from "./statistics.ts";
import { environment } from "./tools.ts";

const kinds = ["plain", "tls"] as const;
type Kind = typeof kinds[number];

/** Frames under way at a time, and their size. */
const loads = [
  { load: "one after the other", bytes: 64, window: 1 },
  { load: "many small", bytes: 256, window: 512 },
  { load: "large", bytes: 65_536, window: 8 },
] as const;
const dialTimeoutMs = 20_000;

/** Runs the benchmark; resolves to the exit code. */
export async function benchTls(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      duration: { type: "string", default: "2" },
      rounds: { type: "string", default: "3" },
    },
  });
  const rounds = Number(values.rounds);
  const durationMs = Number(values.duration) * 1_000;
  if (!(rounds >= 1 && durationMs > 0)) throw new RangeError("--rounds and --duration are numbers");
  print({ kind: "environment", bench: "tls", ...await environment() });
  await withFolder(async (folder) => {
    const times = { nowMs: Date.now(), validMs: 86_400_000 };
    await initAuthority(folder, { cluster: "bench", ...times });
    await issueInto(folder, { names: ["n1", "n2"], role: "node", hosts: [], ...times });
    const links = { plain: await connect("plain", folder), tls: await connect("tls", folder) };
    for (const { load, bytes, window } of loads) {
      const found: Record<Kind, number[]> = { plain: [], tls: [] };
      for (let round = 0; round <= rounds; round++) {
        for (const kind of kinds) {
          const perSecond = await links[kind].echo(bytes, window, durationMs);
          // The first one warms up.
          if (round > 0) found[kind].push(perSecond);
        }
      }
      for (const kind of kinds) {
        const framesPerSecond = rounded(spreadOf(found[kind]));
        print({ kind: "link", load, bytes, window, over: kind, framesPerSecond });
      }
      const ratios = found.tls.map((tls, index) => tls / (found.plain[index] ?? Number.NaN));
      print({ kind: "ratio", load, tlsToPlain: rounded(spreadOf(ratios)) });
    }
    for (const kind of kinds) await links[kind].close();
  });
  return 0;
}

/** A link to a process that sends everything back. */
async function connect(kind: Kind, folder: string) {
  const port = freePort();
  const server = Server.start({
    command: Deno.execPath(),
    args: ["run", "-A", "--no-check", fileURLToPath(import.meta.url), kind, folder, String(port)],
    env: Deno.env.toObject(),
  });
  const transport = await transportOf(kind, folder, "n2", 0);
  const link = await dial(transport, { hostname: "127.0.0.1", port });
  let onFrame = () => {};
  let onLost = (_reason: string) => {};
  link.start({ onFrame: () => onFrame(), onClose: (reason) => onLost(reason) });
  return {
    async echo(bytes: number, window: number, durationMs: number): Promise<number> {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      onLost = (reason) => reject(new Error(`The ${kind} link ended: ${reason}`));
      const frame = new Uint8Array(bytes);
      const startMs = performance.now();
      const endMs = startMs + durationMs;
      let received = 0;
      let underWay = window;
      onFrame = () => {
        received++;
        if (performance.now() < endMs) link.send(frame);
        else if (--underWay === 0) resolve();
      };
      for (let sent = 0; sent < window; sent++) link.send(frame);
      await promise;
      return received / (performance.now() - startMs) * 1_000;
    },
    async close(): Promise<void> {
      onLost = () => {};
      await transport.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function dial(transport: Transport, address: Address): Promise<Link> {
  const endMs = performance.now() + dialTimeoutMs;
  for (;;) {
    try {
      return await transport.dial(address, { timeoutMs: 1_000 });
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function transportOf(
  kind: Kind,
  folder: string,
  node: string,
  port: number,
): Promise<Transport> {
  const address = { hostname: "127.0.0.1", port };
  if (kind === "plain") return tcpTransport(address);
  const [ca, certificate, key] = ["ca.crt", `${node}.crt`, `${node}.key`].map((name) =>
    `${folder}/${name}`
  ) as [string, string, string];
  const current = await readCredentials({ ca, certificate, key });
  const clock = systemClock();
  return tlsTransport(address, {
    credentials: { current, onChange() {}, close() {} },
    refusals: new Refusals(createLogger(() => {}), clock),
    clock,
  });
}

/** The other process: sends back until its parent is gone. */
async function serve([kind, folder = "", port]: readonly string[]): Promise<void> {
  const transport = await transportOf(kind === "tls" ? "tls" : "plain", folder, "n1", Number(port));
  await transport.listen((link) =>
    link.start({ onFrame: (frame) => void link.send(frame), onClose() {} })
  );
  for await (const chunk of Deno.stdin.readable) void chunk;
  Deno.exit();
}

function print(line: object): void {
  console.log(JSON.stringify(line));
}

if (import.meta.main) await serve(Deno.args);
