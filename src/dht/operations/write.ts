/**
 * A write under way: a put, or a remove, which writes a tombstone.
 *
 * While a transition is open a quorum of the present and one of the future owners must store it.
 * An owner that has something newer says so, and the write begins again with a newer version: so a
 * write that begins after another was acknowledged is newer, whatever the clocks say.
 *
 * @module
 */
import type { DhtMessage, WriteOutcome } from "../../protocol/dht/message.ts";
import type { DhtResult } from "../../protocol/dht/result.ts";
import type { Version } from "../../protocol/dht/version.ts";
import type { Member } from "../../protocol/dht/view.ts";
import type { Core } from "../core.ts";
import { isSettledOutcome, Operation, type OperationStart } from "./operation.ts";

/** A put or a remove. */
export class Write extends Operation<WriteOutcome> {
  readonly #value: Uint8Array | undefined;
  readonly #copies: "quorum" | "all";
  #version: Version;

  constructor(
    core: Core,
    start: OperationStart,
    { value, copies }: {
      readonly value: Uint8Array | undefined;
      readonly copies: "quorum" | "all";
    },
  ) {
    super(core, start);
    this.#value = value;
    this.#copies = copies;
    this.#version = core.clock.next(core.now.wallMs);
  }

  protected override firstAsked(): readonly Member[] {
    return this.everybody();
  }

  protected override question(revision: number): DhtMessage {
    const { scope, key } = this.start;
    const entry = { version: this.#version, value: this.#value };
    return { type: "write", id: this.messageId, revision, scope, key, entry };
  }

  protected override take(from: string, outcome: WriteOutcome): void {
    if (outcome.type !== "superseded" || this.#isStored()) return;
    const { clock, now, options } = this.core;
    if (outcome.version.timeMs > now.wallMs + options.skewMaxMs) {
      const asked = this.asked.get(from);
      if (asked !== undefined) asked.outcome = { type: "failed", cause: "clockSkew" };
      return;
    }
    clock.see(outcome.version);
    this.#version = clock.next(now.wallMs);
    this.restart();
  }

  protected override conclude(): void {
    if (this.owners === undefined) return;
    const { now, quorums, next } = this.owners;
    if (this.#isStored() && (this.#copies === "quorum" || this.#isEverywhere())) {
      this.result = this.#stored();
    } else if (this.isHopeless(now, quorums.write)) {
      this.result = this.#failed();
    } else if (next !== undefined && this.isHopeless(next.members, next.quorums.write)) {
      this.result = this.#failed();
    }
  }

  protected override late(): DhtResult {
    return this.#isStored() ? this.#stored() : this.#failed();
  }

  #copiesOf(members: readonly Member[]): number {
    return this.count(members, ({ type }) => type === "stored");
  }

  #isStored(): boolean {
    if (this.owners === undefined) return false;
    const { now, quorums, next } = this.owners;
    return this.#copiesOf(now) >= quorums.write &&
      (next === undefined || this.#copiesOf(next.members) >= next.quorums.write);
  }

  /** Whether nobody is left that could store it soon. */
  #isEverywhere(): boolean {
    const { down } = this.core;
    return this.everybody().every((member) => {
      const asked = this.asked.get(member.node);
      return down.has(member.node) || this.view?.isLost(member) ||
        isSettledOutcome(asked?.outcome);
    });
  }

  #stored(): DhtResult {
    const owners = this.owners?.next?.members ?? this.owners?.now ?? [];
    const copies = this.#copiesOf(owners);
    return { type: "stored", version: this.#version, copies, owners: owners.length };
  }

  #failed(): DhtResult {
    const { now = [], quorums, next } = this.owners ?? {};
    const copies = this.#copiesOf(now);
    if (quorums !== undefined && copies < quorums.write || next === undefined) {
      return this.tooFew(quorums?.write ?? 1, copies, now);
    }
    return this.tooFew(next.quorums.write, this.#copiesOf(next.members), next.members);
  }
}
