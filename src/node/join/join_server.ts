/**
 * Gives certificates to new nodes that bring a token, when the operator has put the authority's key
 * on this node.
 *
 * It speaks with strangers: everything it reads is bounded and checked, each link gets one answer,
 * and nothing but a good token makes it sign anything.
 *
 * @module
 */
import { toAetherError } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { Link } from "../../base/transport/transport.ts";
import { type Issuer, readIssuer } from "../../io/tls/issuer.ts";
import type { Config } from "../../protocol/config/config.ts";
import { keys } from "../../protocol/keys.ts";
import { type JoinAnswer, type JoinRequest, joinRequestSchema } from "../../protocol/peer/join.ts";
import type { Logger } from "../../sdk/logger.ts";
import { JoinTokens } from "./join_tokens.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";

const answerWithinMs = 10_000;
/** How long a link stays open after its answer, so that it arrives. */
const lingerMs = 500;
const linksMax = 16;

/** What serving new nodes needs. */
export interface JoinServerOptions {
  readonly config: Config;
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "readBarrier" | "voters">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Serves links of nodes that have no certificate. */
export class JoinServer {
  readonly #options: JoinServerOptions;
  readonly #tokens: JoinTokens;
  #links = 0;

  constructor(options: JoinServerOptions) {
    this.#options = options;
    this.#tokens = new JoinTokens(options);
  }

  /** Answers one request on a link, and closes it. */
  serve(link: Link): void {
    if (this.#links >= linksMax) return link.close("Too many new nodes at a time");
    this.#links++;
    let isAsked = false;
    let timer = this.#options.clock.setTimer(answerWithinMs, () => link.close("Too slow"));
    const answer = (text: JoinAnswer) => {
      link.send(new TextEncoder().encode(JSON.stringify(text)));
      timer.cancel();
      timer = this.#options.clock.setTimer(lingerMs, () => link.close("Answered"));
    };
    link.start({
      onFrame: (bytes) => {
        if (isAsked) return link.close("It asked twice");
        isAsked = true;
        this.#answer(bytes).then(answer);
      },
      onClose: () => {
        timer.cancel();
        this.#links--;
      },
    });
  }

  async #answer(bytes: Uint8Array): Promise<JoinAnswer> {
    try {
      const request = joinRequestSchema.safeParse(parseJson(bytes));
      if (!request.success) throw new AetherError("JOIN_REFUSED", "The request cannot be read");
      return await this.#handle(request.data);
    } catch (thrown) {
      const { name, message } = toAetherError(thrown);
      this.#options.log.warn("A new node got no certificate", { reason: message });
      return { kind: "refusal", name, message };
    }
  }

  async #handle(request: JoinRequest): Promise<JoinAnswer> {
    const { config, clock, log, store } = this.#options;
    const issuer = await readIssuer(config);
    const { authorities } = issuer;
    if (request.kind === "authorities") {
      return { kind: "authorities", authorities: [...authorities] };
    }
    const { token, node } = request;
    const usable = await this.#tokens.check(token, node);
    this.#refuseTaken(node);
    const certificate = await sign(issuer, request, clock.wallMs());
    await usable.use();
    log.info("A new node got its certificate", { node });
    const members = [...store.state.entries(keys.member.prefix)].map(([key, { value }]) => {
      const { id, addresses } = keys.member.decode(key, value);
      return { id, address: addresses.cluster };
    });
    return { kind: "certificate", certificate, authorities: [...authorities], members };
  }

  /** Whoever has a token could otherwise pass for a node that exists. */
  #refuseTaken(node: string): void {
    const { state, voters } = this.#options.store;
    if (state.get(keys.member.key(node)) === undefined && !voters.includes(node)) return;
    throw new AetherError("JOIN_REFUSED", `There is a node "${node}" in the cluster already`, {
      hint: "Choose another --node-id; a lost certificate is replaced with `aether tls issue`",
    });
  }
}

async function sign(
  { authority, cluster, validMs }: Issuer,
  { request, node }: Extract<JoinRequest, { kind: "sign" }>,
  nowMs: number,
): Promise<string> {
  const { signRequest } = await import("../../io/tls/certificates.ts");
  const identity = { cluster, role: "node", id: node } as const;
  return await signRequest(request, { authority, identity, nowMs, validMs });
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
