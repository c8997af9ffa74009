/**
 * Linearizability checker: can a history of concurrent operations be explained by one order in which
 * each took effect at a moment between its call and its return?
 *
 * Wing and Gong's search with Lowe's memory of what was tried: a configuration is the set of
 * operations that have taken effect and the state they led to. Keys are independent, so a history is
 * checked key by key. An operation with an unknown outcome may take effect at any time after its
 * call, or never. Used by the simulator and for histories of real clusters.
 *
 * @module
 */

/** One operation of a client. */
export interface Operation<Call, Result> {
  readonly key: string;
  readonly call: Call;
  /** Undefined: the outcome is unknown. */
  readonly result: Result | undefined;
  /** Any clock that all clients share. */
  readonly calledAt: number;
  /** Infinity without a result. */
  readonly returnedAt: number;
}

/** What a key does by itself, one operation after the other. */
export interface Model<State, Call, Result> {
  readonly initial: State;
  /** The state afterwards; undefined when the operation cannot have this result. */
  step(state: State, call: Call, result: Result | undefined): State | undefined;
  /** Equal text for equal states. */
  text(state: State): string;
}

/** What the check found. */
export type Verdict =
  | { readonly isLinearizable: true }
  | {
    readonly isLinearizable: false;
    readonly key: string;
    /** Most operations that could be put in an order, of how many. */
    readonly explained: number;
    readonly operations: number;
    /** Whether the search was given up: not proven either way. */
    readonly isGivenUp: boolean;
  };

/** How much is tried for one key before the search is given up. */
const configurationsMax = 2_000_000;

/** Checks a history. */
export function checkLinearizable<State, Call, Result>(
  history: readonly Operation<Call, Result>[],
  model: Model<State, Call, Result>,
): Verdict {
  for (const [key, operations] of Map.groupBy(history, (operation) => operation.key)) {
    const search = new Search(operations, model);
    if (search.run()) continue;
    return {
      isLinearizable: false,
      key,
      explained: search.deepest,
      operations: operations.length,
      isGivenUp: search.isGivenUp,
    };
  }
  return { isLinearizable: true };
}

/** A call or a return in the order of time; doubly linked, so that operations come out and back. */
interface Event {
  readonly operation: number;
  /** The return of a call; undefined in a return. */
  matching: Event | undefined;
  previous: Event | undefined;
  next: Event | undefined;
}

interface Step<State> {
  readonly call: Event;
  readonly state: State;
}

class Search<State, Call, Result> {
  readonly #operations: readonly Operation<Call, Result>[];
  readonly #model: Model<State, Call, Result>;
  readonly #head: Event;
  readonly #done: Uint32Array;
  readonly #seen = new Set<string>();
  readonly #path: Step<State>[] = [];
  /** Completed operations that have not taken effect. */
  #open: number;
  deepest = 0;
  isGivenUp = false;

  constructor(
    operations: readonly Operation<Call, Result>[],
    model: Model<State, Call, Result>,
  ) {
    this.#operations = operations;
    this.#model = model;
    this.#head = link(operations);
    this.#done = new Uint32Array(Math.ceil(operations.length / 32));
    this.#open = operations.filter(({ result }) => result !== undefined).length;
  }

  /** Whether there is an order. */
  run(): boolean {
    let state = this.#model.initial;
    let event = this.#head.next;
    while (this.#open > 0) {
      if (event?.matching !== undefined) {
        const after = this.#effect(event, state);
        if (after !== undefined) {
          this.#path.push({ call: event, state });
          this.#take(event);
          state = after;
          event = this.#head.next;
          continue;
        }
        event = event.next;
        continue;
      }
      // A return whose call has not taken effect, or nothing left to try: one step back.
      const last = this.#path.pop();
      if (last === undefined) return false;
      this.#putBack(last.call);
      state = last.state;
      event = last.call.next;
      if (this.#seen.size > configurationsMax) {
        this.isGivenUp = true;
        return false;
      }
    }
    return true;
  }

  /** The state after an operation, if it is possible here and was not tried before. */
  #effect(event: Event, state: State): State | undefined {
    const operation = this.#operations[event.operation];
    if (operation === undefined) return undefined;
    const after = this.#model.step(state, operation.call, operation.result);
    if (after === undefined) return undefined;
    this.#flip(event.operation);
    const configuration = `${this.#done.join()};${this.#model.text(after)}`;
    this.#flip(event.operation);
    if (this.#seen.has(configuration)) return undefined;
    this.#seen.add(configuration);
    return after;
  }

  #take(call: Event): void {
    this.#flip(call.operation);
    unlink(call);
    if (call.matching !== undefined) unlink(call.matching);
    if (this.#operations[call.operation]?.result !== undefined) this.#open--;
    this.deepest = Math.max(this.deepest, this.#path.length);
  }

  #putBack(call: Event): void {
    this.#flip(call.operation);
    if (call.matching !== undefined) relink(call.matching);
    relink(call);
    if (this.#operations[call.operation]?.result !== undefined) this.#open++;
  }

  #flip(operation: number): void {
    const word = operation >>> 5;
    this.#done[word] = (this.#done[word] ?? 0) ^ (1 << (operation & 31));
  }
}

/** Puts calls and returns in the order of time behind a head. */
function link<Call, Result>(operations: readonly Operation<Call, Result>[]): Event {
  const moments = operations.flatMap((operation, index) => {
    const returned: Event = event(index);
    const call: Event = { ...event(index), matching: returned };
    return [
      { at: operation.calledAt, isReturn: false, event: call },
      { at: operation.returnedAt, isReturn: true, event: returned },
    ];
  });
  // At the same moment calls come first: the operations count as concurrent.
  moments.sort((a, b) => compare(a.at, b.at) || Number(a.isReturn) - Number(b.isReturn));
  const head = event(-1);
  let last = head;
  for (const { event: each } of moments) {
    each.previous = last;
    last.next = each;
    last = each;
  }
  return head;
}

function compare(a: number, b: number): number {
  // Infinity minus Infinity is no number.
  return a === b ? 0 : a - b;
}

function event(operation: number): Event {
  return { operation, matching: undefined, previous: undefined, next: undefined };
}

function unlink(event: Event): void {
  if (event.previous !== undefined) event.previous.next = event.next;
  if (event.next !== undefined) event.next.previous = event.previous;
}

function relink(event: Event): void {
  if (event.previous !== undefined) event.previous.next = event;
  if (event.next !== undefined) event.next.previous = event;
}
