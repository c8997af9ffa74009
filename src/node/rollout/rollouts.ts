/**
 * {@link Rollouts}: rollouts as operators start, see and steer them.
 *
 * There is one at a time for each blueprint, because the next one is checked against the whole of
 * it; the last one of each slice is kept to be looked at. The decisions are those of
 * src/deployment/rollout; the leader's driver goes on with them.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { command, type RolloutCommand, withWeights } from "../../deployment/rollout/engine.ts";
import { type CanaryStage, stepsOf } from "../../deployment/rollout/steps.ts";
import type { ExpandedBlueprint } from "../../protocol/blueprint.ts";
import { artifactBase, parseCoordinates } from "../../protocol/coordinates.ts";
import { keys } from "../../protocol/keys.ts";
import {
  type CleanupPolicy,
  type Rollout,
  type RolloutSplit,
  type RolloutStrategy,
  type RolloutThresholds,
} from "../../protocol/rollout.ts";
import type { Compare } from "../../protocol/store/command.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import {
  activeRollouts,
  type Stored,
  storedBlueprints,
  storedTargets,
  storedValues,
  unchanged,
  unrolled,
} from "../control/views.ts";

/** What is to be rolled out, and how. */
export interface RolloutRequest {
  /** The new version, `group:name:version`. */
  readonly artifact: string;
  readonly strategy: RolloutStrategy;
  readonly isManual: boolean;
  readonly thresholds: RolloutThresholds;
  readonly cleanup: CleanupPolicy;
  readonly graceMs: number;
  readonly observeMs: number;
  readonly percent: number;
  readonly stages?: readonly CanaryStage[] | undefined;
  readonly split?: RolloutSplit | undefined;
}

/** What rollouts need. */
export interface RolloutsOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose">;
  /** Resolves and checks a blueprint's text as applying it would. */
  check(text: string): Promise<ExpandedBlueprint>;
  wallMs(): number;
}

/** The rollouts of the cluster. */
export class Rollouts {
  readonly #options: RolloutsOptions;

  constructor(options: RolloutsOptions) {
    this.#options = options;
  }

  /** The last rollout of each slice. */
  list(): Rollout[] {
    return this.#stored().map(({ value }) => value);
  }

  /**
   * A rollout by its id, or the last one of a slice, `group:name`.
   *
   * @throws {AetherError} ROLLOUT_NOT_FOUND.
   */
  get(id: string): Rollout {
    return this.#find(id).value;
  }

  /**
   * Starts a rollout.
   *
   * @throws {AetherError} SLICE_NOT_APPLIED, ROLLOUT_ACTIVE, ROLLOUT_REFUSED, or errors of
   *   `Blueprints.check` about the new version.
   */
  async start(request: RolloutRequest): Promise<Rollout> {
    const { store, wallMs } = this.#options;
    const { state } = store;
    const base = artifactBase(request.artifact);
    const target = storedTargets(state).find((each) => each.artifactBase === base);
    const current = storedBlueprints(state).find(({ id }) => id === target?.blueprint);
    if (target === undefined || current === undefined) {
      throw new AetherError("SLICE_NOT_APPLIED", `No blueprint wants ${base}`);
    }
    const active = activeRollouts(state).find(({ value }) => value.blueprint === current.id);
    if (active !== undefined) {
      const text = `Rollout ${active.value.id} in blueprint ${current.id} is under way`;
      throw new AetherError("ROLLOUT_ACTIVE", text);
    }
    // As they were before the new version is checked, which takes time.
    const compare = [
      ...unchanged(state, [keys.target.key(base), keys.blueprint.key(current.id)]),
      ...unrolled(state, current),
    ];
    const next = await this.#nextBlueprint(current, target.artifact, request.artifact);
    const slice = next.slices.find(({ artifact }) => artifact === request.artifact);
    const { stages, ...asked } = request;
    const steps = stepsOf({
      ...asked,
      instances: target.instances,
      minRequests: request.thresholds.minRequests,
      ...(stages === undefined ? {} : { stages }),
    });
    const nowMs = wallMs();
    const rollout: Rollout = {
      id: `${parseCoordinates(request.artifact).name}-${store.state.revision + 1}`,
      artifactBase: base,
      strategy: request.strategy,
      from: target.artifact,
      to: request.artifact,
      state: "DEPLOYING",
      isPaused: false,
      steps,
      step: 0,
      weights: { new: 0, old: 1 },
      newInstances: steps[0]?.newInstances ?? target.instances,
      oldInstances: target.instances,
      instances: target.instances,
      minAvailable: target.minAvailable,
      dependencies: slice?.dependencies ?? [],
      thresholds: request.thresholds,
      ...splitOf(request),
      cleanup: request.cleanup,
      graceMs: request.graceMs,
      next,
      blueprint: target.blueprint,
      startedAtMs: nowMs,
      changedAtMs: nowMs,
      reason: "The first instances of the new version start",
    };
    await this.#write(rollout, compare);
    return rollout;
  }

  /**
   * Promotes, pauses, resumes, rolls back or completes a rollout.
   *
   * @throws {AetherError} ROLLOUT_NOT_FOUND, ROLLOUT_STATE or REVISION_CONFLICT.
   */
  change(id: string, what: RolloutCommand): Promise<Rollout> {
    return this.#change(id, (rollout) => command(rollout, what));
  }

  /**
   * Sets the share of calls by hand.
   *
   * @throws {AetherError} ROLLOUT_NOT_FOUND, ROLLOUT_STATE or REVISION_CONFLICT.
   */
  route(id: string, weights: Rollout["weights"]): Promise<Rollout> {
    return this.#change(id, (rollout) => withWeights(rollout, weights));
  }

  async #change(id: string, next: (rollout: Rollout) => Rollout): Promise<Rollout> {
    const { key, value, revision } = this.#find(id);
    const changed = { ...next(value), changedAtMs: this.#options.wallMs() };
    await this.#write(changed, [{ key, revision }]);
    return changed;
  }

  async #write(rollout: Rollout, compare: readonly Compare[]): Promise<void> {
    const key = keys.rollout.key(rollout.artifactBase);
    const then = [keys.rollout.put(key, rollout)];
    const applied = await this.#options.store.propose("operator", { compare, then, otherwise: [] });
    if (applied.succeeded) return;
    const text = `Rollout ${rollout.id} or its blueprint was changed meanwhile`;
    throw new AetherError("REVISION_CONFLICT", text);
  }

  /** The blueprint with the new version in the place of the old one, and nothing else changed. */
  async #nextBlueprint(
    current: ExpandedBlueprint,
    from: string,
    to: string,
  ): Promise<ExpandedBlueprint> {
    const { id, source } = current;
    if (from === to) {
      throw new AetherError("ROLLOUT_REFUSED", `${to} is the version that runs`);
    }
    const text = source.replaceAll(`"${from}"`, `"${to}"`).replaceAll(`'${from}'`, `'${to}'`);
    if (text === source) {
      throw new AetherError(
        "ROLLOUT_REFUSED",
        `Blueprint ${id} does not list ${from} itself: list it, or roll out what depends on it`,
      );
    }
    const next = await this.#options.check(text);
    const before = new Set(current.slices.map(({ artifact }) => artifact));
    const other = next.slices.find(({ artifact }) => artifact !== to && !before.has(artifact));
    if (other === undefined) return next;
    throw new AetherError(
      "ROLLOUT_REFUSED",
      `${to} needs ${other.artifact} too: apply a blueprint with both`,
    );
  }

  #stored(): Stored<Rollout>[] {
    return storedValues(this.#options.store.state, keys.rollout);
  }

  #find(id: string): Stored<Rollout> {
    const found = this.#stored().find(({ value }) => value.id === id || value.artifactBase === id);
    if (found !== undefined) return found;
    throw new AetherError("ROLLOUT_NOT_FOUND", `There is no rollout "${id}"`);
  }
}

/** An A/B test assigns requests one way or another, so that nested calls see the same version. */
function splitOf({ strategy, split }: RolloutRequest): { readonly split?: RolloutSplit } {
  if (split !== undefined) return { split };
  return strategy === "ab" ? { split: { by: "request" } } : {};
}
