/**
 * Blueprints on a node: validate, plan, apply, delete, and how far they are deployed.
 *
 * The decisions are pure functions of src/deployment; this joins them with the store and the
 * catalog. Applying writes the blueprint and its targets in one transaction.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { type Ceiling, requireCeiling } from "../../deployment/ceiling.ts";
import { refuseConflicts } from "../../deployment/conflicts.ts";
import { parseBlueprint } from "../../deployment/parse_blueprint.ts";
import { planBlueprint } from "../../deployment/plan.ts";
import { resolveBlueprint } from "../../deployment/resolve.ts";
import { blueprintStatus } from "../../deployment/status.ts";
import type { BlueprintStatus, ExpandedBlueprint, Plan } from "../../protocol/blueprint.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import { keys } from "../../protocol/keys.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { Compare, Operation } from "../../protocol/store/command.ts";
import type { SliceCatalog } from "./catalog.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import {
  knownInstances,
  type Stored,
  storedBlueprints,
  storedTargets,
  storedValue,
  storedValues,
} from "./views.ts";

/** What applying a blueprint did. */
export interface AppliedBlueprint {
  readonly status: "applied" | "unchanged";
  readonly id: string;
  readonly slices: number;
  readonly revision: number;
  readonly plan: Plan;
}

/** The applied blueprints of the cluster. */
export class Blueprints {
  readonly #store: Pick<ReplicatedStore, "state" | "propose">;
  readonly #catalog: SliceCatalog;
  readonly #ceiling: Ceiling;

  constructor(
    store: Pick<ReplicatedStore, "state" | "propose">,
    catalog: SliceCatalog,
    ceiling: Ceiling,
  ) {
    this.#store = store;
    this.#catalog = catalog;
    this.#ceiling = ceiling;
  }

  /**
   * Checks a text completely, against what is published and applied.
   *
   * @throws {AetherError} BLUEPRINT_INVALID, ARTIFACT_NOT_FOUND, DEPENDENCY_*, ROUTE_CONFLICT,
   * BLUEPRINT_CONFLICT or PERMISSION_REFUSED.
   */
  // deno-lint-ignore require-await -- async, so that a failure is a rejection
  async check(text: string): Promise<ExpandedBlueprint> {
    const parsed = parseBlueprint(text);
    const expanded = resolveBlueprint(parsed, this.#catalog);
    const base = artifactBase(expanded.id);
    const others = storedBlueprints(this.#store.state).filter(({ id }) =>
      artifactBase(id) !== base
    );
    refuseConflicts(expanded, others, (artifact) => this.#catalog.manifest(artifact));
    requireCeiling(this.#manifestsOf(expanded), this.#ceiling);
    return expanded;
  }

  /** What applying the text would change; same errors as `check`. */
  async plan(text: string): Promise<Plan> {
    return this.#planOf(await this.check(text));
  }

  /**
   * Applies a text; an identical one changes nothing.
   *
   * @throws {AetherError} errors of `check`; REVISION_CONFLICT when `ifRevision` is not the
   * revision of the last plan, or somebody applied at the same time.
   */
  async apply(text: string, ifRevision?: number): Promise<AppliedBlueprint> {
    const next = await this.check(text);
    const plan = this.#planOf(next);
    if (ifRevision !== undefined && ifRevision !== plan.revision) {
      throw new AetherError(
        "REVISION_CONFLICT",
        `Blueprint ${next.id} is at revision ${plan.revision}, not ${ifRevision}`,
      );
    }
    const current = this.#currentOf(next.id);
    const isSame = current?.value.id === next.id && current.value.source === next.source;
    const counts = { id: next.id, slices: next.slices.length, plan };
    if (isSame && plan.changeCount === 0) {
      return { status: "unchanged", revision: current.revision, ...counts };
    }
    const applied = await this.#store.propose("operator", {
      compare: [
        ...this.#guard(current?.value.id ?? next.id, plan.revision),
        // No other blueprint took one of its slices meanwhile.
        ...next.slices.map(({ artifact }) => this.#unchangedTarget(artifact)),
      ],
      then: this.#operations(current?.value.id, next),
      otherwise: [],
    });
    if (!applied.succeeded) {
      throw new AetherError("REVISION_CONFLICT", `Blueprint ${next.id} was changed meanwhile`);
    }
    const status = plan.changeCount === 0 ? "unchanged" : "applied";
    return { status, revision: applied.revision, ...counts };
  }

  /**
   * Removes a blueprint and its targets.
   *
   * @throws {AetherError} BLUEPRINT_NOT_FOUND.
   */
  async delete(id: string): Promise<number> {
    const { revision } = this.get(id);
    const then: Operation[] = [{ type: "delete", key: keys.blueprint.key(id) }];
    for (const { key, value } of storedValues(this.#store.state, keys.target)) {
      if (value.blueprint === id) then.push({ type: "delete", key });
    }
    const compare = this.#guard(id, revision);
    const applied = await this.#store.propose("operator", { compare, then, otherwise: [] });
    if (!applied.succeeded) {
      throw new AetherError("REVISION_CONFLICT", `Blueprint ${id} was changed meanwhile`);
    }
    return applied.revision;
  }

  /**
   * An applied blueprint with its revision.
   *
   * @throws {AetherError} BLUEPRINT_NOT_FOUND.
   */
  get(id: string): ExpandedBlueprint & { readonly revision: number } {
    const stored = storedValue(this.#store.state, keys.blueprint, keys.blueprint.key(id));
    if (stored === undefined) {
      throw new AetherError("BLUEPRINT_NOT_FOUND", `Blueprint "${id}" is not applied`);
    }
    return { ...stored.value, revision: stored.revision };
  }

  /**
   * How far a blueprint is deployed.
   *
   * @throws {AetherError} BLUEPRINT_NOT_FOUND.
   */
  status(id: string): BlueprintStatus {
    const { revision, ...blueprint } = this.get(id);
    return blueprintStatus(blueprint, knownInstances(this.#store.state), { revision });
  }

  /** All applied blueprints. */
  list(): BlueprintStatus[] {
    return storedBlueprints(this.#store.state).map(({ id }) => this.status(id));
  }

  /** The applied version of a blueprint, whichever it is: a new version replaces it. */
  #currentOf(id: string): Stored<ExpandedBlueprint> | undefined {
    const base = artifactBase(id);
    return storedValues(this.#store.state, keys.blueprint).find(({ value }) =>
      artifactBase(value.id) === base
    );
  }

  #planOf(next: ExpandedBlueprint): Plan {
    const current = this.#currentOf(next.id);
    return planBlueprint(current?.value, next, {
      revision: current?.revision ?? 0,
      manifest: (artifact) => this.#catalog.manifest(artifact),
    });
  }

  /** Nobody else applied this blueprint meanwhile. */
  #guard(id: string, revision: number): Compare[] {
    return [{ key: keys.blueprint.key(id), revision }];
  }

  #unchangedTarget(artifact: string): Compare {
    const key = keys.target.key(artifactBase(artifact));
    return { key, revision: this.#store.state.get(key)?.revision ?? 0 };
  }

  #operations(currentId: string | undefined, next: ExpandedBlueprint): Operation[] {
    const operations = [keys.blueprint.put(keys.blueprint.key(next.id), next)];
    if (currentId !== undefined && currentId !== next.id) {
      operations.push({ type: "delete", key: keys.blueprint.key(currentId) });
    }
    const kept = new Set<string>();
    for (const slice of next.slices) {
      const key = keys.target.key(artifactBase(slice.artifact));
      kept.add(key);
      const { artifact, instances, minAvailable, dependencies } = slice;
      const target = { artifact, instances, minAvailable, dependencies, blueprint: next.id };
      operations.push(keys.target.put(key, target));
    }
    for (const target of storedTargets(this.#store.state)) {
      const key = keys.target.key(target.artifactBase);
      if (target.blueprint === currentId && !kept.has(key)) {
        operations.push({ type: "delete", key });
      }
    }
    return operations;
  }

  #manifestsOf(blueprint: ExpandedBlueprint): Manifest[] {
    return blueprint.slices.flatMap(({ artifact }) => this.#catalog.manifest(artifact) ?? []);
  }
}
