/**
 * The schema of `aether.toml`: every section and key with its default and its meaning.
 *
 * What is written here is what validation, variables, messages and the reference documentation
 * know. Durations and sizes come out as numbers; `config.ts` turns the output into the frozen
 * {@link Config} and checks how keys relate to each other.
 *
 * @module
 */
import { z } from "zod";
import { artifactSection as artifact, storageSection as storage } from "./sections/storage.ts";
import { callsSection as calls } from "./sections/calls.ts";
import {
  deploymentSection as deployment,
  scalingSection as scaling,
} from "./sections/deployment.ts";
import {
  boolean,
  byteSize,
  choice,
  durationMs,
  fieldMeta,
  filePath,
  integer,
  list,
  port,
  section,
  text,
} from "./fields.ts";

/** Host names and IPv4 addresses, or IPv6 addresses, which have at least two colons. */
const hostPattern =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)$/;
const hostPortPattern =
  /^(?:\*|(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::\d{1,5})?)$/;
const peerPattern =
  /^([a-z0-9][a-z0-9-]{0,62}):(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*):(\d{1,5})$/;
const ipPattern = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)$/;
const peerRule = 'write id:host:port, for example "node-2:192.0.2.12:8090"';

function host() {
  return text(
    hostPattern,
    "host name or IP address",
    'write a host name or an IP address without port, for example "127.0.0.1"',
  );
}

function secretText(values: string) {
  return text(/^[\x21-\x7e]{1,256}$/, values, "write 1 to 256 characters without spaces")
    .register(fieldMeta, { kind: "text", values, isSecret: true });
}

function pathList() {
  return list(filePath(), "paths").register(fieldMeta, { kind: "paths", values: "list of paths" });
}

/** Of a port that clients call with HTTPS. */
function serverTls() {
  return section({
    certificate: filePath().describe("File with the certificate chain in PEM form"),
    key: filePath().describe("File with the private key in PEM form"),
  });
}

const peer = z.string({ error: () => peerRule }).transform((value, context) => {
  const [, id = "", host = "", digits = ""] = peerPattern.exec(value) ?? [];
  const port = Number(digits);
  const isRight = id !== "" && port >= 1 && port <= 65_535;
  if (isRight) return { id, host: host.replace(/^\[(.*)\]$/, "$1"), port };
  context.issues.push({ code: "custom", input: value, message: peerRule });
  return z.NEVER;
});

const node = section({
  id: text(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    "1 to 63 of a-z, 0-9 and -",
    'write 1 to 63 letters a-z, digits and "-", not starting with "-", for example "node-1"',
  ).prefault("node-1").describe("Name of this node, unique in the cluster"),
  dataDir: filePath().optional().describe(
    "Folder for everything that must survive a restart; without it the node keeps all in memory",
  ),
}).prefault({}).describe("This node");

const cluster = section({
  host: host().prefault("127.0.0.1").describe("Address on which other nodes reach this one"),
  port: port().prefault(8090).describe("Port for other nodes; 0 picks a free one"),
  gatewayPort: port().prefault(8091).describe(
    "Port on which other nodes' gateways forward calls, used with peers; 0 picks a free one",
  ),
  storagePort: port().prefault(8092).describe(
    "Port on which nodes exchange what they store for each other, used with peers; 0 picks a " +
      "free one",
  ),
  peers: list(peer, "id:host:port").register(fieldMeta, {
    kind: "peers",
    values: "list of id:host:port",
  }).prefault([]).describe("The nodes that form the cluster at its first start"),
  replaceTimeout: durationMs({ minimum: "0s", maximum: "30d" }).prefault("10m").describe(
    "Time that a voter may be down before a follower takes its place; 0s means for ever",
  ),
  insecure: boolean().prefault(false).describe(
    "Allow a cluster address that other machines reach without [tls]",
  ),
  size: integer(0, 99).prefault(0).describe(
    "Nodes that the cluster should have: lost ones are replaced by cluster.provider; 0 means no " +
      "matter how many",
  ),
  provider: choice(["none", "local"]).prefault("none").describe(
    "Who starts and stops nodes for cluster.size: local starts processes beside the leader's",
  ),
  healTimeout: durationMs({ minimum: "1s", maximum: "1d" }).prefault("1m").describe(
    "Time that a node may be down before it counts as lost and is replaced",
  ),
}).prefault({}).describe("Traffic between nodes");

const tls = section({
  ca: filePath().describe(
    "File with the certificates of the authorities that this node believes, in PEM form",
  ),
  certificate: filePath().describe("File with this node's certificate in PEM form"),
  key: filePath().describe("File with the key of the certificate in PEM form"),
  issuerKey: filePath().optional().describe(
    "File with the key of an authority in ca: lets this node give certificates to new nodes",
  ),
}).optional().describe("Mutual TLS between nodes: with this table, nodes talk in no other way");

const managementKey = section({
  name: text(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    "1 to 63 letters, digits, . _ and -",
    'write 1 to 63 letters, digits, ".", "_" and "-", for example "deploy-bot"',
  ).describe("Name of the key in logs and audit records"),
  role: choice(["viewer", "operator", "admin"]).describe("What the key may do"),
  sha256: text(
    /^[0-9a-f]{64}$/,
    "64 hexadecimal digits",
    "write the SHA-256 of the key as 64 digits 0-9 and a-f in lower case",
  ).describe("SHA-256 of the key; the key itself is never stored")
    .register(fieldMeta, { kind: "text", values: "64 hexadecimal digits", isSecret: true }),
});

const management = section({
  host: host().prefault("127.0.0.1").describe(
    "Address of the management API; other than loopback it needs keys and tls, or insecure",
  ),
  port: port().prefault(8080).describe("Port of the management API; 0 picks a free one"),
  hosts: list(host(), "host names").prefault([]).describe(
    "Further names that the Host header may carry, besides addresses of the node and localhost",
  ),
  insecure: boolean().prefault(false).describe(
    "Allow an address that other machines reach without keys or without TLS",
  ),
  keys: z.array(managementKey, { error: () => "write [[management.keys]] tables" })
    .max(1000, { error: () => "write at most 1000 keys" })
    .register(fieldMeta, { kind: "tables", values: "tables" })
    .prefault([]).describe("API keys; without any, loopback clients have every role"),
  maxBodyBytes: byteSize({ minimum: "1KiB", maximum: "1GiB" }).prefault("2MiB").describe(
    "Largest request body; artifact uploads are limited by artifact.maxBytes instead",
  ),
  maxInFlight: integer(1, 65_536).prefault(256).describe("Requests handled at the same time"),
  maxWatches: integer(1, 65_536).prefault(1_000).describe("Watches that are open at the same time"),
  requestTimeout: durationMs({ minimum: "1ms", maximum: "1d" }).prefault("30s").describe(
    "Time in which a management request must be answered",
  ),
  tls: serverTls().optional().describe("TLS of the management API; both keys or no table"),
}).prefault({}).describe("The management API");

const cors = section({
  origins: list(
    text(
      /^(?:\*|https?:\/\/[^\s/?#]+)$/,
      'origin, or "*"',
      'write an origin without path, for example "https://shop.example"',
    ),
    'origins, or ["*"] for all',
  ).prefault([]).describe("Origins of web pages that may use the applications from browsers"),
  headers: list(
    text(
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/,
      "header name",
      'write the name of a header, for example "authorization"',
    ),
    "header names",
  ).prefault(["content-type", "x-request-id", "traceparent"]).describe(
    "Request headers that such pages may send",
  ),
  credentials: boolean().prefault(false).describe(
    'Whether such pages may send cookies and authorization; not with "*"',
  ),
  cacheTimeout: durationMs({ minimum: "0s", maximum: "1d" }).prefault("10m").describe(
    "Time for which browsers remember these answers",
  ),
}).prefault({}).describe("Cross-origin requests from browsers (CORS); without origins none");

const app = section({
  host: host().prefault("127.0.0.1").describe("Address on which slices answer HTTP"),
  port: port().prefault(8070).describe("Port on which slices answer HTTP; 0 picks a free one"),
  maxBodyBytes: byteSize({ minimum: "1KiB", maximum: "1GiB" }).prefault("10MiB").describe(
    "Largest request body of a method that takes JSON",
  ),
  maxStreamBytes: byteSize({ minimum: "1KiB", maximum: "1TiB" }).prefault("1GiB").describe(
    "Largest request body of a method that takes a stream",
  ),
  headerTimeout: durationMs({ minimum: "1s", maximum: "10m" }).prefault("10s").describe(
    "Time in which the head of a request must arrive",
  ),
  bodyTimeout: durationMs({ minimum: "1s", maximum: "1h" }).prefault("30s").describe(
    "Longest time without a piece of a request's body",
  ),
  idleTimeout: durationMs({ minimum: "1s", maximum: "1d" }).prefault("75s").describe(
    "Time after which an idle connection is closed",
  ),
  writeTimeout: durationMs({ minimum: "1s", maximum: "1h" }).prefault("30s").describe(
    "Longest time in which a client takes nothing of its answer",
  ),
  maxConnections: integer(1, 1_000_000).prefault(10_000).describe(
    "Connections of clients; beyond it those that are idle longest are closed",
  ),
  trustedProxies: list(
    text(
      ipPattern,
      "IP address",
      'write an IP address, for example "192.0.2.1"',
    ),
    "IP addresses",
  ).prefault([]).describe(
    "Proxies in front of the node whose X-Forwarded-For header is believed",
  ),
  cors,
  accessLog: choice(["off", "errors", "all"]).prefault("errors").describe(
    "Requests that are written to the log: none, those answered with 5xx, or all",
  ),
  accessLogPerSecond: integer(1, 100_000).prefault(100).describe(
    "Requests written to the log per second at most; the rest is counted",
  ),
  requestTimeout: durationMs({ minimum: "1ms", maximum: "1d" }).prefault("30s").describe(
    "Time in which a slice must answer a request",
  ),
  maxInFlightPerInstance: integer(1, 65_536).prefault(256).describe(
    "Requests that one instance works on at the same time; more are refused with 503",
  ),
  tls: serverTls().optional().describe("TLS of the applications; both keys or no table"),
}).prefault({}).describe("HTTP of the applications");

const store = section({
  maxBytes: byteSize({ minimum: "1MiB", maximum: "64GiB" }).prefault("256MiB").describe(
    "Size of the store above which writes are refused",
  ),
  historyRevisions: integer(1, 10_000_000).prefault(10_000).describe(
    "Past revisions kept for watches that resume",
  ),
  snapshotEveryBytes: byteSize({ minimum: "64KiB", maximum: "64GiB" }).prefault("16MiB").describe(
    "Log written between two snapshots; more makes restarts slower and writes cheaper",
  ),
}).prefault({}).describe("The replicated key-value store");

const sandboxMax = section({
  net: list(
    text(
      hostPortPattern,
      "host or host:port",
      'write host, host:port or, alone, "*", for example "api.example.com:443"',
    ),
    'host:port, or ["*"] for every named host',
  ).prefault([]).describe(
    "Hosts that slices may be given; inner addresses, such as loopback, only through resources",
  ),
  read: pathList().prefault([]).describe("Paths that slices may read"),
  write: pathList().prefault([]).describe("Paths that slices may write"),
  env: list(
    text(
      /^(?!AETHER_)[A-Za-z_][A-Za-z0-9_]*$/,
      "variable name",
      'write the name of a variable that does not start with AETHER_, for example "TZ"',
    ),
    "variable names",
  ).prefault([]).describe("Environment variables that slices may read"),
  run: boolean().prefault(false).describe("Whether slices may start programs"),
  ffi: boolean().prefault(false).describe("Whether slices may load native libraries"),
  sys: list(
    text(
      /^[a-zA-Z]{1,40}$/,
      "name",
      'write a name that Deno knows for --allow-sys, for example "hostname"',
    ),
    "names as in Deno's --allow-sys",
  ).prefault([]).describe("System information that slices may ask for"),
}).prefault({}).describe("The most that a slice can be granted, whatever its slice.toml asks for");

const sandbox = section({
  tier: choice(["worker", "process"]).prefault("worker").describe(
    "Weakest isolation of instances: a worker thread, or a process of its own for each",
  ),
  heapMb: integer(16, 65_536).prefault(256).describe(
    "Most heap an instance may ask for, in MiB; enforced in the process tier only",
  ),
  startTimeout: durationMs({ minimum: "100ms", maximum: "10m" }).prefault("10s").describe(
    "Time in which an instance must be ready",
  ),
  stopTimeout: durationMs({ minimum: "100ms", maximum: "10m" }).prefault("5s").describe(
    "Time in which an instance must end its work before it is stopped hard",
  ),
  hungTimeout: durationMs({ minimum: "1s", maximum: "10m" }).prefault("10s").describe(
    "Silence after which an instance is hung and is ended, or given up in the worker tier",
  ),
  leakedThreadsMax: integer(1, 1000).prefault(3).describe(
    "Threads of hung instances that the node bears; then it drains and ends with exit code 75",
  ),
  audit: boolean().prefault(false).describe(
    "Process tier: grant what max allows, and log what a slice.toml does not ask for",
  ),
  max: sandboxMax,
}).prefault({}).describe("Isolation of slices");

const backup = section({
  directory: filePath().optional().describe(
    "Folder for backups, best on another machine's disk that all nodes reach",
  ),
  interval: durationMs({ minimum: "1m", maximum: "30d" }).optional().describe(
    "Time between two backups by the cluster itself; without it there are none",
  ),
  keep: integer(1, 10_000).prefault(24).describe("Newest backups that are kept"),
  s3: section({
    endpoint: text(
      /^https?:\/\/[^\s/?#]+$/,
      "http:// or https:// and a host",
      'write the address of the store without a path, for example "https://s3.example.com"',
    ).describe("Address of an S3-compatible store"),
    region: text(/^[a-z0-9-]{1,63}$/, "region", 'write a region, for example "us-east-1"')
      .optional().describe("Region that signatures name; us-east-1 unless set"),
    bucket: text(
      /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      "name of a bucket",
      'write the name of a bucket, for example "aether-backups"',
    ).describe("Bucket for backups"),
    prefix: text(
      /^(?:[A-Za-z0-9._-]+\/)*$/,
      "path that ends with a slash",
      'write a path that ends with "/", for example "prod/"',
    ).optional().describe("Start of the names of all objects; empty unless set"),
    accessKeyId: secretText("access key id").describe("Id of the access key"),
    secretAccessKey: secretText("secret access key").describe("The access key itself"),
  }).optional().describe("An S3-compatible store for backups, instead of a folder"),
}).prefault({}).describe("Backups of the store and the artifacts");

const resourceSection = z.looseObject({
  type: text(/^[a-z][a-z0-9-]{0,31}$/, "type", 'write the type of resource, for example "http"'),
}, { error: () => "write a table, for example [resources.payments] with a type" });

const resources = z.record(
  z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, {
    error: () => 'write 1 to 63 letters a-z, digits and "-", for example [resources.payments]',
  }),
  resourceSection,
  { error: () => "write tables such as [resources.payments]" },
).register(fieldMeta, { kind: "resources", values: "tables by name, each with a type" })
  .prefault({}).describe("Sections of what slices share; docs/resources.md lists their keys");

const log = section({
  level: choice(["trace", "debug", "info", "warn", "error", "off"]).prefault("info").describe(
    "Least important level that is written",
  ),
  format: choice(["text", "json"]).prefault("text").describe("Form of a log line"),
}).prefault({}).describe("The node's log");

const secrets = section({
  directory: filePath().optional().describe(
    "Folder of secret files; ${secrets:path} reads the file at that path in it",
  ),
}).prefault({}).describe("Where secrets come from");

/** The whole file. */
export const configSchema = section({
  node,
  cluster,
  tls,
  management,
  app,
  calls,
  store,
  artifact,
  storage,
  sandbox,
  deployment,
  scaling,
  backup,
  resources,
  log,
  secrets,
});

/** What {@link configSchema} gives: defaults filled in, durations and sizes as numbers. */
export type ParsedConfig = z.output<typeof configSchema>;
