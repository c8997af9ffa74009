/**
 * The load driver of `bench consensus`: a Go program, because etcd's own client is one, and because
 * a driver that costs little leaves the machine to what is measured.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../child.ts";

const source = fileURLToPath(new URL("load.go", import.meta.url));
const buildTimeoutMs = 300_000;
const slackMs = 30_000;

/** Which client speaks to the servers: etcd's, or one of Aether's HTTP API. */
export type ClientKind = "etcd" | "http1" | "http2";
/** What the clients do, over and over. */
export type Operation = "put" | "get";

/** One measurement. */
export interface LoadOptions {
  readonly kind: ClientKind;
  readonly operation: Operation;
  /** Servers that the connections take in turns. */
  readonly addresses: readonly string[];
  readonly clients: number;
  readonly seconds: number;
}

/** What the driver found. */
export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  /** Operations, with those of the warm-up. */
  readonly total: number;
  readonly example?: string;
}

/** Builds the driver into a folder with Debian's Go and etcd client; answers the program. */
export async function buildDriver(folder: string): Promise<string> {
  const program = join(folder, "load");
  await runToEnd({
    command: "go",
    args: ["build", "-o", program, source],
    env: {
      GO111MODULE: "off",
      GOPATH: "/usr/share/gocode",
      GOCACHE: join(folder, "go-cache"),
      HOME: folder,
    },
  }, buildTimeoutMs);
  return program;
}

/** Loads the servers. */
export async function load(program: string, options: LoadOptions): Promise<LoadResult> {
  const { kind, operation, addresses, clients, seconds } = options;
  const args = ["--kind", kind, "--operation", operation, "--addresses", addresses.join(",")];
  args.push("--clients", `${clients}`, "--duration", `${seconds}s`);
  const text = await runToEnd({ command: program, args }, seconds * 1_000 + slackMs);
  return JSON.parse(text) as LoadResult;
}
