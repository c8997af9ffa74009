/**
 * The configuration of this node as it is: its own, with the overrides that the store holds.
 *
 * Follows the store, so that an override written anywhere holds here a moment later. Overrides that
 * are not valid together with this node's own file change nothing here and are said in the log.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { Config } from "../../protocol/config/config.ts";
import {
  type EffectiveKey,
  effectiveKeys,
  effectOf,
  type KnownConfig,
  type Override,
  type OverrideEffect,
  overrideError,
  withOverrides,
} from "../../protocol/config/overlay.ts";
import { keys } from "../../protocol/keys.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { storedValue, storedValues } from "./views.ts";

/** What an overlay needs. */
export interface ConfigOverlayOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "onChange">;
  readonly node: string;
  /** The node's own configuration. */
  readonly base: KnownConfig;
  readonly log: Logger;
  /** Called after each change of the configuration. */
  onChange(config: Config): void;
}

/** An override with its place in the store. */
export interface StoredOverride extends Override {
  readonly value: StoredValue;
  readonly revision: number;
}

type StoredValue = ReturnType<typeof keys.config.decode>["value"];

/** What setting an override did. */
export interface SetOverride {
  readonly revision: number;
  readonly effect: OverrideEffect;
}

/** Follows the overrides of a node. */
export class ConfigOverlay {
  readonly #options: ConfigOverlayOptions;
  #known: KnownConfig;
  #unsubscribe: () => void;

  constructor(options: ConfigOverlayOptions) {
    this.#options = options;
    this.#known = options.base;
    this.#follow();
    this.#unsubscribe = options.store.onChange(({ events }) => {
      if (!events.some(({ key }) => key.startsWith(keys.config.prefix))) return;
      if (this.#follow()) options.onChange(this.config);
    }, "system");
  }

  /** The configuration with all overrides. */
  get config(): Config {
    return this.#known.config;
  }

  /** Every key with its value and where that comes from. */
  get effective(): EffectiveKey[] {
    return effectiveKeys(this.#options.base, this.#known);
  }

  /** All overrides, those of the cluster first. */
  list(): StoredOverride[] {
    return storedValues(this.#options.store.state, keys.config)
      .map(({ key, value: { value }, revision }) => ({ ...placeOf(key), value, revision }));
  }

  /**
   * Sets an override for the cluster, or for one node.
   *
   * @throws {AetherError} CONFIG_INVALID with all problems.
   */
  async set(key: string, value: StoredValue, node: string | undefined): Promise<SetOverride> {
    const { store, base } = this.#options;
    this.#checkNode(node);
    const others = this.list().filter((each) => each.key !== key || each.node !== node);
    const wanted = [...others, { key, value, node }];
    const { issues } = withOverrides(base, wanted, node ?? this.#options.node);
    if (issues.length > 0) throw overrideError(issues);
    const operation = keys.config.put(keyOf(key, node), { value });
    const { revision } = await store.propose("operator", {
      compare: [],
      then: [operation],
      otherwise: [],
    });
    return { revision, effect: effectOf(key) };
  }

  /**
   * Removes an override.
   *
   * @throws {AetherError} OVERRIDE_NOT_FOUND.
   */
  async remove(key: string, node: string | undefined): Promise<SetOverride> {
    const { store } = this.#options;
    const place = keyOf(key, node);
    const { deleted, revision } = await store.propose("operator", {
      compare: [],
      then: [{ type: "delete", key: place }],
      otherwise: [],
    });
    if (deleted > 0) return { revision, effect: effectOf(key) };
    const where = node === undefined ? "the cluster" : `node ${node}`;
    throw new AetherError("OVERRIDE_NOT_FOUND", `There is no override of ${key} for ${where}`);
  }

  /** Follows nothing any more. */
  close(): void {
    this.#unsubscribe();
  }

  /** Reads the overrides again; answers whether the configuration is another one. */
  #follow(): boolean {
    const { base, node, log } = this.#options;
    const { known, issues } = withOverrides(base, this.list(), node);
    if (issues.length > 0) {
      const { message } = overrideError(issues);
      log.error("The overrides do not fit this node and are not followed", { problem: message });
      return false;
    }
    this.#known = known;
    return true;
  }

  #checkNode(node: string | undefined): void {
    const { state } = this.#options.store;
    if (node === undefined || storedValue(state, keys.member, keys.member.key(node))) return;
    const message = `Node ${JSON.stringify(node)} is no member; \`aether nodes\` lists them`;
    throw overrideError([{ name: "CONFIG_INVALID", path: "node", message }]);
  }
}

function keyOf(key: string, node: string | undefined): string {
  return node === undefined ? keys.config.key("cluster", key) : keys.config.key("node", node, key);
}

function placeOf(stored: string): { readonly key: string; readonly node: string | undefined } {
  const [scope, ...rest] = keys.config.parts(stored);
  return scope === "cluster"
    ? { key: rest.join("/"), node: undefined }
    : { key: rest.slice(1).join("/"), node: rest[0] };
}
