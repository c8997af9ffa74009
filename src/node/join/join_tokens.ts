/**
 * Tokens that let one new node have a certificate: made by operators, used once.
 *
 * The store holds only hashes. A token is used by deleting it, in one step that only one of several
 * can do; what has expired by this node's clock is refused and removed.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import { keys } from "../../protocol/keys.ts";
import { formatToken, newToken, parseToken, tokenRandomBytes } from "../../protocol/peer/join.ts";
import type { KeyOperation } from "../../protocol/store/command.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";

const tokensMax = 100;

/** What tokens need. */
export interface JoinTokensOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "readBarrier">;
  readonly clock: Clock;
  readonly random: Random;
}

/** A token without its secret. */
export interface TokenView {
  readonly id: string;
  readonly expiresAtMs: number;
  /** The only node that may use it; null: any new one. */
  readonly node: string | null;
}

/** A token that may be used, until it is. */
interface Usable {
  /** Uses it up and lets its node in; JOIN_REFUSED when somebody else was faster. */
  use(): Promise<void>;
}

/** The tokens of the cluster. */
export class JoinTokens {
  readonly #options: JoinTokensOptions;

  constructor(options: JoinTokensOptions) {
    this.#options = options;
  }

  /**
   * Makes a token and answers its text, which is nowhere else.
   *
   * @param authority SHA-256 of the certificate of the authority that new nodes are to believe
   * @throws {AetherError} OVERLOADED when there are too many.
   */
  async create(
    { ttlMs, node, authority }: { ttlMs: number; node: string | null; authority: string },
  ): Promise<TokenView & { readonly token: string }> {
    const { store, clock, random } = this.#options;
    const nowMs = clock.wallMs();
    const all = this.#all();
    const expired = all.filter(({ expiresAtMs }) => expiresAtMs <= nowMs);
    if (all.length - expired.length >= tokensMax) {
      throw new AetherError("OVERLOADED", `There are ${tokensMax} join tokens already`, {
        hint: "Revoke those that nobody needs with `aether cluster token revoke`",
      });
    }
    const token = newToken(random.bytes(tokenRandomBytes), authority);
    const expiresAtMs = nowMs + ttlMs;
    const value = { sha256: hashOf(token.secret), expiresAtMs, node };
    const removals = expired.map(({ id }): KeyOperation => ({ type: "delete", key: keyOf(id) }));
    await store.propose("operator", {
      compare: [],
      then: [...removals, keys.joinToken.put(keyOf(token.id), value)],
      otherwise: [],
    });
    return { id: token.id, expiresAtMs, node, token: formatToken(token) };
  }

  /** Tokens that can still be used, the next to expire first. */
  list(): TokenView[] {
    const nowMs = this.#options.clock.wallMs();
    return this.#all().filter(({ expiresAtMs }) => expiresAtMs > nowMs)
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs);
  }

  /**
   * Makes a token useless.
   *
   * @throws {AetherError} JOIN_TOKEN_NOT_FOUND
   */
  async revoke(id: string): Promise<void> {
    const { store } = this.#options;
    await store.readBarrier();
    const entry = store.state.get(keyOf(id));
    if (entry === undefined || !await this.#remove(id, entry.revision)) {
      throw new AetherError("JOIN_TOKEN_NOT_FOUND", `There is no join token "${id}"`);
    }
  }

  /**
   * Checks the text of a token for a node; it stays usable until it is used.
   *
   * @throws {AetherError} JOIN_REFUSED
   */
  async check(text: string, node: string): Promise<Usable> {
    const { store, clock } = this.#options;
    const { id, secret } = parseToken(text);
    await store.readBarrier();
    const key = keyOf(id);
    const entry = store.state.get(key);
    if (entry === undefined) throw refused(`Join token ${id} does not exist, or was used already`);
    const known = keys.joinToken.decode(key, entry.value);
    const isRight = timingSafeEqual(
      Uint8Array.fromHex(hashOf(secret)),
      Uint8Array.fromHex(known.sha256),
    );
    if (!isRight) throw refused(`The secret of join token ${id} is wrong`);
    if (known.expiresAtMs <= clock.wallMs()) throw refused(`Join token ${id} has expired`);
    if (known.node !== null && known.node !== node) {
      throw refused(`Join token ${id} is for node "${known.node}", not for "${node}"`);
    }
    return {
      use: async () => {
        // Where the node is, it will say itself.
        const added = { status: "added", address: "", changedAtMs: clock.wallMs() } as const;
        const admission = keys.roster.put(keys.roster.key(node), added);
        if (await this.#remove(id, entry.revision, [admission])) return;
        throw refused(`Join token ${id} was used by somebody else`);
      },
    };
  }

  #all(): TokenView[] {
    const { state } = this.#options.store;
    return [...state.entries(keys.joinToken.prefix)].map(([key, { value }]) => {
      const { expiresAtMs, node } = keys.joinToken.decode(key, value);
      return { id: key.slice(keys.joinToken.prefix.length), expiresAtMs, node };
    });
  }

  async #remove(
    id: string,
    revision: number,
    besides: readonly KeyOperation[] = [],
  ): Promise<boolean> {
    const key = keyOf(id);
    const { succeeded } = await this.#options.store.propose("operator", {
      compare: [{ key, revision }],
      then: [{ type: "delete", key }, ...besides],
      otherwise: [],
    });
    return succeeded;
  }
}

function keyOf(id: string): string {
  return keys.joinToken.key(id);
}

function hashOf(secret: Uint8Array): string {
  return createHash("sha256").update(secret).digest("hex");
}

function refused(message: string): AetherError {
  return new AetherError("JOIN_REFUSED", message, {
    hint: "Make another one with `aether cluster token create`",
  });
}
