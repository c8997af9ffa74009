/**
 * The node's agent: runs the instances that are assigned to this node and reports their states.
 *
 * It follows `assignment/{self}/...`, gets artifacts from the repository, has the supervisor create
 * the workers, and is the only writer of `instance/{self}/...`. A failed instance stays FAILED
 * until the leader assigns it a higher attempt.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { AetherError, type Problem, toAetherError } from "../../base/errors.ts";
import { formatDuration } from "../../base/duration.ts";
import { adoptionOf } from "../deploy/adoption.ts";
import { deadlineOf } from "../../deployment/states.ts";
import type { OpenedSlice } from "../../artifact/package.ts";
import type { InstanceState } from "../../protocol/instance_state.ts";
import { keys } from "../../protocol/keys.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import { resourceConsumer } from "../../protocol/slice/resources.ts";
import type { ExitReason, FromControl, InheritedInstance } from "../../protocol/thread/threads.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { Reports } from "../deploy/reports.ts";
import type { InstanceTimes } from "../deploy/operator_limits.ts";

import { assignedInstances, instanceId, storedValue, storedValues } from "./views.ts";

/** An instance that ran this long before it failed starts its back-off afresh. */
const stableMs = 60_000;

/** What the agent needs. */
export interface AgentOptions {
  readonly node: string;
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "onChange">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Opens a published slice. */
  open(artifact: string): Promise<OpenedSlice>;
  /** Throws when a manifest asks for more than the operator allows, or than this node has. */
  check(manifest: Manifest): void;
  /** How long states may last. */
  times(): InstanceTimes;
  /** Resolves when every gateway has the routes of a revision, or does not answer. */
  routed(revision: number): Promise<void>;
  /** Asks the gateway to drain an instance that is in no route any more. */
  drain(instance: string): void;
  /** Talks to the supervisor. */
  post(message: FromControl, transfer?: Transferable[]): void;
}

interface LocalInstance {
  readonly id: string;
  readonly artifact: string;
  readonly number: number;
  attempt: number;
  state: InstanceState;
  failures: number;
  activeAtMs: number;
  /** What took too long, if that is why it is being stopped. */
  late: AetherError | undefined;
  /** Whether it is no longer assigned; it goes as soon as it can. */
  isWithdrawn: boolean;
  /** Runs while the instance is in a state that it should leave by itself. */
  deadline: Timer | undefined;
  drainTimer: Timer | undefined;
}

type NewInstance = Pick<LocalInstance, "id" | "artifact" | "number" | "attempt" | "failures">;

interface FailureReport {
  readonly reason?: string;
  readonly fatal?: boolean;
  readonly exit?: ExitReason | undefined;
}

/** Runs this node's instances. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #local = new Map<string, LocalInstance>();
  readonly #prefix: string;
  readonly #reports: Reports;
  readonly #adoptions: Promise<number>[] = [];
  #unsubscribe = () => {};
  #stopping = false;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#reports = new Reports(options);
    this.#prefix = keys.assignment.key(options.node, "");
  }

  /**
   * Removes the reports of a former life of this node, then starts what is assigned.
   *
   * @param inherited what runs already because only control has a new life, by id
   */
  async start(inherited: ReadonlyMap<string, InheritedInstance> = new Map()): Promise<void> {
    const { store, node } = this.#options;
    const stale = storedValues(store.state, keys.instance, keys.instance.key(node, ""))
      .filter(({ value }) => !inherited.has(instanceId(node, value.artifact, value.number)));
    if (stale.length > 0) {
      const then = stale.map(({ key }) => ({ type: "delete" as const, key }));
      await store.propose("node", { compare: [], then, otherwise: [] });
    }
    // Not before: what this life reports must not be taken for what a former one did.
    if (this.#stopping) return;
    this.#unsubscribe = store.onChange((change) => {
      if (change.events.some(({ key }) => key.startsWith(this.#prefix))) this.#follow();
    }, "system");
    const assigned = assignedInstances(store.state, node);
    for (const each of inherited.values()) {
      this.#adopt(each, assigned.get(each.instance)?.attempt);
    }
    this.#follow();
  }

  /** Resolves when the store says of what ran before that it does. */
  async adopted(): Promise<void> {
    await Promise.all(this.#adoptions);
  }

  /** Follows and reports nothing any more: the node is stopping. */
  stop(): void {
    this.#stopping = true;
    this.#unsubscribe();
    this.#reports.stop();
    for (const local of this.#local.values()) cancelTimers(local);
  }

  /** Instances that are on this node, whatever their state. */
  get size(): number {
    return this.#local.size;
  }

  /** The supervisor says that an instance serves. */
  onReady(id: string): void {
    const local = this.#local.get(id);
    if (local?.state !== "STARTING") return;
    local.activeAtMs = this.#options.clock.monotonicMs();
    this.#report(local, "ACTIVE");
  }

  /** The supervisor says that an instance has ended. */
  onEnded(id: string, problem: Problem | undefined, exit?: ExitReason): void {
    const local = this.#local.get(id);
    if (local === undefined || this.#stopping) return;
    cancelTimers(local);
    if (local.isWithdrawn || local.state === "UNLOADING") this.#remove(local);
    else this.#fail(local, local.late ?? AetherError.fromProblem(problem ?? {}), exit);
  }

  /**
   * Drains an instance that uses too much; the reconciler starts another in its place. One that has
   * just become ACTIVE stays: replacing it all the time would help nobody.
   */
  retire(id: string, cause: string): void {
    const { clock, log } = this.#options;
    const local = this.#local.get(id);
    if (local?.state !== "ACTIVE" || this.#stopping) return;
    if (clock.monotonicMs() - local.activeAtMs < stableMs) return;
    log.warn("An instance uses too much and is replaced", { instance: id, cause });
    this.#unload(local);
  }

  /** The gateway says that an instance has answered everything. */
  onDrained(id: string): void {
    const local = this.#local.get(id);
    if (local?.state !== "UNLOADING") return;
    local.drainTimer?.cancel();
    this.#options.post({ type: "stopInstance", instance: id });
  }

  /** A new gateway knows nothing of the drains under way. */
  onGatewayRestart(): void {
    for (const local of this.#local.values()) {
      if (local.state === "UNLOADING") this.#options.drain(local.id);
    }
  }

  /** Takes over an instance that runs. */
  #adopt(
    { instance, artifact, isReady }: InheritedInstance,
    assigned: number | undefined,
  ): void {
    const { store, node, clock, log } = this.#options;
    const number = Number(instance.slice(instance.lastIndexOf("/") + 1));
    const key = keys.instance.key(node, artifact, number);
    const stored = storedValue(store.state, keys.instance, key)?.value;
    const adoption = adoptionOf(assigned, stored, isReady);
    const local = newInstance({
      id: instance,
      artifact,
      number,
      attempt: adoption?.attempt ?? stored?.attempt ?? 1,
      failures: stored?.failures ?? 0,
    });
    this.#local.set(instance, local);
    local.state = isReady ? "ACTIVE" : "STARTING";
    if (isReady) local.activeAtMs = clock.monotonicMs();
    log.info("An instance runs on under a new control", { instance, kept: adoption !== undefined });
    if (adoption === undefined) {
      local.isWithdrawn = true;
      this.#unload(local);
      return;
    }
    this.#watch(local);
    this.#adoptions.push(...adoption.reports.map((state) => this.#report(local, state)));
  }

  #follow(): void {
    if (this.#stopping) return;
    const { store, node } = this.#options;
    const assigned = assignedInstances(store.state, node);
    for (const local of this.#local.values()) {
      if (!assigned.has(local.id)) this.#withdraw(local);
    }
    for (const [id, { artifact, number, attempt }] of assigned) {
      const local = this.#local.get(id);
      if (local === undefined) this.#begin({ id, artifact, number, attempt, failures: 0 });
      else if (local.state === "FAILED" && attempt > local.attempt) {
        this.#begin({ id, artifact, number, attempt, failures: local.failures });
      }
    }
  }

  #begin(given: NewInstance): void {
    const local = newInstance(given);
    this.#local.set(local.id, local);
    this.#load(local).catch((error) => this.#fail(local, toAetherError(error)));
  }

  async #load(local: LocalInstance): Promise<void> {
    const { open, check, post } = this.#options;
    this.#report(local, "DOWNLOADING");
    const { manifest, module } = await open(local.artifact);
    if (local.state !== "DOWNLOADING" || this.#isGone(local)) return;
    this.#report(local, "LOADING");
    check(manifest);
    this.#report(local, "STARTING");
    post({
      type: "startInstance",
      caller: { contract: manifest.definition.contract, calls: manifest.definition.calls },
      instance: local.id,
      artifact: local.artifact,
      module,
      permissions: manifest.permissions,
      tier: manifest.sandbox?.tier ?? "worker",
      heapMb: manifest.limits.heapMb,
      consumer: resourceConsumer(local.id, manifest),
    });
  }

  /** Whether nobody wants the instance any more now that its artifact is here. */
  #isGone(local: LocalInstance): boolean {
    // Another may have its id by now: it was given up when its download took too long.
    if (this.#stopping || this.#local.get(local.id) !== local) return true;
    if (!local.isWithdrawn) return false;
    this.#remove(local);
    return true;
  }

  #withdraw(local: LocalInstance): void {
    if (local.isWithdrawn) return;
    local.isWithdrawn = true;
    switch (local.state) {
      case "ACTIVE":
      case "STARTING":
        this.#unload(local);
        break;
      case "FAILED":
        this.#remove(local);
        break;
    }
  }

  /** Out of the routes of all nodes first, then drained, then stopped. */
  async #unload(local: LocalInstance): Promise<void> {
    const { clock, drain, log, times, routed } = this.#options;
    const revision = await this.#report(local, "UNLOADING");
    await routed(Math.max(revision, this.#memberRevision));
    if (local.state !== "UNLOADING" || this.#stopping) return;
    if (this.#local.get(local.id) !== local) return;
    drain(local.id);
    local.drainTimer = clock.setTimer(times().drainMs, () => {
      log.warn("An instance did not drain in time", { instance: local.id });
      this.onDrained(local.id);
    });
  }

  /** Since when the routes are those of this life; a report that is refused has no revision. */
  get #memberRevision(): number {
    const { store, node } = this.#options;
    return storedValue(store.state, keys.member, keys.member.key(node))?.revision ?? 0;
  }

  #fail(local: LocalInstance, error: AetherError, exit?: ExitReason): void {
    if (this.#stopping || this.#local.get(local.id) !== local) return;
    if (local.state === "FAILED") return;
    const { clock, log } = this.#options;
    const wasStable = local.state === "ACTIVE" &&
      clock.monotonicMs() - local.activeAtMs >= stableMs;
    local.failures = wasStable ? 1 : local.failures + 1;
    const fatal = local.state !== "ACTIVE" && fatalErrors.has(error.name);
    log.error("An instance failed", {
      instance: local.id,
      attempt: local.attempt,
      error: error.message,
      ...(fatal ? { fatal } : {}),
    });
    if (local.isWithdrawn) this.#remove(local);
    else this.#report(local, "FAILED", { reason: error.message, fatal, exit });
  }

  #remove(local: LocalInstance): void {
    this.#local.delete(local.id);
    const key = this.#key(local);
    cancelTimers(local);
    this.#reports.write({ type: "delete", key });
    // The same number may have been assigned again meanwhile.
    this.#follow();
  }

  /** Reports a state; resolves with the revision at which it was written. */
  #report(
    local: LocalInstance,
    state: InstanceState,
    failure: FailureReport = {},
  ): Promise<number> {
    local.state = state;
    this.#watch(local);
    const { node, clock } = this.#options;
    const { reason, fatal, exit } = failure;
    return this.#reports.write(keys.instance.put(this.#key(local), {
      artifact: local.artifact,
      node,
      number: local.number,
      state,
      attempt: local.attempt,
      changedAtMs: clock.wallMs(),
      failures: local.failures,
      ...(reason === undefined ? {} : { reason: reason.slice(0, 2_000) }),
      ...(fatal === true ? { fatal } : {}),
      ...(exit === undefined ? {} : { exit }),
    }));
  }

  /** Waits for the end of a state no longer than it may last. */
  #watch(local: LocalInstance): void {
    const { clock, times } = this.#options;
    local.deadline?.cancel();
    local.deadline = undefined;
    const deadlineMs = deadlineOf(local.state, times());
    if (deadlineMs === undefined || this.#stopping) return;
    local.deadline = clock.setTimer(deadlineMs, () => this.#expire(local, deadlineMs));
  }

  #expire(local: LocalInstance, deadlineMs: number): void {
    const { log, post } = this.#options;
    const message = `${local.state} took longer than ${formatDuration(deadlineMs)}`;
    log.warn("A state of an instance lasts too long", { instance: local.id, reason: message });
    const error = new AetherError("INSTANCE_LATE", message);
    if (local.state === "DOWNLOADING" || local.state === "LOADING") {
      this.#fail(local, error);
      return;
    }
    // Its end is reported, and until then nothing else can have its place.
    local.late = error;
    post({ type: "stopInstance", instance: local.id });
  }

  #key(local: LocalInstance): string {
    return keys.instance.key(this.#options.node, local.artifact, local.number);
  }
}

function newInstance(given: NewInstance): LocalInstance {
  return {
    ...given,
    state: "DOWNLOADING",
    activeAtMs: 0,
    isWithdrawn: false,
    late: undefined,
    deadline: undefined,
    drainTimer: undefined,
  };
}

function cancelTimers(local: LocalInstance): void {
  local.deadline?.cancel();
  local.drainTimer?.cancel();
}

/** Failures that the same start can only repeat. */
const fatalErrors: ReadonlySet<string> = new Set([
  "ARTIFACT_INVALID",
  "ENVELOPE_UNSUPPORTED",
  "SLICE_INVALID",
  "PERMISSION_REFUSED",
  "RESOURCE_INVALID",
]);
