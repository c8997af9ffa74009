/**
 * The planted bugs: mistakes that consensus implementations have made, each as a change of one
 * place of the source. They exist in copies of the tree only; see `planted.ts`.
 *
 * @module
 */

/** A mistake to plant. */
export interface PlantedBug {
  readonly name: string;
  /** What goes wrong, in a few words. */
  readonly why: string;
  readonly changes: readonly Change[];
  /** How many seeds may be needed to find it. */
  readonly seedsMax: number;
}

/** A replacement of text that occurs exactly once in a file. */
export interface Change {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const weakMvc = "src/consensus/slot/weak_mvc.ts";
const engine = "src/consensus/engine.ts";
const pipeline = "src/consensus/pipeline.ts";
const host = "tests/simulation/host.ts";

/** All planted bugs. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: "decide in the first round at n - f equal proposals",
    why: "others see fewer of them and may decide nothing",
    seedsMax: 500,
    changes: [
      {
        file: weakMvc,
        find: "this.#proposals.size < majority + faults) return;",
        replace: "this.#proposals.size < majority) return;",
      },
      {
        file: weakMvc,
        find: "if (count < majority + faults) return;",
        replace: "if (count < majority) return;",
      },
    ],
  },
  {
    name: "decide the coin",
    why: "another node may have seen a real vote",
    seedsMax: 500,
    changes: [{
      file: weakMvc,
      find: "    const bit: Bit = ones > 0 ?",
      replace: "    if (phase > 0 && ones + zeros === 0) {\n" +
        '      this.decide(unseen === 1 ? this.#known ?? "" : "");\n      return undefined;\n' +
        "    }\n" +
        "    const bit: Bit = ones > 0 ?",
    }],
  },
  {
    name: "give a slot up after its first phase",
    why: "slot and phase are different things: others may decide it in the next phase",
    seedsMax: 500,
    changes: [{
      file: weakMvc,
      find: "    const { slot, coin } = this.#context;\n    assert(phase",
      replace: '    this.decide("");\n    if (phase === 0) return undefined;\n' +
        "    const { slot, coin } = this.#context;\n    assert(phase",
    }],
  },
  {
    name: "no value in votes and states",
    why: "a node decides 1 without knowing what that is",
    seedsMax: 500,
    changes: [{
      file: weakMvc,
      find: "    else this.#learn(message.value);\n",
      replace: "",
    }],
  },
  {
    name: "decisions reach nobody",
    why: "no answers to messages of decided slots and no catching up: laggards hang",
    seedsMax: 100,
    changes: [
      {
        file: engine,
        find: "if (header.resent || this.#pipeline.slots.isBeyondSent(message)) {",
        replace: "if (slot < 0) {",
      },
      {
        file: engine,
        find: "if (peer !== undefined) this.#outbox",
        replace: 'if (peer === "nobody") this.#outbox',
      },
    ],
  },
  {
    name: "no retransmission",
    why: "a lost message is lost",
    seedsMax: 100,
    changes: [{
      file: pipeline,
      find: 'for (const message of sent) this.#outbox.send("all", message, true);',
      replace: "if (sent.length < 0) return;",
    }],
  },
  {
    name: "rejoin as if nothing had been forgotten",
    why: "a node sends something else than in its former life",
    seedsMax: 500,
    changes: [{
      file: "src/consensus/rejoin.ts",
      find: "this.#abstainUpTo = nonce === undefined ? -1 : Infinity;",
      replace: "this.#abstainUpTo = -1;",
    }],
  },
  {
    name: "rejoin by the answers of fewer than a quorum",
    why: "nobody who answers need have opened the slots that the node took part in",
    seedsMax: 2_000,
    changes: [{
      file: "src/consensus/rejoin.ts",
      find: "if (count < quorum || next <= highest) return;",
      replace: "if (count < 1 || next <= highest) return;",
    }],
  },
  {
    name: "count every message of a sender",
    why: "retransmissions make a quorum of one",
    seedsMax: 100,
    changes: [{
      file: weakMvc,
      find: '  if (known !== undefined) return known === item ? "same" : "conflict";\n' +
        "  items.set(from, item);",
      replace: "  items.set(known === undefined ? from : `${from} again`, item);",
    }],
  },
  {
    name: "a quorum too small by one",
    why: "two quorums need not meet",
    seedsMax: 100,
    changes: [{
      file: "src/consensus/quorum.ts",
      find: "quorum: members - faults,",
      replace: "quorum: Math.max(1, members - faults - 1),",
    }],
  },
  {
    name: "half of an even number is a majority",
    why: "with four nodes two values may have one",
    seedsMax: 1_000,
    changes: [{
      file: "src/consensus/quorum.ts",
      find: "majority: Math.floor(members / 2) + 1",
      replace: "majority: Math.ceil(members / 2)",
    }],
  },
  {
    name: "too few votes decide",
    why: "f votes may be missing in another quorum",
    seedsMax: 500,
    changes: [{
      file: weakMvc,
      find: "if (ones > this.#sizes.faults) {",
      replace: "if (ones > Math.max(0, this.#sizes.faults - 1)) {",
    }],
  },
  {
    name: "apply out of order",
    why: "the slots of one step are applied last first",
    seedsMax: 100,
    changes: [{
      file: "src/consensus/outbox.ts",
      find: "    this.#outputs.push(output);\n",
      replace: '    if (output.type === "apply") this.#outputs.unshift(output);\n' +
        "    else this.#outputs.push(output);\n",
    }],
  },
  {
    name: "send before it is durable",
    why: "a crash forgets what others have counted",
    seedsMax: 500,
    changes: [{
      file: "src/consensus/outbox.ts",
      find: "    this.#holding.push(message);\n    return true;",
      replace: "    return false;",
    }],
  },
  {
    name: "decide by an own vote that is not durable",
    why: "a crash forgets a vote that a decision rests on",
    seedsMax: 2_000,
    changes: [{
      file: weakMvc,
      find: "return step > this.#confirmedStep ? this.#context.self : undefined;",
      replace: "return step > 1e9 ? this.#context.self : undefined;",
    }],
  },
  {
    name: "begin anew after a restart",
    why: "what was sent in the former life is not read back",
    seedsMax: 200,
    changes: [{
      file: pipeline,
      find: "        this.slots.recover(record.message);\n",
      replace: "",
    }],
  },
  {
    name: "lose the sessions in a snapshot",
    why: "a command that is decided twice runs twice",
    seedsMax: 500,
    changes: [{
      file: "src/store/state.ts",
      find: "    this.#sessions = sessions;\n",
      replace: "    this.#sessions = new Sessions();\n",
    }],
  },
  {
    name: "start a new life with the numbers of the former one",
    why: "new commands look like old ones",
    seedsMax: 500,
    changes: [{
      file: "tests/simulation/session.ts",
      find: "      incarnation: this.#life,\n",
      replace: "      incarnation: 1,\n",
    }],
  },
  {
    name: "read at the own last slot",
    why: "a barrier asks nobody and misses acknowledged writes",
    seedsMax: 100,
    changes: [{
      file: "src/consensus/barriers.ts",
      find: "    if (round.answers.size < quorum) return;\n",
      replace: "    if (round.answers.size < 1 && quorum > 0) return;\n",
    }],
  },
  {
    name: "an abstaining node answers reads",
    why: "it says what it opened in this life only",
    seedsMax: 3_000,
    changes: [
      {
        file: engine,
        find: "    if (this.nextSlot <= this.#rejoin.abstainUpTo) return;\n    this.#outbox",
        replace: "    this.#outbox",
      },
      {
        file: engine,
        find: "Math.max(this.#pipeline.maxOpened, this.#rejoin.abstainUpTo, this.nextSlot - 1);",
        replace: "this.#pipeline.maxOpened;",
      },
    ],
  },
  {
    name: "open slots whose members are not known yet",
    why: "a node that catches up votes with the former members",
    seedsMax: 2_000,
    changes: [{
      file: pipeline,
      find: "const end = Math.min(next + this.#options.window, this.#horizon);",
      replace: "const end = next + this.#options.window;",
    }],
  },
  {
    name: "a configuration in force too early",
    why: "slots that are open already have other members",
    seedsMax: 500,
    changes: [{
      file: host,
      find: "const alpha = 2 * options.engine.window;",
      replace: "const alpha = 1;",
    }],
  },
  {
    name: "forget a batch when it is applied first",
    why: "a second slot that names it can never be applied",
    seedsMax: 2_000,
    changes: [{
      file: "src/consensus/batches/waiting_batches.ts",
      find: "    if (found !== undefined) found.isApplied = true;\n",
      replace: "    if (found !== undefined) this.#remove(digest);\n",
    }],
  },
  {
    name: "take up decided slots of a former life",
    why: "they count as open for ever",
    seedsMax: 500,
    changes: [{
      file: "src/consensus/slot/slots.ts",
      find: "if (this.#options.isDecided(known)) this.#recovered.delete(known);",
      replace: "if (known < 0) this.#recovered.delete(known);",
    }],
  },
  {
    name: "never let others go first",
    why: "nodes that open a slot together do so again and again",
    seedsMax: 2_000,
    changes: [{
      file: "src/consensus/slot/opening.ts",
      find: "if (this.#collisions < 2) return 0;",
      replace: "if (this.#collisions < 1e9) return 0;",
    }],
  },
  {
    name: "count a suggestion as a proposal",
    why: "its author may crash and propose something else",
    seedsMax: 2_000,
    changes: [{
      file: pipeline,
      find: "    slot.suggestion ??= { from, value };\n",
      replace: "    slot.suggestion ??= { from, value };\n" +
        '    slot.protocol.receive(from, { type: "proposal", slot: number, value });\n',
    }],
  },
  {
    name: "hope for all proposals for ever",
    why: "one node that is down stops all others",
    seedsMax: 100,
    changes: [{
      file: pipeline,
      find: "    if (this.#nowMs - sentAtMs < hopeMs) return true;\n",
      replace: "    if (this.#nowMs - sentAtMs < Infinity) return true;\n",
    }],
  },
  {
    name: "keep every slot",
    why: "memory grows with the log",
    seedsMax: 20,
    changes: [{
      file: pipeline,
      find: "    this.slots.forgetBefore(this.log.next - this.#options.window);\n",
      replace: "",
    }],
  },
  {
    name: "open slots without a reason",
    why: "an idle cluster sends messages for ever",
    seedsMax: 20,
    changes: [{
      file: "src/consensus/slot/opening.ts",
      find: "if (free.length === 0 && !isGap) {",
      replace: "if (free.length < 0 && !isGap) {",
    }],
  },
];
