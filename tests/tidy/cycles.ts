/**
 * Rule: no import cycles, type-only imports included, so that every module can be read on its own.
 * In tests/ types alone may go in a circle: a simulated world and its parts know each other.
 *
 * @module
 */
import { type Edge, edgesOf } from "./graph.ts";
import type { Finding, SourceFile } from "./source.ts";

/** One finding per cycle, at its alphabetically first module, with the whole cycle printed. */
export function checkCycles(files: readonly SourceFile[]): Finding[] {
  const lines = new Map(files.map(({ path, text }) => [path, text.split("\n")]));
  const isHarmless = ({ from, line }: Edge) =>
    from.startsWith("tests/") && (lines.get(from)?.[line - 1] ?? "").startsWith("import type ");
  const counted = edgesOf(files).filter((edge) => !isHarmless(edge));
  const edges = Map.groupBy(counted, (edge) => edge.from);
  const known = new Set(files.map((file) => file.path));
  const findings = new Map<string, Finding>();
  const done = new Set<string>();
  const trail: string[] = [];

  function visit(path: string): void {
    const start = trail.indexOf(path);
    if (start !== -1) {
      report(trail.slice(start), edges, findings);
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    for (const edge of edges.get(path) ?? []) {
      if (edge.to !== undefined && known.has(edge.to)) visit(edge.to);
    }
    trail.pop();
    done.add(path);
  }

  for (const path of [...known].toSorted()) visit(path);
  return [...findings.values()];
}

function report(
  cycle: readonly string[],
  edges: ReadonlyMap<string, readonly Edge[]>,
  findings: Map<string, Finding>,
): void {
  const path = cycle.toSorted()[0] ?? "";
  const at = cycle.indexOf(path);
  const ordered = [...cycle.slice(at), ...cycle.slice(0, at)];
  const next = ordered[1] ?? path;
  const line = edges.get(path)?.find((edge) => edge.to === next)?.line ?? 0;
  const message = `Import cycle ${[...ordered, path].join(" -> ")}: move the shared part to a ` +
    "module of its own";
  findings.set(ordered.join(" "), { path, line, message });
}
