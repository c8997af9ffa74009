/**
 * Handlers of the rows about join tokens.
 *
 * @module
 */
import { systemRandom } from "../../io/random.ts";
import { readIssuer } from "../../io/tls/issuer.ts";
import { JoinTokens } from "../../node/join/join_tokens.ts";
import type { Control } from "../../node/control/control.ts";
import type { joinTokenRows } from "../../protocol/api/join_tokens.ts";
import type { Handlers } from "../handler.ts";

/** See `protocol/api/join_tokens.ts`. */
export const joinTokenHandlers: Handlers<keyof typeof joinTokenRows> = {
  joinTokenCreate: async ({ body }, { control }) => {
    // A token that no node can redeem would be found out too late.
    const { sha256 } = await readIssuer(control.config);
    const { ttlMs, node = null } = body;
    return { body: await tokensOf(control).create({ ttlMs, node, authority: sha256 }) };
  },
  joinTokenList: async (_request, { control }) => {
    await control.store.readBarrier();
    return { body: { tokens: tokensOf(control).list() } };
  },
  joinTokenRevoke: async ({ params }, { control }) => {
    await tokensOf(control).revoke(params.id);
    return { body: undefined };
  },
};

function tokensOf({ store, clock }: Control): JoinTokens {
  return new JoinTokens({ store, clock, random: systemRandom() });
}
