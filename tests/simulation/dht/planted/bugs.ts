/**
 * The planted bugs of the DHT: mistakes that distributed hash tables have made, each as a change of
 * one or two places of the source. They exist in copies of the tree only; see `../../planted`.
 *
 * @module
 */
import type { PlantedBug } from "../../planted/bugs.ts";

const storage = "src/dht/memory_storage.ts";
const serving = "src/dht/serving.ts";
const operation = "src/dht/operations/operation.ts";
const write = "src/dht/operations/write.ts";
const transition = "src/dht/sync/transition.ts";
const collection = "src/dht/sync/collection.ts";
const clock = "src/dht/hybrid_clock.ts";
const placement = "src/dht/placement.ts";

/** A superseded write is taken for a stored one. */
const acknowledgeSuperseded = [{
  file: write,
  find: 'if (outcome.type !== "superseded" || this.#isStored()) return;',
  replace: 'if (outcome.type !== "superseded" || this.core.self !== "") return;',
}, {
  file: write,
  find: 'return this.count(members, ({ type }) => type === "stored");',
  replace: 'return this.count(members, ({ type }) => type !== "failed");',
}];

/** All planted bugs. */
export const plantedDhtBugs: readonly PlantedBug[] = [
  {
    name: "place by another hash than is compared",
    why: "repair looks for entries at nodes that do not own them",
    seedsMax: 20,
    changes: [{
      file: serving,
      find: 'import { partitionOf } from "./placement.ts";',
      replace: 'import { partitionOf as right } from "./placement.ts";\n' +
        "const partitionOf = (key: string) => right(key) ^ 1;",
    }, {
      file: operation,
      find: 'import { isSameMember, partitionOf } from "../placement.ts";',
      replace: 'import { isSameMember, partitionOf as right } from "../placement.ts";\n' +
        "const partitionOf = (key: string) => right(key) ^ 1;",
    }],
  },
  {
    name: "take over by another hash than is placed",
    why: "new owners take over what belongs to others",
    seedsMax: 50,
    changes: [{
      file: transition,
      find: "const owners = view.owners(scope, partition);",
      replace: "const owners = view.owners(scope, partition ^ 1);",
    }],
  },
  {
    name: "no tombstone",
    why: "a remove only forgets: who missed it brings the value back",
    seedsMax: 50,
    changes: [{
      file: storage,
      find: "    this.#insert(partition, key, entry);\n    return",
      replace:
        "    if (entry.value !== undefined) this.#insert(partition, key, entry);\n    return",
    }],
  },
  {
    name: "absent on error",
    why: "a storage that fails counts as one that has nothing",
    seedsMax: 200,
    changes: [{
      file: serving,
      find: '      if (reply.op === "failed") answer({ type: "failed", cause: reply.cause });\n' +
        '      else if (reply.op !== "read") return;',
      replace: '      if (reply.op === "failed") answer({ type: "absent" });\n' +
        '      else if (reply.op !== "read") return;',
    }],
  },
  {
    name: "failed answers count in a read quorum",
    why: "an owner that could not read agrees with everything",
    seedsMax: 200,
    changes: [{
      file: "src/dht/operations/read.ts",
      find: '    const answers = this.count(now, ({ type }) => type !== "failed");\n' +
        "    if (answers >= quorums.read) {",
      replace: "    const answers = this.count(now, () => true);\n" +
        "    if (answers >= quorums.read) {",
    }],
  },
  {
    name: "miss writes while a transition is open",
    why: "what is written to the former owners only is lost with them",
    seedsMax: 200,
    changes: [{
      file: write,
      find: "    return this.everybody();\n",
      replace: "    return this.owners?.now ?? [];\n",
    }, {
      file: write,
      find: "      (next === undefined || this.#copiesOf(next.members) >= next.quorums.write);",
      replace: "      (next !== undefined || next === undefined);",
    }],
  },
  {
    name: "version by wall clock",
    why: "a write by a clock that is behind is acknowledged and lost",
    seedsMax: 50,
    changes: [{
      file: clock,
      find: "    if (nowMs > this.#timeMs) {",
      replace: "    if (nowMs !== this.#timeMs) {",
    }, ...acknowledgeSuperseded],
  },
  {
    name: "acknowledge a write that is superseded",
    why: "it has no effect although nothing was written after it",
    seedsMax: 200,
    changes: acknowledgeSuperseded,
  },
  {
    name: "end a transition before everything is there",
    why: "the new owners have nothing and are asked",
    seedsMax: 500,
    changes: [{
      file: transition,
      find: 'if (this.#state !== "open" || this.#open.size > 0) return;',
      replace: 'if (this.#state !== "open") return;',
    }],
  },
  {
    name: "take over from a single owner",
    why: "it may have missed a write that a quorum has",
    seedsMax: 500,
    changes: [{
      file: transition,
      find: "const required = Math.min(quorums.handover, alive.length);",
      replace: "const required = Math.min(1, alive.length);",
    }],
  },
  {
    name: "owners that stay take nothing over",
    why: "what they missed goes with those that leave",
    seedsMax: 1_000,
    changes: [{
      file: transition,
      find: "if (isSame(owners.now, owners.next.members)) continue;",
      replace: "if (isSame(owners.now, owners.next.members)) continue;\n" +
        "      if (this.#views.includesMe(owners.now)) continue;",
    }],
  },
  {
    name: "a new disk answers for the old one",
    why: "it has nothing and says so",
    seedsMax: 1_000,
    changes: [{
      file: "src/dht/views.ts",
      find: "return members.some((member) => isSameMember(member, this.#me));",
      replace: "return members.some(({ node }) => node === this.#me.node);",
    }, {
      file: operation,
      find: 'import { isSameMember, partitionOf } from "../placement.ts";',
      replace: 'import { partitionOf } from "../placement.ts";\n' +
        "const isSameMember = (a: Member, b: Member) => a.node === b.node;",
    }],
  },
  {
    name: "collect a tombstone that one owner holds",
    why: "the others still have the value",
    seedsMax: 200,
    changes: [{
      file: collection,
      find: "    if (round.waiting.size > 0) return;\n",
      replace: "",
    }],
  },
  {
    name: "forget what was collected",
    why: "a message that comes late brings the value back",
    seedsMax: 500,
    changes: [{
      file: storage,
      find: "      partition.floor = newerVersion(partition.floor, version);\n",
      replace: "      newerVersion(partition.floor, version);\n",
    }],
  },
  {
    name: "compare without fetching",
    why: "owners stay different",
    seedsMax: 20,
    changes: [{
      file: "src/dht/sync/syncs.ts",
      find: "if (this.#waiting.size >= waitingMax) return;",
      replace: "if (this.#waiting.size >= 0) return;",
    }],
  },
  {
    name: "keep what belongs to others",
    why: "data grows with every change of members",
    seedsMax: 50,
    changes: [{
      file: "src/dht/sync/comparison.ts",
      find: "        if (entries + damaged === 0) continue;\n",
      replace: "        if (entries + damaged >= 0) continue;\n",
    }],
  },
  {
    name: "operations without a deadline",
    why: "what is not answered stays for ever",
    seedsMax: 50,
    changes: [{
      file: operation,
      find: "if (monotonicMs >= this.deadlineMs) {",
      replace: "if (monotonicMs >= this.deadlineMs * 1e9) {",
    }],
  },
  {
    name: "owners by the number of members",
    why: "one more member moves nearly everything",
    seedsMax: 50,
    changes: [{
      file: placement,
      find: "const start = this.#firstPoint(mix32(partition ^ 0x7f4a7c15));",
      replace: "const start = this.#firstPoint(mix32(partition * this.members.length));",
    }],
  },
];
