/**
 * A blueprint with its dependencies: which versions run, and in which order they load.
 *
 * One version of each slice runs, so every range on it must agree: the version that the blueprint
 * lists, else the newest published one that satisfies all of them. Where artifacts come from is the
 * catalog's affair. The management API calls it for apply, plan and validate.
 *
 * @module
 */
import { AetherError, type Issue } from "../base/errors.ts";
import type { ExpandedBlueprint } from "../protocol/blueprint.ts";
import {
  artifactBase,
  compareVersions,
  parseCoordinates,
  satisfies,
} from "../protocol/coordinates.ts";
import { limits } from "../protocol/limits.ts";
import type { Manifest } from "../protocol/slice/manifest.ts";
import { requireSettings } from "./blueprint/slice_settings.ts";
import { loadOrder } from "./load_order.ts";
import type { ParsedBlueprint } from "./parse_blueprint.ts";
import { routeConflicts } from "./routes.ts";

/** What is published. */
export interface Catalog {
  /** The manifest of exact coordinates, or undefined when there is no such artifact. */
  manifest(artifact: string): Manifest | undefined;
  /** Published versions of a base, in any order; empty when there are none. */
  versions(artifactBase: string): readonly string[];
}

/** Versions that a message lists before it says "and N more". */
const shownVersions = 10;

/**
 * Adds what the slices depend on and fixes the load order, dependencies first. The same blueprint
 * and catalog always give the same answer.
 *
 * @throws {AetherError} With all problems of the first kind found: ARTIFACT_NOT_FOUND,
 * ARTIFACT_INVALID (an artifact says it is another one), DEPENDENCY_MISSING, BLUEPRINT_INVALID
 * (more slices than the limit), DEPENDENCY_CYCLE, ROUTE_CONFLICT.
 */
export function resolveBlueprint(blueprint: ParsedBlueprint, catalog: Catalog): ExpandedBlueprint {
  const listed = requireListed(blueprint, catalog);
  const chosen = new Selection(blueprint, catalog, listed).choose();
  const dependencies = new Map(
    [...chosen].map(([base, manifest]) => [base, Object.keys(manifest.dependencies).sort()]),
  );
  const { order, cycles } = loadOrder(dependencies);
  if (cycles.length > 0) throw cyclic(cycles);
  const inOrder = order.flatMap((base) => chosen.get(base) ?? []);
  const routes = routeConflicts(inOrder.map((manifest) => ({ manifest })));
  if (routes.length > 0) {
    throw new AetherError("ROUTE_CONFLICT", `Routes conflict: ${routes[0]?.message}`, {
      issues: routes,
    });
  }
  requireSettings(blueprint, listed);
  const listedByArtifact = new Map(blueprint.slices.map((slice) => [slice.artifact, slice]));
  return {
    id: blueprint.id,
    source: blueprint.source,
    slices: inOrder.map(({ artifact, dependencies }) => {
      const slice = listedByArtifact.get(artifact);
      return {
        artifact,
        instances: slice?.instances ?? 1,
        minAvailable: slice?.minAvailable ?? 1,
        isDependency: slice === undefined,
        dependencies: Object.keys(dependencies).sort().flatMap((base) =>
          chosen.get(base)?.artifact ?? []
        ),
        ...(slice?.concurrency === undefined ? {} : { concurrency: slice.concurrency }),
        ...(slice?.interceptors === undefined ? {} : { interceptors: slice.interceptors }),
        ...(slice?.schedules === undefined ? {} : { schedules: slice.schedules }),
      };
    }),
  };
}

function tooMany(): AetherError {
  return new AetherError(
    "BLUEPRINT_INVALID",
    `The blueprint has more than ${limits.blueprintSlices} slices with its dependencies: split it`,
  );
}

function cyclic(cycles: readonly (readonly string[])[]): AetherError {
  const texts = cycles.map((cycle) => cycle.join(" -> "));
  return new AetherError("DEPENDENCY_CYCLE", `Slices depend on each other: ${texts[0]}`, {
    issues: texts.map((message) => ({ path: "slices", message })),
  });
}

/** Manifests of the slices that the blueprint lists, by base. */
function requireListed(blueprint: ParsedBlueprint, catalog: Catalog): Map<string, Manifest> {
  const found = new Map<string, Manifest>();
  const missing: Issue[] = [];
  const mismatched: Issue[] = [];
  for (const [index, { artifact, line }] of blueprint.slices.entries()) {
    const manifest = catalog.manifest(artifact);
    const where = { path: `slices[${index}].artifact`, ...(line === undefined ? {} : { line }) };
    const base = artifactBase(artifact);
    if (manifest === undefined) {
      missing.push({ ...where, message: `${artifact} is not published; ${offer(base, catalog)}` });
    } else if (manifest.artifact !== artifact) {
      mismatched.push({ ...where, message: mismatch(artifact, manifest) });
    } else found.set(base, manifest);
  }
  if (missing.length > 0) {
    const names = missing.length === 1
      ? missing[0]?.message
      : `${missing.length} artifacts are not published`;
    throw new AetherError("ARTIFACT_NOT_FOUND", `${names}`, { issues: missing });
  }
  if (mismatched.length > 0) {
    throw new AetherError("ARTIFACT_INVALID", `${mismatched[0]?.message}`, { issues: mismatched });
  }
  return found;
}

function mismatch(artifact: string, manifest: Manifest): string {
  return `The artifact published as ${artifact} says it is ${manifest.artifact}: publish it again`;
}

function offer(base: string, catalog: Catalog): string {
  const versions = [...catalog.versions(base)].sort(compareVersions).reverse();
  if (versions.length === 0) return `no version of ${base} is published`;
  const more = versions.length - shownVersions;
  const shown = versions.slice(0, shownVersions).join(", ");
  return `published are ${shown}${more > 0 ? ` and ${more} more` : ""}`;
}

/** A range on a base, and the artifact that asks for it. */
interface Demand {
  readonly range: string;
  readonly by: string;
}

/**
 * The choice of versions. Demands only ever accumulate, also those of versions that were given up
 * again, so the search ends; the price is that a rare solvable knot is reported as unsolvable.
 */
class Selection {
  readonly #blueprint: ParsedBlueprint;
  readonly #catalog: Catalog;
  readonly #listed: ReadonlyMap<string, Manifest>;
  /** Demands by base, then by the artifact that has them. */
  readonly #demands = new Map<string, Map<string, Demand>>();

  constructor(
    blueprint: ParsedBlueprint,
    catalog: Catalog,
    listed: ReadonlyMap<string, Manifest>,
  ) {
    this.#blueprint = blueprint;
    this.#catalog = catalog;
    this.#listed = listed;
  }

  /** Manifests by base of everything that is listed or depended on, in order of discovery. */
  choose(): Map<string, Manifest> {
    for (;;) {
      const { reached, isSettled } = this.#reach();
      if (isSettled) return reached;
    }
  }

  /** One walk from the listed slices; settled when it met no demand that it did not know. */
  #reach(): { reached: Map<string, Manifest>; isSettled: boolean } {
    const reached = new Map<string, Manifest>();
    const queue = this.#blueprint.slices.map(({ artifact }) => artifactBase(artifact));
    let isSettled = true;
    const problems: Issue[] = [];
    // Every base is walked once, and there is a limit to them.
    for (let at = 0; at < queue.length; at++) {
      const base = queue[at] ?? "";
      if (reached.has(base)) continue;
      const manifest = this.#listed.get(base) ?? this.#newest(base);
      if (manifest === undefined) {
        problems.push({ path: base, message: this.#unsatisfied(base) });
        continue;
      }
      reached.set(base, manifest);
      if (reached.size > limits.blueprintSlices) throw tooMany();
      for (const [needed, range] of Object.entries(manifest.dependencies).sort(byName)) {
        if (this.#demand(needed, { range, by: manifest.artifact })) isSettled = false;
        queue.push(needed);
      }
    }
    if (problems.length > 0) throw unresolved(problems);
    if (isSettled) this.#requireListedSatisfy(reached);
    return { reached, isSettled };
  }

  /** Records a demand; true when it is new. */
  #demand(base: string, demand: Demand): boolean {
    const known = this.#demands.get(base) ?? new Map<string, Demand>();
    this.#demands.set(base, known);
    if (known.has(demand.by)) return false;
    known.set(demand.by, demand);
    return true;
  }

  #newest(base: string): Manifest | undefined {
    const demands = [...this.#demands.get(base)?.values() ?? []];
    const version = this.#catalog.versions(base)
      .filter((each) => demands.every(({ range }) => satisfies(each, range)))
      .reduce<string | undefined>(
        (best, each) => best === undefined || compareVersions(each, best) > 0 ? each : best,
        undefined,
      );
    if (version === undefined) return undefined;
    const artifact = `${base}:${version}`;
    const manifest = this.#catalog.manifest(artifact);
    if (manifest !== undefined && manifest.artifact !== artifact) {
      throw new AetherError("ARTIFACT_INVALID", mismatch(artifact, manifest));
    }
    return manifest;
  }

  #unsatisfied(base: string): string {
    return `${this.#demandsText(base)}, but ${offer(base, this.#catalog)}`;
  }

  #demandsText(base: string): string {
    const demands = [...this.#demands.get(base)?.values() ?? []];
    return demands.map(({ by, range }) => `${by} needs ${base} ${range}`).join(" and ");
  }

  #requireListedSatisfy(reached: ReadonlyMap<string, Manifest>): void {
    const problems: Issue[] = [];
    for (const [base, manifest] of this.#listed) {
      const { version } = parseCoordinates(manifest.artifact);
      for (const { by, range } of this.#demands.get(base)?.values() ?? []) {
        const isGivenUp = reached.get(artifactBase(by))?.artifact !== by;
        if (isGivenUp || listedSatisfies(version, range)) continue;
        const message = `${by} needs ${base} ${range}, but the blueprint lists version ${version}`;
        problems.push({ path: base, message });
      }
    }
    if (problems.length > 0) throw unresolved(problems);
  }
}

/**
 * Whether a listed version lies in a range. A pre-release that the author lists counts as the
 * release it leads to, so that `1.0.0-dev.3fa2` can stand in for `1.0.0` while it is developed.
 */
function listedSatisfies(version: string, range: string): boolean {
  return satisfies(version, range) || satisfies(version.split(/[-+]/, 1)[0] ?? "", range);
}

function unresolved(issues: readonly Issue[]): AetherError {
  const rest = issues.length === 1 ? "" : ` (and ${issues.length - 1} more)`;
  return new AetherError("DEPENDENCY_MISSING", `${issues[0]?.message}${rest}`, { issues });
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}
