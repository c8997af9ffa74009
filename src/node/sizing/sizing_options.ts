/**
 * Who starts new nodes for a node that leads, and how they get their certificates, as configured.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { systemRandom } from "../../io/random.ts";
import { readIssuer } from "../../io/tls/issuer.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { JoinTokens } from "../join/join_tokens.ts";
import { LocalProvider } from "./local_provider.ts";
import type { NodeProvider } from "./node_provider.ts";

/** Time in which a node that was just started must have used its token. */
const tokenTtlMs = 300_000;

/** What `ClusterSizing` needs of a node beside its cluster. */
export function sizingOptions(node: {
  readonly config: Config;
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "readBarrier">;
  readonly clock: Clock;
  readonly log: Logger;
}): {
  readonly provider: NodeProvider | undefined;
  token(name: string): Promise<string | undefined>;
} {
  const { store, clock } = node;
  return {
    provider: node.config.cluster.provider === "local"
      ? new LocalProvider(() => node.config, node.log)
      : undefined,
    async token(name) {
      if (node.config.tls === undefined) return undefined;
      const { sha256 } = await readIssuer(node.config);
      const tokens = new JoinTokens({ store, clock, random: systemRandom() });
      const { token } = await tokens.create({ ttlMs: tokenTtlMs, node: name, authority: sha256 });
      return token;
    },
  };
}
