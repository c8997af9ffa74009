import assert from "node:assert/strict";
import { systemClock } from "../io/clock.ts";
import { systemRandom } from "../io/random.ts";
import { tcpTransport } from "../io/tcp_transport.ts";
import { ThreadLine } from "../io/thread/thread_line.ts";
import { resolveConfig } from "../protocol/config/config.ts";
import type { Member } from "../protocol/dht/view.ts";
import {
  type ArtifactUsage,
  type FileProgress,
  progressTopic,
  type StagedFile,
} from "../protocol/storage/artifacts.ts";
import { type DhtMembership, type DhtStatusView, dhtTopics } from "../protocol/storage/dht.ts";
import { type StorageMember, topologyTopic } from "../protocol/thread/storage.ts";
import { createLogger } from "../sdk/logger.ts";
import { StorageNode } from "./storage_node.ts";

interface Opened extends AsyncDisposable {
  readonly line: ThreadLine;
  readonly address: string;
  readonly member: Member;
}

async function open(id: string): Promise<Opened> {
  const node = await StorageNode.open({
    config: resolveConfig({ node: { id }, cluster: { peers: [`${id}:127.0.0.1:1`] } }),
    transport: tcpTransport({ hostname: "127.0.0.1", port: 0 }),
    clock: systemClock(),
    random: systemRandom(),
    log: createLogger(() => {}),
  });
  const line = new ThreadLine("storage");
  const told = Promise.withResolvers<DhtMembership>();
  line.handle(dhtTopics.membership, told.resolve);
  const { port1, port2 } = new MessageChannel();
  line.connect(port1);
  node.connect("control", port2);
  const address = await node.listen();
  const { storage } = await told.promise;
  return {
    line,
    address,
    member: { node: id, storage },
    [Symbol.asyncDispose]: async () => {
      await node.close();
      line.close();
    },
  };
}

/** Makes them a cluster. */
function introduce(nodes: readonly Opened[]): void {
  const members: StorageMember[] = nodes.map(({ member, address }) => ({
    id: member.node,
    address,
    isAlive: true,
  }));
  const view = {
    revision: 1,
    members: nodes.map(({ member }) => member),
    next: undefined,
    lost: [],
  };
  for (const { line } of nodes) {
    line.tell(topologyTopic, { revision: 1, cluster: "c", members, view });
  }
}

Deno.test("StorageNode keeps files together with others, and collects what nobody names", async () => {
  await using a = await open("a");
  await using b = await open("b");
  introduce([a, b]);
  const content = crypto.getRandomValues(new Uint8Array(65_536));
  const stage = async (bytes: Uint8Array<ArrayBuffer>) => {
    const stream = new Blob([bytes]).stream();
    const ask = { stream, isSlice: false };
    return await a.line.ask<StagedFile>("artifacts.upload", ask, [stream]);
  };
  const staged = await stage(content);
  assert.equal(staged.underReplicated, 0);
  const record = { ...staged, storedAtMs: 0 };
  const bytes = await b.line.ask("artifacts.bytes", { record });
  assert.deepEqual(bytes, content);
  assert.deepEqual(await b.line.ask("artifacts.verify", { record }), {
    chunks: 2,
    copies: 2,
    owners: 2,
    underReplicated: 0,
    missing: 0,
    damaged: 0,
  });
  await stage(content.slice(1));
  const collect = (dryRun: boolean) =>
    b.line.ask("artifacts.collect", { indexes: [staged.index], dryRun });
  const unused = { chunks: 2, bytes: 65_535 + 32, silent: [] };
  assert.deepEqual(await collect(true), unused);
  assert.deepEqual(await collect(false), unused);
  assert.deepEqual(await collect(true), { chunks: 0, bytes: 0, silent: [] });
  assert.deepEqual(await a.line.ask("artifacts.bytes", { record }), content);
  const status = await a.line.ask<DhtStatusView>(dhtTopics.status, null);
  assert.deepEqual(status.nodes.map(({ node }) => node), ["a", "b"]);
  const place = await a.line.ask<{ owners: unknown[] }>(dhtTopics.locate, {
    scope: "chunks",
    key: staged.index,
  });
  assert.deepEqual(
    new Set(place.owners),
    new Set([
      { node: "a", holds: "present" },
      { node: "b", holds: "present" },
    ]),
  );
  assert.deepEqual(await b.line.ask(dhtTopics.repair, null), { started: ["a", "b"], silent: [] });
});

Deno.test("StorageNode fetches a file once for all that want it, and tells how far it is", async () => {
  await using a = await open("a");
  await using b = await open("b");
  introduce([a, b]);
  const sizeBytes = 2_500_000;
  const content = new Uint8Array(sizeBytes).map((_, i) => i % 251 + (i >> 16));
  const stream = new Blob([content]).stream();
  const ask = { stream, isSlice: false };
  const staged = await a.line.ask<StagedFile>("artifacts.upload", ask, [stream]);
  const told: FileProgress[] = [];
  b.line.handle(progressTopic, (progress: FileProgress) => told.push(progress));
  const record = { ...staged, storedAtMs: 0 };
  const wanted = Array.from({ length: 3 }, () => b.line.ask("artifacts.bytes", { record }));
  for (const bytes of await Promise.all(wanted)) assert.deepEqual(bytes, content);
  const chunk = 65_536;
  const sizes = [0, 16 * chunk, 32 * chunk, sizeBytes];
  assert.deepEqual(
    told,
    sizes.map((bytes, i) => ({
      ...{ sha256: staged.sha256, bytes, sizeBytes },
      isOver: i === sizes.length - 1,
    })),
  );
  const { cacheMisses, downloadedBytes } = await b.line.ask<ArtifactUsage>("artifacts.usage", null);
  assert.deepEqual({ cacheMisses, downloadedBytes }, {
    cacheMisses: 1,
    downloadedBytes: sizeBytes,
  });
});
