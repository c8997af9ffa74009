/**
 * Blueprints on a node: validate, plan, apply, delete, and how far they are deployed.
 *
 * The decisions are pure functions of src/deployment; this joins them with the store and the
 * catalog. Applying writes the blueprint and its targets in one transaction.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { refuseConflicts } from "../../deployment/conflicts.ts";
import { parseBlueprint } from "../../deployment/parse_blueprint.ts";
import { planBlueprint } from "../../deployment/plan.ts";
import { resolveBlueprint } from "../../deployment/resolve.ts";
import { blueprintStatus } from "../../deployment/status.ts";
import type { BlueprintStatus, ExpandedBlueprint, Plan } from "../../protocol/blueprint.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import { keys, type RevisionValue } from "../../protocol/keys.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { Compare, Operation } from "../../protocol/store/command.ts";
import type { SliceCatalog } from "./catalog.ts";
import { recordOperations, replaceOperations, revisionsOf } from "../deploy/revisions.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import {
  activeRollouts,
  asWanted,
  knownInstances,
  type Stored,
  storedBlueprints,
  storedValue,
  storedValues,
  unchanged,
  unrolled,
} from "./views.ts";

/** What applying a blueprint did. */
export interface AppliedBlueprint {
  readonly status: "applied" | "unchanged";
  readonly id: string;
  readonly slices: number;
  readonly revision: number;
  /** Number of this revision of the blueprint. */
  readonly number: number;
  readonly plan: Plan;
}

/** What blueprints need. */
export interface BlueprintsOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose">;
  readonly catalog: SliceCatalog;
  /** Throws when slices ask for what this node does not allow or does not have. */
  check(manifests: readonly Manifest[]): void;
  readonly instancesPerNode: number;
  /** Wall time, for people. */
  wallMs(): number;
  isAlive(node: string): boolean;
}

/** The applied blueprints of the cluster. */
export class Blueprints {
  readonly #store: Pick<ReplicatedStore, "state" | "propose">;
  readonly #catalog: SliceCatalog;
  readonly #options: BlueprintsOptions;

  constructor(options: BlueprintsOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#catalog = options.catalog;
  }

  /**
   * Checks a text completely, against what is published and applied.
   *
   * @throws {AetherError} BLUEPRINT_INVALID, ARTIFACT_NOT_FOUND, DEPENDENCY_*, ROUTE_CONFLICT,
   * BLUEPRINT_CONFLICT, PERMISSION_REFUSED or RESOURCE_INVALID.
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
    this.#options.check(this.#manifestsOf(expanded));
    return expanded;
  }

  /** What applying the text would change; same errors as `check`. */
  async plan(text: string): Promise<Plan> {
    return this.#planOf(await this.check(text));
  }

  /**
   * Applies a text; an identical one changes nothing, unless slices were scaled meanwhile: the
   * blueprint sets its own numbers.
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
    const last = revisionsOf(this.#store.state, artifactBase(next.id)).at(-1)?.value;
    if (isSame && plan.changeCount === 0) {
      const number = last?.number ?? 0;
      return { status: "unchanged", revision: current.revision, number, ...counts };
    }
    this.#refuseWhileRolling(current?.value.id);
    const { state } = this.#store;
    const record = recordOperations(state, {
      blueprint: next,
      appliedAtMs: this.#options.wallMs(),
    });
    const applied = await this.#store.propose("operator", {
      compare: [
        ...this.#guard(current?.value.id ?? next.id, plan.revision),
        ...(current === undefined ? [] : unrolled(state, current.value)),
        // No other blueprint took one of its slices meanwhile.
        ...unchanged(
          state,
          next.slices.map(({ artifact }) => keys.target.key(artifactBase(artifact))),
        ),
      ],
      then: [...replaceOperations(state, current?.value.id, next), ...record.operations],
      otherwise: [],
    });
    if (!applied.succeeded) {
      throw new AetherError("REVISION_CONFLICT", `Blueprint ${next.id} was changed meanwhile`);
    }
    const status = plan.changeCount === 0 ? "unchanged" : "applied";
    return { status, revision: applied.revision, number: record.number, ...counts };
  }

  /**
   * Removes a blueprint and its targets.
   *
   * @throws {AetherError} BLUEPRINT_NOT_FOUND.
   */
  async delete(id: string): Promise<number> {
    const { revision, ...blueprint } = this.get(id);
    this.#refuseWhileRolling(id);
    const then: Operation[] = [{ type: "delete", key: keys.blueprint.key(id) }];
    for (const { key, value } of storedValues(this.#store.state, keys.target)) {
      if (value.blueprint === id) then.push({ type: "delete", key });
    }
    for (const { key } of revisionsOf(this.#store.state, artifactBase(id))) {
      then.push({ type: "delete", key });
    }
    const compare = [...this.#guard(id, revision), ...unrolled(this.#store.state, blueprint)];
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
   * How far a blueprint is deployed, or what became of a revision of it.
   *
   * @throws {AetherError} BLUEPRINT_NOT_FOUND or REVISION_NOT_FOUND.
   */
  status(id: string, number?: number): BlueprintStatus {
    const record = number === undefined ? undefined : this.revision(id, number);
    if (record !== undefined && record.failures.length > 0) return this.#failed(record);
    const { revision, ...blueprint } = this.get(record?.blueprint.id ?? id);
    const { state } = this.#store;
    return blueprintStatus(asWanted(state, blueprint), knownInstances(state), { revision });
  }

  /**
   * The revisions of a blueprint, newest first.
   *
   * @throws {AetherError} BLUEPRINT_NOT_FOUND.
   */
  history(id: string): RevisionValue[] {
    const records = revisionsOf(this.#store.state, artifactBase(id));
    if (records.length > 0) return records.map(({ value }) => value).reverse();
    throw new AetherError("BLUEPRINT_NOT_FOUND", `Blueprint "${id}" was never applied`);
  }

  /**
   * A revision of a blueprint.
   *
   * @throws {AetherError} BLUEPRINT_NOT_FOUND or REVISION_NOT_FOUND.
   */
  revision(id: string, number: number): RevisionValue {
    const found = this.history(id).find((each) => each.number === number);
    if (found !== undefined) return found;
    const text = `Blueprint ${artifactBase(id)} has no revision ${number} any more, or not yet`;
    throw new AetherError("REVISION_NOT_FOUND", text);
  }

  /**
   * Applies a former revision again: the one before the newest that was deployed, unless a number
   * is given.
   *
   * @throws {AetherError} errors of `apply`; REVISION_NOT_FOUND.
   */
  async revert(id: string, number?: number): Promise<AppliedBlueprint> {
    const [newest, ...others] = this.history(id);
    const before = number === undefined
      ? others.find(({ state, blueprint }) =>
        state === "DEPLOYED" && blueprint.source !== newest?.blueprint.source
      )
      : this.revision(id, number);
    if (before === undefined) {
      const text = `Blueprint ${artifactBase(id)} has no other revision that was deployed`;
      throw new AetherError("REVISION_NOT_FOUND", text);
    }
    if (before.blueprint.source === "") {
      const text = `Revision ${before.number} was too large to be kept: apply its text again`;
      throw new AetherError("REVISION_NOT_FOUND", text);
    }
    return await this.apply(before.blueprint.source);
  }

  /** All applied blueprints. */
  list(): BlueprintStatus[] {
    return storedBlueprints(this.#store.state).map(({ id }) => this.status(id));
  }

  #refuseWhileRolling(id: string | undefined): void {
    const active = activeRollouts(this.#store.state).find(({ value }) => value.blueprint === id);
    if (active === undefined) return;
    const { id: rollout, artifactBase: base } = active.value;
    throw new AetherError("ROLLOUT_ACTIVE", `Rollout ${rollout} of ${base} in ${id} is under way`);
  }

  #failed({ blueprint, failures }: RevisionValue): BlueprintStatus {
    const { state } = this.#store;
    const status = blueprintStatus(blueprint, knownInstances(state), { revision: state.revision });
    const slices = status.slices.map((slice) => {
      const failure = failures.find(({ artifact }) => artifact === slice.artifact);
      return failure === undefined
        ? slice
        : { ...slice, status: "FAILED" as const, reason: failure.reason };
    });
    return { ...status, status: "FAILED", slices };
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
    const wanted = current && asWanted(this.#store.state, current.value);
    return planBlueprint(wanted, next, {
      revision: current?.revision ?? 0,
      manifest: (artifact) => this.#catalog.manifest(artifact),
      placement: {
        instances: knownInstances(this.#store.state),
        instancesPerNode: this.#options.instancesPerNode,
        nodes: storedValues(this.#store.state, keys.member).map(({ value }) => ({
          id: value.id,
          lifecycle: value.state,
          isAlive: this.#options.isAlive(value.id),
        })),
      },
    });
  }

  /** Nobody else applied this blueprint meanwhile. */
  #guard(id: string, revision: number): Compare[] {
    return [{ key: keys.blueprint.key(id), revision }];
  }

  #manifestsOf(blueprint: ExpandedBlueprint): Manifest[] {
    return blueprint.slices.flatMap(({ artifact }) => this.#catalog.manifest(artifact) ?? []);
  }
}
