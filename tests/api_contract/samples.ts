/**
 * One good call of every row of the route table, and wrong ones of every part that has a schema.
 *
 * A new row does not compile without its samples here.
 *
 * @module
 */
import { DirectoryTarget } from "../../src/io/backup/directory_target.ts";
import { createBackup } from "../../src/node/backup/backups.ts";
import type { RowName } from "../../src/protocol/api/table.ts";
import { keys } from "../../src/protocol/keys.ts";
import { repositoryPath } from "../../src/protocol/coordinates.ts";
import { goodArtifacts, prepareArtifacts, wrongArtifacts } from "./artifact_samples.ts";
import { goodRollouts, prepareRollouts, wrongRollouts } from "./rollout_samples.ts";
import { goodTopics, prepareTopics, wrongTopics } from "./topic_samples.ts";
import { goodSchedules, prepareSchedules, wrongSchedules } from "./schedule_samples.ts";
import type { TestApi } from "./setup.ts";
import { packedSlice } from "./slices.ts";

/** Parts of a call, as in the table. */
export interface Sample {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Status of the answer. @default {200} */
  readonly status?: number;
}

/** A blueprint of the slices that {@link prepare} publishes. */
export function blueprintText(id: string, slice: string, instances = 1): string {
  return `id = "${id}"\n[[slices]]\nartifact = "${slice}"\ninstances = ${instances}\n`;
}

const echo = "org.example:echo:1.0.0";
const echoPath = repositoryPath({ group: "org.example", name: "echo", version: "1.0.0" });
const shop = "org.example:shop:1.0.0";
const spare = "org.example:spare:1.0.0";
const shopText = blueprintText(shop, echo);
const other = "org.example:other:1.0.0";
const otherPath = repositoryPath({ group: "org.example", name: "other", version: "1.0.0" });

/** A call of each row that succeeds after {@link prepare}. */
export const good: Readonly<Record<RowName, Sample>> = {
  healthLive: {},
  healthReady: {},
  health: {},
  status: {},
  nodes: {},
  slices: {},
  slicesStatus: {},
  routes: {},
  resources: {},
  calls: {},
  aspectList: {},
  aspectSet: { body: '{"contract":"org.example:echo","method":"get","mode":"LOG"}' },
  aspectRemove: { params: { contract: "org.example:echo", method: "*" } },
  openapi: {},
  nodeLifecycles: {},
  nodeLifecycle: { params: { id: "node-1" } },
  nodeDrain: { params: { id: "node-1" } },
  nodeActivate: { params: { id: "node-1" } },
  nodeShutdown: { params: { id: "leaving" } },
  explainInstance: { params: { artifact: "org.example:echo" } },
  clusterStatus: {},
  clusterMembers: {},
  clusterAdd: { body: '{"node": "node-9", "address": "127.0.0.1:1"}' },
  clusterRemove: { params: { node: "node-8" } },
  clusterPromote: { body: '{"nodes": ["node-1"]}' },
  eventList: { query: { limit: "5" } },
  eventStream: { query: { since: "0" } },
  ...goodRollouts,
  ...goodSchedules,
  blueprintApply: {
    query: { ifRevision: "0" },
    body: blueprintText("org.example:another:1.0.0", other),
  },
  blueprintList: {},
  blueprintGet: { params: { id: shop } },
  blueprintStatus: { params: { id: shop }, query: { number: "1" } },
  blueprintHistory: { params: { id: shop } },
  blueprintRevert: { params: { id: shop }, body: JSON.stringify({ to: 1 }) },
  blueprintDelete: { params: { id: spare } },
  blueprintValidate: { body: shopText },
  blueprintPlan: { body: shopText },
  kvList: { query: { prefix: "gre", after: "a", limit: "5" } },
  kvGet: { params: { key: "greeting" }, query: { consistency: "local" } },
  kvPut: { params: { key: "new/key" }, headers: { "if-none-match": "*" }, body: "value" },
  kvDelete: { params: { key: "doomed" }, status: 204 },
  kvTransaction: {
    headers: { "idempotency-key": "once" },
    body: JSON.stringify({
      compare: [{ key: "greeting", exists: true }],
      then: [{ op: "put", key: "greeting", value: "aGVsbG8=", encoding: "base64" }],
      otherwise: [{ op: "delete", key: "greeting" }],
    }),
  },
  kvWatch: { query: { prefix: "gre" } },
  leaseGrant: { body: JSON.stringify({ ttlMs: 60_000 }) },
  leaseRenew: { params: { lease: "lease-to-be-renewed" }, status: 204 },
  leaseRevoke: { params: { lease: "lease-to-be-revoked" }, status: 204 },
  lockList: { query: { prefix: "jobs" } },
  lockAcquire: {
    params: { name: "nightly" },
    body: JSON.stringify({ holder: "me", lease: "a-lease-of-the-tests" }),
  },
  lockRenew: {
    params: { name: "renewed" },
    body: JSON.stringify({ lease: "lease-of-lock-renewed" }),
    status: 204,
  },
  lockRelease: {
    params: { name: "released" },
    body: JSON.stringify({ lease: "lease-of-lock-released" }),
    status: 204,
  },
  ...goodTopics,
  joinTokenCreate: { body: '{"ttlMs": 60000}' },
  joinTokenList: {},
  joinTokenRevoke: { params: { id: "00" }, status: 204 },
  backupCreate: {},
  backupList: {},
  backupVerify: { params: { id: "20260101t000000z-00000000" } },
  configList: {},
  overrideList: {},
  overrideSet: { body: JSON.stringify({ key: "management.maxInFlight", value: 100 }) },
  overrideRemove: { params: { key: "artifact.maxBytes" } },
  ...goodArtifacts,
};

/** Part of a request that is wrong, with the path of the issue that must name it. */
export interface Wrong extends Sample {
  readonly part: "params" | "query" | "headers" | "body";
  /** Left out where the message names the value instead. */
  readonly issue?: string;
}

const id = "x".repeat(257);
const wrongId = { part: "params", params: { id }, issue: "id" } as const;
const wrongNode = { part: "params", params: { id: "n".repeat(64) }, issue: "id" } as const;
const wrongText = {
  part: "body",
  body: 'id = "shop"\n[[slices]]\nartefact = "a"\n',
  issue: "slices[0].artefact",
} as const;

/** Wrong calls of each row; the tests demand one for every part that has a schema. */
export const wrong: Readonly<Record<RowName, readonly Wrong[]>> = {
  healthLive: [],
  healthReady: [],
  health: [],
  status: [],
  nodes: [],
  slices: [],
  slicesStatus: [],
  routes: [],
  resources: [],
  calls: [],
  aspectList: [],
  aspectSet: [
    { part: "body", body: '{"contract":"echo","mode":"LOG"}', issue: "contract" },
    { part: "body", body: '{"contract":"org.example:echo","mode":"ALL"}', issue: "mode" },
  ],
  aspectRemove: [
    { part: "params", params: { contract: "org.example:echo", method: "%20" }, issue: "method" },
  ],
  openapi: [],
  nodeLifecycles: [],
  nodeLifecycle: [wrongNode],
  nodeDrain: [wrongNode],
  nodeActivate: [wrongNode],
  nodeShutdown: [wrongNode],
  explainInstance: [{ part: "params", params: { artifact: id }, issue: "artifact" }],
  clusterStatus: [],
  clusterMembers: [],
  clusterAdd: [
    { part: "body", body: '{"node": "node-9"}', issue: "address" },
    { part: "body", body: '{"node": "node-9", "address": "192.0.2.19"}', issue: "address" },
    { part: "body", body: '{"node": "N 9", "address": "127.0.0.1:1"}', issue: "node" },
  ],
  clusterRemove: [
    { part: "params", params: { node: "n".repeat(64) }, issue: "node" },
    { part: "query", params: { node: "node-9" }, query: { force: "maybe" }, issue: "force" },
  ],
  clusterPromote: [
    { part: "body", body: '{"nodes": []}', issue: "nodes" },
    { part: "body", body: '{"nodes": ["n2"], "force": 1}', issue: "force" },
  ],
  eventList: [
    { part: "query", query: { limit: "0" }, issue: "limit" },
    { part: "query", query: { since: "-1" }, issue: "since" },
  ],
  eventStream: [
    { part: "query", query: { since: "new" }, issue: "since" },
    { part: "headers", headers: { "last-event-id": "x" }, issue: "last-event-id" },
  ],
  ...wrongRollouts,
  ...wrongSchedules,
  blueprintApply: [
    { part: "query", query: { ifRevision: "-1" }, body: shopText, issue: "ifRevision" },
    { part: "query", query: { ifRevision: "1.5" }, body: shopText, issue: "ifRevision" },
    wrongText,
  ],
  blueprintList: [],
  blueprintGet: [wrongId],
  blueprintStatus: [
    wrongId,
    { part: "query", params: { id: shop }, query: { number: "0" }, issue: "number" },
  ],
  blueprintHistory: [wrongId],
  blueprintRevert: [
    wrongId,
    { part: "body", params: { id: shop }, body: '{"to": 0}', issue: "to" },
  ],
  blueprintDelete: [wrongId],
  blueprintValidate: [wrongText],
  blueprintPlan: [wrongText],
  kvList: [
    { part: "query", query: { limit: "0" }, issue: "limit" },
    { part: "query", query: { limit: "1001" }, issue: "limit" },
    { part: "query", query: { limit: "many" }, issue: "limit" },
    { part: "query", query: { prefix: "p".repeat(513) }, issue: "prefix" },
    { part: "query", query: { after: "p".repeat(513) }, issue: "after" },
    { part: "query", query: { minRevision: "-1" }, issue: "minRevision" },
  ],
  kvGet: [
    { part: "query", params: { key: "k" }, query: { consistency: "strong" }, issue: "consistency" },
    { part: "params", params: { key: "k".repeat(513) } },
  ],
  kvPut: [
    {
      part: "headers",
      params: { key: "k" },
      headers: { "if-match": "1".repeat(65) },
      body: "v",
      issue: "if-match",
    },
    {
      part: "headers",
      params: { key: "k" },
      headers: { "if-none-match": "1".repeat(65) },
      body: "v",
      issue: "if-none-match",
    },
    {
      part: "headers",
      params: { key: "k" },
      headers: { "idempotency-key": "1".repeat(129) },
      body: "v",
      issue: "idempotency-key",
    },
    {
      part: "query",
      params: { key: "k" },
      query: { lease: "l".repeat(129) },
      body: "v",
      issue: "lease",
    },
    { part: "params", params: { key: "k".repeat(513) }, body: "v" },
  ],
  kvDelete: [
    {
      part: "headers",
      params: { key: "k" },
      headers: { "if-match": "1".repeat(65) },
      issue: "if-match",
    },
    { part: "params", params: { key: "k".repeat(513) } },
  ],
  kvTransaction: [
    {
      part: "headers",
      headers: { "idempotency-key": "1".repeat(129) },
      body: "{}",
      issue: "idempotency-key",
    },
    { part: "body", body: '{"then": [{"op": "put", "key": "k"}]}', issue: "then.0.value" },
    { part: "body", body: '{"compare": [{"key": "k"}]}', issue: "compare.0" },
    { part: "body", body: "{" },
    {
      part: "body",
      body: '{"then": [{"op": "put", "key": "k", "value": "?", "encoding": "base64"}]}',
    },
  ],
  kvWatch: [
    { part: "query", query: { from: "new" }, issue: "from" },
    { part: "headers", headers: { "last-event-id": "x" }, issue: "last-event-id" },
  ],
  leaseGrant: [
    { part: "body", body: '{"ttlMs": 1}', issue: "ttlMs" },
    { part: "body", body: "{}", issue: "ttlMs" },
  ],
  leaseRenew: [{ part: "params", params: { lease: "l".repeat(129) }, issue: "lease" }],
  leaseRevoke: [{ part: "params", params: { lease: "l".repeat(129) }, issue: "lease" }],
  lockList: [{ part: "query", query: { prefix: "p".repeat(513) }, issue: "prefix" }],
  lockAcquire: [
    { part: "params", params: { name: "n".repeat(257) }, body: '{"holder": "h"}', issue: "name" },
    { part: "body", params: { name: "n" }, body: "{}", issue: "holder" },
    {
      part: "body",
      params: { name: "n" },
      body: '{"holder": "h", "waitMs": -1, "ttlMs": 999}',
      issue: "waitMs",
    },
  ],
  lockRenew: [
    { part: "params", params: { name: "n".repeat(257) }, body: '{"lease": "l"}', issue: "name" },
    { part: "body", params: { name: "n" }, body: "{}", issue: "lease" },
  ],
  lockRelease: [
    { part: "params", params: { name: "n".repeat(257) }, body: '{"lease": "l"}', issue: "name" },
    { part: "body", params: { name: "n" }, body: "{}", issue: "lease" },
  ],
  ...wrongTopics,
  joinTokenCreate: [
    { part: "body", body: '{"ttlMs": 1}', issue: "ttlMs" },
    { part: "body", body: '{"node": "Not an id"}', issue: "node" },
  ],
  joinTokenList: [],
  joinTokenRevoke: [{ part: "params", params: { id: "xyz" }, issue: "id" }],
  backupCreate: [],
  backupList: [],
  backupVerify: [{ part: "params", params: { id: "x".repeat(65) }, issue: "id" }],
  configList: [],
  overrideList: [],
  overrideSet: [
    { part: "body", body: '{"key": "log.level"}', issue: "value" },
    { part: "body", body: '{"key": "log.level", "value": "loud"}', issue: "log.level" },
    { part: "body", body: '{"key": "node.id", "value": "n"}', issue: "node.id" },
    { part: "body", body: '{"key": "log.level", "value": "info", "node": "x"}', issue: "node" },
  ],
  overrideRemove: [
    { part: "params", params: { key: "k".repeat(129) }, issue: "key" },
    { part: "query", params: { key: "k" }, query: { node: "n".repeat(64) }, issue: "node" },
  ],
  ...wrongArtifacts,
};

/** Makes what the good calls need: slices, blueprints, keys. */
export async function prepare(api: TestApi, headers: Record<string, string> = {}): Promise<void> {
  const must = async (method: string, path: string, body: string | Uint8Array<ArrayBuffer>) => {
    const response = await api.fetch(method, path, { body, headers });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    await response.body?.cancel();
  };
  await must("PUT", `/repository/${echoPath}`, packedSlice(echo, { routes: ["GET /echo"] }));
  await must("PUT", `/repository/${otherPath}`, packedSlice(other));
  await prepareArtifacts(must);
  const third = "org.example:third:1.0.0";
  const thirdPath = repositoryPath({ group: "org.example", name: "third", version: "1.0.0" });
  await must("PUT", `/repository/${thirdPath}`, packedSlice(third));
  await must("POST", "/api/blueprint", shopText);
  await must("POST", "/api/blueprint", blueprintText(spare, third));
  await api.control.store.propose("node", {
    compare: [],
    then: [
      keys.member.put(keys.member.key("leaving"), {
        id: "leaving",
        state: "ON_DUTY",
        version: "0.1.0",
        incarnation: 1,
        addresses: { cluster: "", gateway: "", storage: "", management: "", app: "" },
      }),
    ],
    otherwise: [],
  });
  await prepareRollouts(api, headers);
  await prepareSchedules(api, headers);
  await prepareTopics(api);
  await must("PUT", "/api/kv/greeting", "hello");
  const departing = JSON.stringify({ node: "node-8", address: "127.0.0.1:1" });
  await must("POST", "/api/cluster/members", departing);
  await must("PUT", "/api/kv/doomed", "x");
  await must("POST", "/api/aspects", '{"contract":"org.example:echo","mode":"METRICS"}');
  await createBackup(new DirectoryTarget(api.control.config.backup.directory ?? ""), {
    wallMs: Date.UTC(2026, 0, 1),
    unique: "00000000",
    node: "node-1",
    version: "0.1.0",
    snapshot: api.control.store.snapshot().bytes,
    artifacts: [],
  });
  const token = { sha256: "00", expiresAtMs: Date.now() + 60_000, node: null };
  await api.control.store.propose("operator", {
    compare: [],
    then: [keys.joinToken.put(keys.joinToken.key("00"), token)],
    otherwise: [],
  });
  await must("POST", "/api/config", '{"key": "artifact.maxBytes", "value": "32MiB"}');
  for (const lease of ["lease-to-be-renewed", "lease-to-be-revoked"]) {
    await must("POST", "/api/leases", JSON.stringify({ ttlMs: 60_000, lease }));
  }
  for (const name of ["renewed", "released"]) {
    const body = JSON.stringify({ holder: "test", lease: `lease-of-lock-${name}` });
    await must("POST", `/api/locks/${name}/acquire`, body);
  }
}
