/**
 * Clusters on this machine that store artifacts on disk, and uploads to them while nodes die.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { until } from "../../scripts/lib/until.ts";
import { freePorts, peersText } from "./local_cluster.ts";
import { Node } from "./node.ts";
import type { World } from "./world.ts";

/** Nodes with data directories that can be started again where they were. */
export class ArtifactCluster {
  readonly nodes: Node[] = [];
  readonly #world: World;
  readonly #ports: number[];

  private constructor(world: World, count: number) {
    this.#world = world;
    this.#ports = freePorts(count);
  }

  /** Starts nodes n1, n2 and so on, and waits until they hold data for each other. */
  static async start(world: World, count: number): Promise<ArtifactCluster> {
    const cluster = new ArtifactCluster(world, count);
    const nodes = await Promise.all(cluster.#ports.map((_, index) => cluster.start(index)));
    cluster.nodes.splice(0, count, ...nodes);
    await cluster.settled();
    return cluster;
  }

  /** The data directory of a node, by its place from 0. */
  folder(index: number): string {
    return this.#world.path(`data-${index}`);
  }

  /** All nodes, as `--peers` has them. */
  get peers(): string {
    return peersText(this.#ports.map((_, place) => `n${place + 1}`), this.#ports);
  }

  /** Starts a node, again where it was. */
  async start(index: number): Promise<Node> {
    return this.nodes[index] = await Node.start(this.#world, [
      ...["--node-id", `n${index + 1}`, "--port", String(this.#ports[index])],
      ...["--gateway-port", "0", "--data-dir", this.folder(index)],
      ...["--peers", this.peers],
    ]);
  }

  /** Waits until all nodes hold everything that they should. */
  async settled(): Promise<void> {
    const count = this.#ports.length;
    await until("the members of the DHT are settled", async () => {
      const status = await this.node(count).client.call("dhtStatus");
      const isSettled = !status.isOpen && status.members.length === count &&
        status.nodes.length === count;
      return isSettled || undefined;
    }, 60_000);
  }

  /** By its number, from 1. */
  node(number: number): Node {
    const node = this.nodes[number - 1];
    assert.ok(node !== undefined, `There is no node n${number}`);
    return node;
  }
}

/** SHA-256 in hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes that no chunk has twice. */
export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  return bytes;
}

/** Puts a file; the status of the answer, 0 when there was none. */
export async function put(node: Node, path: string, body: BodyInit): Promise<number> {
  return (await tryPut(node, path, body)).status;
}

/** Puts a file; also says why not, in a word. */
async function tryPut(
  node: Node,
  path: string,
  body: BodyInit,
): Promise<{ readonly status: number; readonly why: string }> {
  try {
    const response = await fetch(`${node.management}/repository/${path}`, {
      method: "PUT",
      body,
      headers: { "content-type": "application/octet-stream" },
    });
    const text = await response.text();
    const { status } = response;
    if (status < 300) return { status, why: "" };
    const { name } = JSON.parse(text) as { readonly name: string };
    return { status, why: name };
  } catch {
    return { status: 0, why: node.process.isRunning ? "no answer" : "its node died" };
  }
}

/** Gets a file that must be there. */
export async function get(node: Node, path: string): Promise<Uint8Array> {
  const response = await fetch(`${node.management}/repository/${path}`);
  const bytes = await response.bytes();
  assert.equal(response.status, 200, new TextDecoder().decode(bytes.subarray(0, 500)));
  return bytes;
}

/** How much is uploaded. */
export interface UploadOptions {
  readonly nodes: number;
  readonly clients: number;
  readonly filesPerClient: number;
  readonly fileBytes: number;
}

/** What came of it. */
export interface UploadReport {
  /** Files that were acknowledged; each of them was read back whole. */
  readonly acknowledged: number;
  /** Files that were not, and are there as a whole or not at all. */
  readonly refused: number;
  readonly refusedButThere: number;
  /** Why files were not acknowledged. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Files that were not, and were when they were sent once more, to another node. */
  readonly acknowledgedAgain: number;
  readonly megabytesPerSecond: number;
  /** Most memory that each surviving node had resident, in MiB. */
  readonly rssMaxMib: readonly number[];
  /** Living nodes that another one took for dead. */
  readonly suspected: number;
}

/** Uploads from many clients at once, and kills the last node in the middle. */
export async function runUploads(world: World, options: UploadOptions): Promise<UploadReport> {
  const { nodes, clients, filesPerClient, fileBytes } = options;
  const cluster = await ArtifactCluster.start(world, nodes);
  const survivors = cluster.nodes.slice(0, nodes - 1);
  const files = new Map<string, { readonly hash: string; readonly status: number }>();
  const total = clients * filesPerClient;
  const refusals: Record<string, number> = {};
  const again: (() => Promise<number>)[] = [];
  const startMs = performance.now();
  const startedAtMs = Date.now();
  let killed: Promise<void> | undefined;
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    for (let i = 0; i < filesPerClient; i++) {
      const path = `org/load/c${client}/1.0.${i}/c${client}-1.0.${i}.bin`;
      const content = randomBytes(fileBytes);
      const target = cluster.node(1 + (client + i) % nodes);
      const uploading = tryPut(target, path, content);
      if (files.size >= total / 2) killed ??= cluster.node(nodes).crash();
      const { status, why } = await uploading;
      files.set(path, { hash: sha256(content), status });
      if (why === "") continue;
      refusals[why] = (refusals[why] ?? 0) + 1;
      again.push(() => put(cluster.node(1 + client % (nodes - 1)), path, content));
    }
  }));
  await killed;
  const seconds = (performance.now() - startMs) / 1000;
  const report = await readBack(survivors, files);
  let acknowledgedAgain = 0;
  for (const send of again) if ([200, 201].includes(await send())) acknowledgedAgain++;
  return {
    ...report,
    refusals,
    acknowledgedAgain,
    megabytesPerSecond: Math.round(total * fileBytes / 1e6 / seconds * 10) / 10,
    rssMaxMib: survivors.map(({ process }) => rssMaxMib(process.pid)),
    suspected: await suspicions(survivors, `n${nodes}`, startedAtMs),
  };
}

async function readBack(
  survivors: readonly Node[],
  files: ReadonlyMap<string, { readonly hash: string; readonly status: number }>,
): Promise<Pick<UploadReport, "acknowledged" | "refused" | "refusedButThere">> {
  let [acknowledged, refused, refusedButThere, turn] = [0, 0, 0, 0];
  for (const [path, { hash, status }] of files) {
    const node = survivors[turn++ % survivors.length];
    assert.ok(node !== undefined);
    if (status === 201 || status === 200) {
      acknowledged++;
      assert.equal(sha256(await get(node, path)), hash, path);
      continue;
    }
    refused++;
    const response = await fetch(`${node.management}/repository/${path}`);
    const bytes = await response.bytes();
    assert.ok(response.status === 404 || response.status === 200, `${path}: ${response.status}`);
    if (response.status === 404) continue;
    refusedButThere++;
    assert.equal(sha256(bytes), hash, path);
  }
  return { acknowledged, refused, refusedButThere };
}

function rssMaxMib(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

/** Times that a survivor was taken for dead by another one since a wall time. */
async function suspicions(
  survivors: readonly Node[],
  dead: string,
  sinceMs: number,
): Promise<number> {
  const lists = await Promise.all(
    survivors.map(({ client }) => client.call("eventList", { query: { limit: 1_000 } })),
  );
  return lists.flatMap(({ events }) => events)
    .filter(({ type, node, atMs }) => type === "NODE_DOWN" && node !== dead && atMs >= sinceMs)
    .length;
}
