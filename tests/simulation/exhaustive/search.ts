/**
 * Every run of one slot with three nodes, up to a number of phases: all orders in which messages
 * may arrive over links that keep their order, with links that break at any message.
 *
 * A node's state follows from what it has sent and received, so a state of the cluster is which
 * messages have arrived where, and in which order they made nodes send. Breadth first over such
 * states; those that differ only in the names of nodes with equal proposals count as one.
 *
 * @module
 */
import type { Bit, SlotMessage, Value } from "../../../src/protocol/consensus/message.ts";
import { stepOf } from "../../../src/consensus/slot/slot_protocol.ts";
import { WeakMvc } from "../../../src/consensus/slot/weak_mvc.ts";

/** One node: what it sent, by step, and how many steps of each node have arrived. */
interface NodeState {
  readonly sent: readonly SlotMessage[];
  /** For each node a bit set of the steps that have arrived. */
  readonly arrived: readonly number[];
}

type State = readonly NodeState[];

/** What a search found. */
export interface SearchResult {
  readonly states: number;
  /** Values that some node decides in some run. */
  readonly decided: ReadonlySet<Value>;
  /** States in which everything has arrived and a node is undecided, below the last phase. */
  readonly stuck: number;
  /** A run's end in which two nodes disagree. */
  readonly disagreement: readonly (Value | undefined)[] | undefined;
}

const names = ["a", "b", "c"];

/** Searches all runs in which the nodes propose these values; `coins` by phase, from 1. */
export function searchAll(
  proposals: readonly Value[],
  coins: readonly Bit[],
  phasesMax: number,
): SearchResult {
  const stepsMax = 2 * phasesMax + 1;
  const context = { coin: (_: number, phase: number) => coins[phase - 1] ?? 0, stepsMax };
  const initial = proposals.map((value, index): NodeState => {
    const sent: SlotMessage[] = [{ type: "proposal", slot: 0, value }];
    return { sent, arrived: names.map((_, from) => from === index ? 1 : 0) };
  });
  const equals = permutations(proposals);
  const seen = new Set([keyOf(initial, equals)]);
  let frontier: State[] = [initial];
  const decided = new Set<Value>();
  let stuck = 0;
  while (frontier.length > 0) {
    const next: State[] = [];
    for (const state of frontier) {
      const outcomes = state.map((node, index) => build(node, index, state, context).decision);
      const known = outcomes.filter((value) => value !== undefined);
      for (const value of known) decided.add(value);
      if (new Set(known).size > 1) {
        return { states: seen.size, decided, stuck, disagreement: outcomes };
      }
      const successors = [...successorsOf(state, context)];
      if (successors.length === 0 && known.length < names.length && !isCut(state, context)) stuck++;
      for (const successor of successors) {
        const key = keyOf(successor, equals);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(successor);
      }
    }
    frontier = next;
  }
  return { states: seen.size, decided, stuck, disagreement: undefined };
}

interface SearchContext {
  readonly coin: (slot: number, phase: number) => Bit;
  readonly stepsMax: number;
}

/** Whether a node would go on beyond the last phase. */
function isCut(state: State, { stepsMax }: SearchContext): boolean {
  return state.some(({ sent }) => stepOf(sent[sent.length - 1] as SlotMessage) >= stepsMax);
}

function* successorsOf(state: State, context: SearchContext): Generator<State> {
  for (const [to, node] of state.entries()) {
    for (const [from, { sent }] of state.entries()) {
      if (from === to) continue;
      for (const message of sent) {
        const bit = 1 << stepOf(message);
        if (((node.arrived[from] ?? 0) & bit) !== 0) continue;
        const arrived = node.arrived.map((bits, index) => index === from ? bits | bit : bits);
        yield state.map((each, index) =>
          index === to ? advance({ sent: node.sent, arrived }, to, state, context) : each
        );
        // Links keep the order of messages.
        break;
      }
    }
  }
}

/** Lets a node send what it can now. */
function advance(
  node: NodeState,
  index: number,
  state: State,
  context: SearchContext,
): NodeState {
  const protocol = build(node, index, state, context);
  const sent = [...node.sent];
  let own = node.arrived[index] ?? 0;
  for (;;) {
    const message = protocol.next(false);
    if (message === undefined || stepOf(message) > context.stepsMax) break;
    protocol.receive(names[index] ?? "", message);
    protocol.confirm(message);
    sent.push(message);
    own |= 1 << stepOf(message);
  }
  return { sent, arrived: node.arrived.map((bits, from) => from === index ? own : bits) };
}

/** The node's protocol, as its messages say it must be. */
function build(
  node: NodeState,
  index: number,
  state: State,
  { coin }: SearchContext,
): WeakMvc {
  const self = names[index] ?? "";
  const protocol = new WeakMvc({ slot: 0, self, members: names, coin });
  protocol.resume(node.sent);
  for (const [from, bits] of node.arrived.entries()) {
    if (from === index) continue;
    for (const message of state[from]?.sent ?? []) {
      if ((bits & (1 << stepOf(message))) !== 0) protocol.receive(names[from] ?? "", message);
    }
  }
  return protocol;
}

/** Renamings of the nodes under which the proposals stay the same. */
function permutations(proposals: readonly Value[]): number[][] {
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  return orders.filter((order) => order.every((to, from) => proposals[from] === proposals[to]));
}

/** Equal text for states that differ in the names of nodes only. */
function keyOf(state: State, orders: readonly number[][]): string {
  let best = "";
  for (const order of orders) {
    const text = order.map((index) => {
      const { sent, arrived } = state[index] as NodeState;
      return `${order.map((from) => arrived[from]).join()}:${sent.map(contentOf).join("")}`;
    }).join("|");
    if (best === "" || text < best) best = text;
  }
  return best;
}

function contentOf(message: SlotMessage): string {
  if (message.type === "proposal") return `p${message.value}`;
  const known = message.value === undefined ? "-" : message.value;
  return message.type === "vote" ? `v${message.vote}${known}` : `s${message.bit}${known}`;
}
