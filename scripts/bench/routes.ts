/**
 * `deno task bench routes`: what it costs to find a route among many, to build the table, and to
 * take over a change of one slice.
 *
 * In this process, without a node: the look-up is a small part of a request, and would be lost in
 * the noise of one.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { Router } from "../../src/gateway/router.ts";
import { Services } from "../../src/gateway/services.ts";
import type { RoutedService } from "../../src/protocol/thread/threads.ts";

const routesPerSlice = 5;
const deltas = 200;

/** Runs the benchmark; answers the exit code. */
export function benchRoutes(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      counts: { type: "string", default: "10,1000,10000" },
      lookups: { type: "string", default: "200000" },
    },
  });
  const lookups = Number(values.lookups);
  let bad = 0;
  for (const text of values.counts.split(",")) {
    if (!measure(Number(text), lookups)) bad++;
    measureDeltas(Number(text));
  }
  return Promise.resolve(bad === 0 ? 0 : 1);
}

/** Answers whether every look-up found what it should. */
function measure(count: number, lookups: number): boolean {
  const startMs = performance.now();
  const router = new Router<number>();
  for (let index = 0; index < count; index++) {
    const path = index % 2 === 0
      ? `/service-${index}/items`
      : `/service-${index}/items/:id/parts/:part`;
    router.add("GET", path, index);
  }
  const buildMs = performance.now() - startMs;
  let isMet = true;
  const even = (index: number) => index - index % 2;
  const kinds: Readonly<Record<string, (index: number) => string>> = {
    fixed: (index) => `/service-${even(index)}/items`,
    parameters: (index) => `/service-${even(index) + 1}/items/42/parts/abc`,
    missing: (index) => `/service-${index}/nothing/at/all`,
  };
  for (const [kind, pathOf] of Object.entries(kinds)) {
    const paths = Array.from({ length: 1_000 }, (_, at) => pathOf(at * 7_919 % count));
    let found = 0;
    const run = () => {
      for (let at = 0; at < lookups; at++) {
        const route = router.find("GET", paths[at % paths.length] ?? "/");
        if (route !== undefined && "value" in route) found++;
      }
    };
    run();
    found = 0;
    const beganMs = performance.now();
    run();
    const nanoseconds = (performance.now() - beganMs) / lookups * 1_000_000;
    const wanted = kind === "missing" ? 0 : 1;
    const line = { kind: "routes", routes: count, lookup: kind, found: found / lookups };
    isMet &&= line.found === wanted;
    console.log(JSON.stringify({
      ...{ ...line, limit: `found = ${wanted}`, met: line.found === wanted },
      nanosecondsPerLookup: Math.round(nanoseconds),
      buildMs: Math.round(buildMs * 10) / 10,
    }));
  }
  return isMet;
}

/** A slice of the table, as control describes it. */
function serviceOf(slice: number, version: number): RoutedService {
  const methods = Object.fromEntries(
    Array.from({ length: routesPerSlice }, (_, index) => {
      const path = `/service-${slice}/part-${index}/:id`;
      const http = { method: "GET", path, status: 200 } as const;
      const rest = { input: {}, output: {}, idempotent: true, timeoutMs: 1_000, headers: [] };
      return [`m${index}`, { ...rest, http }];
    }),
  );
  const contract = `org.example:service-${slice}`;
  const artifact = `${contract}:1.0.${version}`;
  const rest = { weight: 1, calls: [], concurrency: 1, instances: [], remotes: [] };
  return { contract, artifact, methods, ...rest };
}

function measureDeltas(count: number): void {
  const services = new Services({
    node: "n1",
    inFlightMax: 1,
    onDrained: () => {},
    connect: (node) => {
      throw new Error(`Nothing is on ${node}`);
    },
  });
  const slices = Math.ceil(count / routesPerSlice);
  const table = Array.from({ length: slices }, (_, slice) => serviceOf(slice, 0));
  let revision = 0;
  const apply = () => services.apply({ revision: ++revision, cluster: "c1", services: table });
  const builtMs = timed(apply);
  const times = Array.from({ length: deltas }, (_, index) => {
    const slice = index * 7_919 % slices;
    table[slice] = serviceOf(slice, index + 1);
    return timed(apply);
  }).sort((one, other) => one - other);
  console.log(JSON.stringify({
    kind: "delta",
    routes: slices * routesPerSlice,
    slices,
    allMs: Math.round(builtMs * 10) / 10,
    oneSliceMs: Math.round((times[deltas / 2] ?? 0) * 1_000) / 1_000,
    oneSliceMaxMs: Math.round((times.at(-1) ?? 0) * 1_000) / 1_000,
  }));
}

function timed(run: () => void): number {
  const startMs = performance.now();
  run();
  return performance.now() - startMs;
}
