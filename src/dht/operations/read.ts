/**
 * A read under way, of a quorum of the owners: the newest entry among the answers counts, and those
 * who had an older one or none are sent it. A failed read is never an absent value.
 *
 * @module
 */
import type { Entry } from "../../protocol/dht/entry.ts";
import type { DhtMessage, ReadOutcome } from "../../protocol/dht/message.ts";
import type { DhtResult } from "../../protocol/dht/result.ts";
import { compareVersions } from "../../protocol/dht/version.ts";
import type { Member } from "../../protocol/dht/view.ts";
import { Operation } from "./operation.ts";

/** A read of a versioned entry. */
export class Read extends Operation<ReadOutcome> {
  protected override firstAsked(): readonly Member[] {
    return this.owners?.now ?? [];
  }

  protected override question(revision: number): DhtMessage {
    const { scope, key } = this.start;
    return { type: "read", id: this.messageId, revision, scope, key };
  }

  protected override conclude(): void {
    if (this.owners === undefined) return;
    const { now, quorums } = this.owners;
    const answers = this.count(now, ({ type }) => type !== "failed");
    if (answers >= quorums.read) {
      const newest = this.#newest();
      this.result = newest?.value === undefined
        ? { type: "absent", version: newest?.version }
        : { type: "found", value: newest.value, version: newest.version };
      if (newest !== undefined) this.repair(newest);
    } else if (this.isHopeless(now, quorums.read)) this.result = this.late();
  }

  protected override late(): DhtResult {
    const { now = [], quorums } = this.owners ?? {};
    const answers = this.count(now, ({ type }) => type !== "failed");
    return this.tooFew(quorums?.read ?? 1, answers, now);
  }

  /** Sends the entry to those who have answered and do not have it. */
  protected repair(entry: Entry): void {
    if (this.view === undefined) return;
    const { scope, key } = this.start;
    const { revision } = this.view.view;
    for (const [node, { outcome }] of this.asked) {
      const isOlder = outcome?.type === "absent" || outcome?.type === "entry" &&
          compareVersions(outcome.entry.version, entry.version) < 0;
      if (!isOlder) continue;
      this.core.send(node, { type: "write", id: this.core.newId(), revision, scope, key, entry });
    }
  }

  #newest(): Entry | undefined {
    let newest: Entry | undefined;
    for (const { outcome } of this.asked.values()) {
      if (outcome?.type !== "entry") continue;
      if (newest === undefined || compareVersions(newest.version, outcome.entry.version) < 0) {
        newest = outcome.entry;
      }
    }
    return newest;
  }
}
