import type { ErrorName } from "../../base/error_catalog.ts";
import { AetherError } from "../../base/errors.ts";
import { setImmediate } from "node:timers";
import type { InstanceState } from "../../protocol/instance_state.ts";
import { type InstanceValue, keys, leaderKey } from "../../protocol/keys.ts";
import type { Applied, Operation, Transaction, Writer } from "../../protocol/store/command.ts";
import type { ChangeListener } from "../cluster/replicated_store.ts";
import { createLogger, type Logger } from "../../sdk/logger.ts";
import { StoreState } from "../../store/state.ts";

const errorNames: Readonly<Partial<Record<Applied["outcome"], ErrorName>>> = {
  noLease: "LEASE_NOT_FOUND",
  illegal: "TRANSITION_ILLEGAL",
};

/** The store of a node without a cluster; the test can hold its decisions back. */
export class MemoryStore {
  readonly state = new StoreState({ maxBytes: 10_000_000 });
  /** While set, proposals wait for {@link MemoryStore.decide}. */
  isHeld = false;
  /** Fails proposals, when set. */
  refusal: AetherError | undefined;
  readonly #listeners = new Set<ChangeListener>();
  readonly #waiting: (() => void)[] = [];
  #sequence = 0;

  get waiting(): number {
    return this.#waiting.length;
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  propose(writer: Writer, transaction: Transaction): Promise<Applied> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        const applied = this.#apply(writer, transaction);
        if (applied.outcome === "done" || applied.outcome === "refused") resolve(applied);
        else {
          const name = errorNames[applied.outcome] ?? "FORBIDDEN";
          reject(new AetherError(name, `Outcome ${applied.outcome}`));
        }
      });
      if (!this.isHeld) queueMicrotask(() => this.decide());
    });
  }

  /** Decides what waits, in order. */
  decide(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next();
  }

  /** Writes at once. */
  write(writer: Writer, ...then: readonly Operation[]): Applied {
    return this.#apply(writer, { compare: [], then, otherwise: [] });
  }

  #apply(writer: Writer, transaction: Transaction): Applied {
    const { applied, change } = this.state.apply({
      node: "n1",
      incarnation: 1,
      sequence: ++this.#sequence,
      acknowledgedBelow: 0,
      writer,
      transaction,
    });
    if (change !== undefined) {
      for (const listener of this.#listeners) listener(change);
    }
    return applied;
  }
}

/** Lets everything that is due happen, but for timers. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A logger that keeps its lines as text. */
export function recordingLogger(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const log = createLogger((level, message, fields) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  });
  return { log, lines };
}

/** What a slice of a test's blueprint differs in. */
export interface WantedSlice {
  readonly artifact: string;
  readonly instances?: number;
  readonly minAvailable?: number;
  readonly dependencies?: string[];
}

/** Writes a blueprint and its targets, as applying it does. */
export function applyBlueprint(store: MemoryStore, id: string, ...wanted: WantedSlice[]): void {
  const slices = wanted.map((slice) => ({
    artifact: slice.artifact,
    instances: slice.instances ?? 1,
    minAvailable: slice.minAvailable ?? 1,
    dependencies: slice.dependencies ?? [],
  }));
  store.write(
    "operator",
    keys.blueprint.put(keys.blueprint.key(id), {
      id,
      source: "",
      slices: slices.map((slice) => ({ ...slice, isDependency: false })),
    }),
    ...slices.map((slice) => {
      const [group, name] = slice.artifact.split(":");
      return keys.target.put(keys.target.key(`${group}:${name}`), { ...slice, blueprint: id });
    }),
  );
}

const lives: Readonly<Record<InstanceState, readonly InstanceState[]>> = {
  DOWNLOADING: ["DOWNLOADING"],
  LOADING: ["DOWNLOADING", "LOADING"],
  STARTING: ["DOWNLOADING", "LOADING", "STARTING"],
  ACTIVE: ["DOWNLOADING", "LOADING", "STARTING", "ACTIVE"],
  UNLOADING: ["DOWNLOADING", "UNLOADING"],
  UNLOADED: ["DOWNLOADING", "UNLOADING", "UNLOADED"],
  FAILED: ["DOWNLOADING", "FAILED"],
};

/** Reports an instance in a state, after all the states through which it came there. */
export function reportInstance(
  store: MemoryStore,
  place: Pick<InstanceValue, "artifact" | "node"> & Partial<InstanceValue>,
): void {
  const value = { number: 1, state: "ACTIVE", attempt: 1, changedAtMs: 0, failures: 0, ...place };
  const key = keys.instance.key(value.node, value.artifact, value.number);
  const life = lives[value.state as InstanceState];
  store.write(
    "node",
    { type: "delete", key },
    ...life.map((state) => keys.instance.put(key, { ...value, state })),
  );
}

/** Writes a member that may run instances. */
export function addMember(store: MemoryStore, id: string): void {
  store.write(
    "node",
    keys.member.put(keys.member.key(id), {
      id,
      state: "ON_DUTY",
      version: "0.1.0",
      incarnation: 1,
      addresses: { cluster: "", gateway: "", storage: "", management: "", app: "" },
    }),
  );
}

/** Makes a node the leader; answers the term. */
export function elect(store: MemoryStore, node: string): number {
  return store.write("node", keys.leader.put(leaderKey, { node })).revision;
}
