/**
 * `deno task bench routes`: what it costs to find a route among many, and to build the table.
 *
 * In this process, without a node: the look-up is a small part of a request, and would be lost in
 * the noise of one.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { Router } from "../../src/gateway/router.ts";

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
  for (const text of values.counts.split(",")) measure(Number(text), lookups);
  return Promise.resolve(0);
}

function measure(count: number, lookups: number): void {
  const startMs = performance.now();
  const router = new Router<number>();
  for (let index = 0; index < count; index++) {
    const path = index % 2 === 0
      ? `/service-${index}/items`
      : `/service-${index}/items/:id/parts/:part`;
    router.add("GET", path, index);
  }
  const buildMs = performance.now() - startMs;
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
    const line = { kind: "routes", routes: count, lookup: kind, found: found / lookups };
    console.log(JSON.stringify({
      ...line,
      nanosecondsPerLookup: Math.round(nanoseconds),
      buildMs: Math.round(buildMs * 10) / 10,
    }));
  }
}
