/**
 * The lines and the tables that `bench http` prints.
 *
 * @module
 */
import { type ServerName, serverNames } from "./peers.ts";
import { quotients, rounded, type Spread, spreadOf } from "./statistics.ts";
import type { LoadResult, Method } from "./wrk.ts";

/** One run of wrk against one server. */
export interface Measurement {
  readonly server: ServerName;
  readonly method: Method;
  readonly connections: number;
  readonly round: number;
  readonly load: LoadResult;
  /** CPU time of all threads of all its processes, user and system. */
  readonly cpuPerRequestUs: number;
  /** CPUs that were busy with neither the server, nor wrk, nor the benchmark. */
  readonly foreignCpus: number;
  readonly rssMb: number;
}

/** All rounds of one server under one load. */
export interface ServerLine {
  readonly kind: "server";
  readonly server: ServerName;
  readonly method: Method;
  readonly connections: number;
  readonly requestsPerSecond: Spread;
  readonly p50Us: Spread;
  readonly p99Us: Spread;
  readonly cpuPerRequestUs: Spread;
  readonly foreignCpus: Spread;
  readonly rssMb: number;
  readonly errors: number;
  readonly limit: string;
  readonly met: boolean;
}

/** Aether divided by another server, round by round; `forwarded` divided by Aether. */
export interface RatioLine {
  readonly kind: "ratio";
  readonly ratio: `${ServerName}/${ServerName}`;
  readonly method: Method;
  readonly connections: number;
  /** More is better. */
  readonly requestsPerSecond: Spread;
  /** Less is better. */
  readonly cpuPerRequest: Spread;
  /** Absent where the ratio is for information only. */
  readonly limit?: string;
  readonly met?: boolean;
}

/** Least of what bare Deno.serve answers that Aether is to answer, with 32 connections. */
const bareFloor = 0.4;
const floorConnections = 32;

const perSecond = ({ load }: Measurement) => load.requests / load.seconds;
const cpu = ({ cpuPerRequestUs }: Measurement) => cpuPerRequestUs;

/** A line for each server under each load, then the ratios. */
export function reportLines(measurements: readonly Measurement[]): (ServerLine | RatioLine)[] {
  const groups = [...groupsOf(measurements).values()];
  const compared = groups.flatMap((group) =>
    ratios.map(([name, peer]) => ratioLine(group, name, peer))
  );
  const servers = groups.flatMap((group) => serverNames.map((name) => serverLine(group, name)));
  return [...servers, ...compared];
}

/** What is divided by what. */
const ratios: readonly (readonly [ServerName, ServerName])[] = [
  ["aether", "bare"],
  ["aether", "hono+zod"],
  ["aether", "nginx"],
  ["forwarded", "aether"],
];

type Group = ReadonlyMap<ServerName, readonly Measurement[]>;

/** Measurements by load and server, in the order of the rounds. */
function groupsOf(measurements: readonly Measurement[]): Map<string, Group> {
  const byLoad = Map.groupBy(measurements, ({ connections, method }) => `${connections} ${method}`);
  const groups = new Map<string, Group>();
  for (const [load, items] of byLoad) {
    const inOrder = items.toSorted((a, b) => a.round - b.round);
    groups.set(load, Map.groupBy(inOrder, ({ server }) => server));
  }
  return groups;
}

function itemsOf(group: Group, name: ServerName): [Measurement, ...Measurement[]] {
  const [first, ...rest] = group.get(name) ?? [];
  if (first === undefined) throw new RangeError(`${name} was not measured`);
  return [first, ...rest];
}

function serverLine(group: Group, server: ServerName): ServerLine {
  const items = itemsOf(group, server);
  const spread = (value: (item: Measurement) => number) => rounded(spreadOf(items.map(value)));
  const { method, connections } = items[0];
  const errors = items.reduce((sum, { load }) => sum + load.errors, 0);
  return {
    kind: "server",
    server,
    method,
    connections,
    requestsPerSecond: spread(perSecond),
    p50Us: spread(({ load }) => load.p50Us),
    p99Us: spread(({ load }) => load.p99Us),
    cpuPerRequestUs: spread(cpu),
    foreignCpus: spread(({ foreignCpus }) => foreignCpus),
    rssMb: Math.max(...items.map(({ rssMb }) => rssMb)),
    ...{ errors, limit: "errors = 0", met: errors === 0 },
  };
}

function ratioLine(group: Group, name: ServerName, peer: ServerName): RatioLine {
  const items = itemsOf(group, name);
  const other = itemsOf(group, peer);
  const spread = (value: (item: Measurement) => number) =>
    rounded(spreadOf(quotients(items.map(value), other.map(value))), 3);
  const { method, connections } = items[0];
  const requestsPerSecond = spread(perSecond);
  const hasFloor = name === "aether" && peer === "bare" && connections === floorConnections;
  const limit = `requestsPerSecond.median >= ${bareFloor}`;
  return {
    kind: "ratio",
    ratio: `${name}/${peer}`,
    method,
    connections,
    requestsPerSecond,
    cpuPerRequest: spread(cpu),
    ...(hasFloor ? { limit, met: requestsPerSecond.median >= bareFloor } : {}),
  };
}

/** The same as two Markdown tables. */
export function httpMarkdown(lines: readonly (ServerLine | RatioLine)[]): string {
  const servers = lines.filter((line) => line.kind === "server").map((line) => [
    ...[line.server, line.method, `${line.connections}`, text(line.requestsPerSecond)],
    ...[text(line.p50Us), text(line.p99Us), text(line.cpuPerRequestUs)],
    ...[`${line.foreignCpus.median}`, `${line.rssMb}`],
  ]);
  const ratios = lines.filter((line) => line.kind === "ratio").map((line) => [
    ...[line.ratio, line.method, `${line.connections}`],
    ...[text(line.requestsPerSecond), text(line.cpuPerRequest)],
  ]);
  const serverHead = ["server", "method", "connections", "requests/s", "p50 µs", "p99 µs"];
  return [
    markdownTable([...serverHead, "CPU µs/request", "foreign CPUs", "RSS MB"], servers),
    markdownTable(["ratio", "method", "connections", "requests/s", "CPU/request"], ratios),
  ].join("\n\n");
}

/** `median [min..max]`. */
export function text({ median, min, max }: Spread): string {
  return `${median} [${min}..${max}]`;
}

/** A Markdown table with padded columns. */
export function markdownTable(head: readonly string[], rows: readonly string[][]): string {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
