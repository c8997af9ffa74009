import assert from "node:assert/strict";
import { httpMarkdown, type Measurement, reportLines } from "./http_report.ts";
import { type ServerName, serverNames } from "./peers.ts";

function measurement(server: ServerName, round: number, perSecond: number): Measurement {
  return {
    server,
    method: "GET",
    connections: 32,
    round,
    load: { requests: perSecond * 2, seconds: 2, p50Us: 400, p99Us: 900, errors: round },
    cpuPerRequestUs: 1e6 / perSecond,
    foreignCpus: 0.1,
    rssMb: 50 + round,
  };
}

// Rounds arrive with the servers in another order each time.
const measurements = [0, 1, 2].flatMap((round) => {
  const order = round === 1 ? serverNames.toReversed() : serverNames;
  return order.map((server) => {
    const perSecond = (server === "aether" ? 10 : 40) * (round + 1);
    return measurement(server, round, server === "nginx" ? 100 : perSecond);
  });
});

Deno.test("reportLines() pairs the rounds of a ratio and spreads those of a server", () => {
  const lines = reportLines(measurements);
  assert.equal(lines.length, 9);
  assert.deepEqual(lines.find((line) => line.kind === "server" && line.server === "aether"), {
    kind: "server",
    server: "aether",
    method: "GET",
    connections: 32,
    requestsPerSecond: { median: 20, min: 10, max: 30 },
    p50Us: { median: 400, min: 400, max: 400 },
    p99Us: { median: 900, min: 900, max: 900 },
    cpuPerRequestUs: { median: 50_000, min: 33_330, max: 100_000 },
    foreignCpus: { median: 0.1, min: 0.1, max: 0.1 },
    rssMb: 52,
    ...{ errors: 3, limit: "errors = 0", met: false },
  });
  const ratios = lines.filter((line) => line.kind === "ratio");
  assert.deepEqual(ratios.map(({ ratio, requestsPerSecond }) => [ratio, requestsPerSecond]), [
    ["aether/bare", { median: 0.25, min: 0.25, max: 0.25 }],
    ["aether/hono+zod", { median: 0.25, min: 0.25, max: 0.25 }],
    ["aether/nginx", { median: 0.2, min: 0.1, max: 0.3 }],
    ["forwarded/aether", { median: 4, min: 4, max: 4 }],
  ]);
  const floors = ratios.flatMap(({ ratio, limit, met }) => limit === undefined ? [] : [ratio, met]);
  assert.deepEqual(floors, ["aether/bare", false]);
});

Deno.test("reportLines() refuses a load under which a server was not measured", () => {
  const without = measurements.filter(({ server }) => server !== "nginx");
  assert.throws(() => reportLines(without), /nginx was not measured/);
});

Deno.test("httpMarkdown() prints both tables with a row for every line", () => {
  const rows = httpMarkdown(reportLines(measurements)).split("\n");
  assert.equal(rows.filter((row) => row.startsWith("| aether/")).length, 3);
  assert.equal(
    rows.filter((row) => /^\| (bare|hono\+zod|nginx|forwarded|aether) /.test(row)).length,
    5,
  );
  assert.match(rows.join("\n"), /\| 20 \[10\.\.30\] +\|/);
});
