/**
 * {@link RoutingBarrier}: waits until every gateway of the cluster routes as of a revision.
 *
 * An instance is unloaded only behind it, so that no gateway sends a call to what is going. A node
 * that does not answer holds it up only for as long as it is believed to live, and for a few
 * seconds at most: a call that comes all the same is answered NOT_HOSTED, and goes elsewhere.
 *
 * @module
 */
import { ByteReader, ByteWriter } from "../../base/codec.ts";
import { type Clock, pause } from "../../base/clock.ts";
import type { Asks } from "../cluster/asks.ts";
import { RevisionWaits } from "../cluster/revision_waits.ts";

const topic = "routed";
const waitMs = 10_000;
const retryMs = 200;

/** What the barrier needs. */
export interface RoutingBarrierOptions {
  readonly clock: Clock;
  readonly asks: Pick<Asks, "ask" | "handle">;
  /** Other nodes whose gateways may send calls here, as believed now. */
  peers(): readonly string[];
}

/** One node's part in the barrier. */
export class RoutingBarrier {
  readonly #options: RoutingBarrierOptions;
  readonly #waits: RevisionWaits;
  #applied = -1;

  constructor(options: RoutingBarrierOptions) {
    this.#options = options;
    this.#waits = new RevisionWaits(options.clock);
    options.asks.handle(topic, async (body) => {
      await this.#ownGateway(new ByteReader(body).varint());
      return new Uint8Array();
    });
  }

  /** Revision that this node's gateway has applied; -1 before the first. */
  get applied(): number {
    return this.#applied;
  }

  /** This node's gateway has applied the routes of a revision. */
  onApplied(revision: number): void {
    this.#applied = revision;
    this.#waits.reached(revision);
  }

  /** Resolves when all gateways have applied the routes of a revision, or patience has ended. */
  async wait(revision: number): Promise<void> {
    const untilMs = this.#options.clock.monotonicMs() + waitMs;
    await Promise.all([
      this.#ownGateway(revision).catch(() => {}),
      ...this.#options.peers().map((peer) => this.#peer(peer, revision, untilMs)),
    ]);
  }

  async #ownGateway(revision: number): Promise<void> {
    if (this.#applied < revision) await this.#waits.wait(revision, waitMs);
  }

  async #peer(peer: string, revision: number, untilMs: number): Promise<void> {
    const { asks, clock } = this.#options;
    for (;;) {
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0 || !this.#options.peers().includes(peer)) return;
      try {
        const body = new ByteWriter().varint(revision).take();
        await asks.ask(peer, topic, body, leftMs);
        return;
      } catch {
        await pause(clock, retryMs);
      }
    }
  }
}
