/**
 * A contract with its versions and their instances, and who takes the next call.
 *
 * Versions share the calls by weight; within a version this node's instances come first, then other
 * nodes, each time the one with the most room. What is unhealthy, or has failed several times in a
 * row, is called only when there is nothing else. It sends nothing itself; `calls.ts` does.
 *
 * @module
 */
import { claim } from "../../policy/rendezvous.ts";
import { TokenBucket } from "../../policy/token_bucket.ts";
import { nextWeighted, type Weighted } from "../../policy/weighted.ts";
import type { RoutedService } from "../../protocol/thread/threads.ts";
import type { Call, CallTarget } from "../call.ts";
import type { RemoteTarget } from "../peer_gateway.ts";

/** What a call may repeat: a fifth of the calls, 10 a second beside, and never more at once. */
const retryBudget = { capacity: 1_000, perSecond: 10 };
const retriesPerCall = 0.2;

/** Targets that a call was sent to already. */
export type Tried = ReadonlySet<CallTarget>;

/** A choice: where to send a call. */
export interface Picked {
  readonly version: Version;
  readonly target: CallTarget;
}

/** One version of a slice with its instances here and on other nodes. */
export class Version implements Weighted {
  credit = 0;
  #routed: RoutedService;
  readonly #node: string;
  readonly #local: CallTarget[] = [];
  #remote: readonly RemoteTarget[] = [];
  #turn = 0;

  constructor(node: string, routed: RoutedService) {
    this.#node = node;
    this.#routed = routed;
  }

  /** As control described it last. */
  get routed(): RoutedService {
    return this.#routed;
  }

  get weight(): number {
    return this.#routed.weight;
  }

  /** Targets on other nodes. */
  get remote(): readonly RemoteTarget[] {
    return this.#remote;
  }

  /** Takes over a newer description. */
  update(routed: RoutedService, remote: readonly RemoteTarget[]): void {
    this.#routed = routed;
    this.#remote = remote;
  }

  /** An instance on this node. */
  local(id: string): CallTarget | undefined {
    return this.#local.find((target) => target.id === id);
  }

  /** Adds an instance on this node that takes calls from now on. */
  add(link: CallTarget): void {
    if (!this.#local.includes(link)) this.#local.push(link);
  }

  /** Removes an instance that takes no more calls. */
  remove(link: CallTarget): void {
    const index = this.#local.indexOf(link);
    if (index >= 0) this.#local.splice(index, 1);
  }

  /** Keeps only the instances that are still routed. */
  keepLocal(isKept: (link: CallTarget) => boolean): void {
    for (const link of [...this.#local]) if (!isKept(link)) this.remove(link);
  }

  /** Whether a target takes another call. */
  get hasRoom(): boolean {
    const isFree = ({ inFlight, inFlightMax }: CallTarget) => inFlight < inFlightMax;
    return this.#local.some(isFree) || this.#remote.some(isFree);
  }

  /** Whether there is a target left that was not tried. */
  hasTarget(tried?: Tried): boolean {
    const isLeft = (target: CallTarget) => tried === undefined || !tried.has(target);
    return this.#local.some(isLeft) || this.#remote.some(isLeft);
  }

  /** The target for a call; undefined when there is none, "full" when none has room. */
  pick(tried?: Tried, affinity?: string): CallTarget | "full" | undefined {
    if (affinity !== undefined) {
      return this.#owner(affinity, tried) ?? (this.hasTarget(tried) ? "full" : undefined);
    }
    const turn = this.#turn++;
    return roomiest(this.#local, turn, tried, isSound) ??
      roomiest(this.#remote, turn, tried, isSound) ??
      roomiest(this.#local, turn, tried, isAny) ??
      roomiest(this.#remote, turn, tried, isAny) ??
      (this.hasTarget(tried) ? "full" : undefined);
  }

  /** Like `pick`, but never another node. */
  pickLocal(affinity?: string): CallTarget | "full" | undefined {
    const target = affinity === undefined
      ? roomiest(this.#local, this.#turn, undefined, isSound) ??
        roomiest(this.#local, this.#turn, undefined, isAny)
      : this.#ownerHere(affinity, undefined);
    this.#turn++;
    return target ?? (this.#local.length > 0 ? "full" : undefined);
  }

  /** The target with the highest claim to a key: first of the nodes, then of the instances. */
  #owner(key: string, tried: Tried | undefined): CallTarget | undefined {
    let best = this.#ownerHere(key, tried);
    let most = best === undefined ? -1 : claim(key, this.#node, this.#local.length);
    for (const target of this.#remote) {
      if (tried?.has(target) || target.inFlight >= target.inFlightMax || !isSound(target)) continue;
      const own = claim(key, target.id, target.count);
      if (own > most) [best, most] = [target, own];
    }
    return best ?? roomiest(this.#remote, 0, tried, isAny);
  }

  #ownerHere(key: string, tried: Tried | undefined): CallTarget | undefined {
    let best: CallTarget | undefined;
    let most = -1;
    for (const target of this.#local) {
      if (tried?.has(target) || target.inFlight >= target.inFlightMax) continue;
      const own = claim(key, target.id) + (isSound(target) ? 1e9 : 0);
      if (own > most) [best, most] = [target, own];
    }
    return best;
  }
}

/** A contract with its versions. */
export class Service {
  readonly contract: string;
  /** What retries of its calls are paid with. */
  readonly retries: TokenBucket;
  #versions: readonly Version[] = [];

  constructor(contract: string, nowMs: number) {
    this.contract = contract;
    this.retries = new TokenBucket(retryBudget, nowMs);
  }

  /** Versions that are served. */
  get versions(): readonly Version[] {
    return this.#versions;
  }

  /** By what an A/B test assigns requests to versions; undefined when none runs. */
  get split(): RoutedService["split"] {
    return this.#versions.length < 2
      ? undefined
      : this.#versions.find(({ routed }) => routed.split !== undefined)?.routed.split;
  }

  /** Takes over the versions of a newer snapshot. */
  update(versions: readonly Version[]): void {
    this.#versions = versions;
  }

  /** The version with these coordinates. */
  version(artifact: string): Version | undefined {
    return this.#versions.find(({ routed }) => routed.artifact === artifact);
  }

  /** The manifest of a method, of the version with the greatest weight that has it. */
  method(name: string): RoutedService["methods"][string] | undefined {
    let best: Version | undefined;
    for (const version of this.#versions) {
      if (!Object.hasOwn(version.routed.methods, name)) continue;
      if (best === undefined || version.weight > best.weight) best = version;
    }
    return best?.routed.methods[name];
  }

  /** Whether a version with a share of the calls has a target for a method. */
  hasTarget(method: string): boolean {
    return this.#versions.some((version) => isAble(version, method) && version.hasTarget());
  }

  /** Whether one of those targets takes another call. */
  hasRoom(method: string): boolean {
    return this.#versions.some((version) => isAble(version, method) && version.hasRoom);
  }

  /** Notes a call, so that others may be repeated. */
  earnRetries(): void {
    this.retries.put(retriesPerCall);
  }

  /**
   * Where a call of a method goes: undefined when nothing serves it, "full" when all that does is
   * at its limit.
   */
  pick(
    method: string,
    tried?: Tried,
    { affinity, instance, variant }: Pick<Call, "affinity" | "instance" | "variant"> = {},
  ): Picked | "full" | undefined {
    if (instance !== undefined) return this.#instance(instance, tried);
    const [only] = this.#versions;
    if (only === undefined) return undefined;
    const version = this.#versions.length === 1
      ? only
      : this.#turn(method, tried, { affinity, variant });
    if (version === undefined || version.weight <= 0) return undefined;
    const target = version.pick(tried, affinity);
    if (typeof target === "object") return { version, target };
    return target === "full" ? this.#pickOther(version, method, tried) : undefined;
  }

  /** The one instance that is wanted, unless it was tried already. */
  #instance(id: string, tried: Tried | undefined): Picked | "full" | undefined {
    for (const version of this.#versions) {
      const target = version.local(id);
      if (target === undefined || tried?.has(target)) continue;
      return target.inFlight < target.inFlightMax ? { version, target } : "full";
    }
    return undefined;
  }

  /** A version without room does not turn calls away that another one can take. */
  #pickOther(full: Version, method: string, tried: Tried | undefined): Picked | "full" {
    for (const version of this.#versions) {
      if (version === full || !isAble(version, method)) continue;
      const target = version.pick(tried);
      if (typeof target === "object") return { version, target };
    }
    return "full";
  }

  #turn(
    method: string,
    tried: Tried | undefined,
    { affinity, variant }: Readonly<Record<"affinity" | "variant", string | undefined>>,
  ): Version | undefined {
    const able = this.#versions.filter((version) =>
      isAble(version, method) && version.hasTarget(tried)
    );
    const wanted = able.find(({ routed }) => routed.artifact === variant);
    if (wanted !== undefined) return wanted;
    if (affinity === undefined) return nextWeighted(able);
    const claimOf = ({ routed, weight }: Version) => claim(affinity, routed.artifact, weight);
    return able.sort((left, right) => claimOf(right) - claimOf(left))[0];
  }
}

function isAble(version: Version, method: string): boolean {
  return version.weight > 0 && Object.hasOwn(version.routed.methods, method);
}

function isSound(target: CallTarget): boolean {
  if (!target.isHealthy) return false;
  const { circuit } = target;
  return circuit.isPristine || circuit.stateAt(performance.now()) !== "open";
}

function isAny(): boolean {
  return true;
}

/** The one with the smallest share of its room in use, in turn among equals. */
function roomiest<Target extends CallTarget>(
  targets: readonly Target[],
  start: number,
  tried: Tried | undefined,
  isWanted: (target: CallTarget) => boolean,
): Target | undefined {
  const count = targets.length;
  let best: Target | undefined;
  let least = 1;
  for (let offset = 0; offset < count; offset++) {
    const target = targets[(start + offset) % count];
    if (target === undefined || tried?.has(target)) continue;
    const load = target.inFlight / target.inFlightMax;
    if (load < least && isWanted(target)) [best, least] = [target, load];
  }
  return best;
}
