/**
 * Linearizability checker: can a history of concurrent operations be explained by one order in
 * which each took effect at a moment between its call and its return?
 *
 * Wing and Gong's search with Lowe's memory of what was tried: a configuration is the set of
 * operations that have taken effect and the state they led to. Keys are independent, so a history
 * is checked key by key. An operation with an unknown outcome may take effect at any time after its
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
const configurationsMax = 500_000;

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
  readonly at: number;
  /** The return of a call; undefined in a return, and in a call whose outcome is unknown. */
  matching: Event | undefined;
  previous: Event | undefined;
  next: Event | undefined;
}

interface Step<State> {
  readonly call: Event;
  readonly state: State;
}

/**
 * The search for one key. Operations whose outcome is unknown stand in a list of their own: they
 * are tried only when no other can be next, since most of them explain nothing.
 */
class Search<State, Call, Result> {
  readonly #operations: readonly Operation<Call, Result>[];
  readonly #model: Model<State, Call, Result>;
  readonly #completed: Event;
  readonly #unknown: Event;
  readonly #done: Uint32Array;
  readonly #seen = new Set<string>();
  readonly #path: Step<State>[] = [];
  deepest = 0;
  isGivenUp = false;

  constructor(
    operations: readonly Operation<Call, Result>[],
    model: Model<State, Call, Result>,
  ) {
    this.#operations = operations;
    this.#model = model;
    const numbers = [...operations.keys()];
    const isCompleted = (number: number) => operations[number]?.result !== undefined;
    this.#completed = link(operations, numbers.filter(isCompleted), true);
    this.#unknown = link(operations, numbers.filter((number) => !isCompleted(number)), false);
    this.#done = new Uint32Array(Math.ceil(operations.length / 32));
  }

  /** Whether there is an order. */
  run(): boolean {
    let state = this.#model.initial;
    let event = this.#candidate(this.#completed.next);
    while (this.#completed.next !== undefined) {
      if (event === undefined) {
        // Nothing left to try here: one step back.
        const last = this.#path.pop();
        if (last === undefined) return false;
        this.#putBack(last.call);
        state = last.state;
        event = this.#after(last.call);
        continue;
      }
      const after = this.#effect(event, state);
      if (after === undefined) {
        event = this.#after(event);
        continue;
      }
      if (this.#seen.size > configurationsMax) {
        this.isGivenUp = true;
        return false;
      }
      this.#path.push({ call: event, state });
      this.#take(event);
      state = after;
      event = this.#candidate(this.#completed.next);
    }
    return true;
  }

  /** The call to try after this one. */
  #after(call: Event): Event | undefined {
    return this.#isUnknown(call) ? this.#called(call.next) : this.#candidate(call.next);
  }

  /** The event if it is a call, else the first unknown one: no operation passes a return. */
  #candidate(event: Event | undefined): Event | undefined {
    return event?.matching !== undefined ? event : this.#called(this.#unknown.next);
  }

  /** An unknown call, if it was made before the first return that is left. */
  #called(event: Event | undefined): Event | undefined {
    let first = this.#completed.next;
    while (first?.matching !== undefined) first = first.next;
    return event !== undefined && first !== undefined && event.at <= first.at ? event : undefined;
  }

  #isUnknown(call: Event): boolean {
    return this.#operations[call.operation]?.result === undefined;
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
    this.deepest = Math.max(this.deepest, this.#path.length);
  }

  #putBack(call: Event): void {
    this.#flip(call.operation);
    if (call.matching !== undefined) relink(call.matching);
    relink(call);
  }

  #flip(operation: number): void {
    const word = operation >>> 5;
    this.#done[word] = (this.#done[word] ?? 0) ^ (1 << (operation & 31));
  }
}

/** Puts calls, and returns if they count, in the order of time behind a head. */
function link<Call, Result>(
  operations: readonly Operation<Call, Result>[],
  numbers: readonly number[],
  withReturns: boolean,
): Event {
  const events = numbers.flatMap((number) => {
    const { calledAt = 0, returnedAt = 0 } = operations[number] ?? {};
    const call = event(number, calledAt);
    if (!withReturns) return [call];
    call.matching = event(number, returnedAt);
    return [call, call.matching];
  });
  // At the same moment calls come first: the operations count as concurrent.
  const rank = ({ matching }: Event) => matching === undefined ? 1 : 0;
  events.sort((a, b) => a.at - b.at || rank(a) - rank(b));
  const head = event(-1, -Infinity);
  let last = head;
  for (const each of events) {
    each.previous = last;
    last.next = each;
    last = each;
  }
  return head;
}

function event(operation: number, at: number): Event {
  return { operation, at, matching: undefined, previous: undefined, next: undefined };
}

function unlink(event: Event): void {
  if (event.previous !== undefined) event.previous.next = event.next;
  if (event.next !== undefined) event.next.previous = event.previous;
}

function relink(event: Event): void {
  if (event.previous !== undefined) event.previous.next = event;
  if (event.next !== undefined) event.next.previous = event;
}
