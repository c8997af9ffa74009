/**
 * Dead letters: what was tried as often as it may be and failed, kept in the store until somebody
 * looks at it.
 *
 * Topics and schedules add them; operators retry and purge them through the API. A letter has the
 * same id however often it is added, so that adding it again does nothing more.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { AetherError } from "../../base/errors.ts";
import { keys } from "../../protocol/keys.ts";
import { deliveryInput } from "../../protocol/messaging/delivery.ts";
import type { DeadLetter, DeadLetterSource } from "../../protocol/messaging/values.ts";
import type { InternalCall, InternalOutcome } from "../../protocol/thread/internal_calls.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { type Stored, storedValue, storedValues } from "../control/views.ts";

const lettersMax = 10_000;
const bytesMax = 64 * 1024 * 1024;
const causeLengthMax = 2_000;
const purgeBatch = 500;
const decoder = new TextDecoder();

/** What dead letters need. */
export interface DeadLettersOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "readBarrier">;
  /** Makes a call again. */
  call(call: InternalCall): Promise<InternalOutcome>;
  /** Letters that are kept, all together. @default {10000} */
  readonly lettersMax?: number;
  /** Bytes that they have in the store, all together. @default {64 MiB} */
  readonly bytesMax?: number;
}

/** Which letters are meant; what is left out says nothing. */
export interface DeadLetterFilter {
  readonly kind?: DeadLetterSource["kind"] | undefined;
  readonly contract?: string | undefined;
  readonly topic?: string | undefined;
}

/** A letter under its id. */
export type IdentifiedLetter = DeadLetter & { readonly id: string };

/** The dead letters of the cluster. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /**
   * Keeps a letter; answers its id.
   *
   * @throws {AetherError} DEAD_LETTERS_FULL when there is no room: keep what it is about and come
   * back. NOT_PROPOSED and OUTCOME_UNKNOWN as all writes.
   */
  async add(letter: DeadLetter): Promise<string> {
    const id = deadLetterId(letter);
    const key = keys.deadLetter.key(id);
    const { store } = this.#options;
    if (store.state.get(key) === undefined) this.#requireRoom(letter);
    const { cause } = letter;
    const kept = {
      ...letter,
      cause: { ...cause, message: cause.message.slice(0, causeLengthMax) },
    };
    await this.#propose([keys.deadLetter.put(key, kept)]);
    return id;
  }

  /** Letters that the filter lets through, in the order of their ids. Linearizable. */
  async list(filter: DeadLetterFilter = {}): Promise<IdentifiedLetter[]> {
    await this.#options.store.readBarrier();
    return this.#all().filter(({ value }) => matches(value, filter)).map(identified);
  }

  /**
   * One letter. Linearizable.
   *
   * @throws {AetherError} DEAD_LETTER_NOT_FOUND
   */
  async get(id: string): Promise<IdentifiedLetter> {
    await this.#options.store.readBarrier();
    const stored = storedValue(this.#options.store.state, keys.deadLetter, keys.deadLetter.key(id));
    if (stored !== undefined) return identified(stored);
    throw new AetherError("DEAD_LETTER_NOT_FOUND", `There is no dead letter "${id}"`);
  }

  /**
   * Lets the slice try again, once; a letter that it handles goes, another one notes the attempt.
   *
   * @throws {AetherError} DEAD_LETTER_NOT_FOUND, or DEAD_LETTER_REFUSED with the new cause.
   */
  async retry(id: string, nowMs: number): Promise<void> {
    const letter = await this.get(id);
    const attempts = letter.attempts + 1;
    const outcome = await this.#options.call(callOf(letter, attempts));
    if (outcome.kind === "output") {
      await this.#propose([{ type: "delete", key: keys.deadLetter.key(id) }]);
      return;
    }
    const cause = causeOf(outcome);
    // What certainly was not executed is no attempt.
    const counted = outcome.kind === "notExecuted" ? letter.attempts : attempts;
    const { id: _, ...kept } = letter;
    await this.add({ ...kept, cause, attempts: counted, lastAttemptAtMs: nowMs });
    throw new AetherError(
      "DEAD_LETTER_REFUSED",
      `${letter.contract} ${letter.method} did not handle it: ${cause.code}: ${cause.message}`,
    );
  }

  /** Forgets letters for good; answers how many. */
  async purge(ids: readonly string[]): Promise<number> {
    let count = 0;
    for (let from = 0; from < ids.length; from += purgeBatch) {
      const batch = ids.slice(from, from + purgeBatch);
      const { deleted } = await this.#propose(
        batch.map((id) => ({ type: "delete", key: keys.deadLetter.key(id) }) as const),
      );
      count += deleted;
    }
    return count;
  }

  #all(): Stored<DeadLetter>[] {
    return storedValues(this.#options.store.state, keys.deadLetter);
  }

  #requireRoom(letter: DeadLetter): void {
    const { lettersMax: letters = lettersMax, bytesMax: maxBytes = bytesMax } = this.#options;
    let count = 1;
    let bytes = letter.bytes.length;
    for (const [, entry] of this.#options.store.state.entries(keys.deadLetter.prefix)) {
      count++;
      bytes += entry.value.length;
    }
    if (count <= letters && bytes <= maxBytes) return;
    throw new AetherError(
      "DEAD_LETTERS_FULL",
      `${count - 1} dead letters are kept; the limits are ${letters} letters and ${maxBytes} bytes`,
    );
  }

  #propose(then: Parameters<ReplicatedStore["propose"]>[1]["then"]) {
    return this.#options.store.propose("node", { compare: [], then, otherwise: [] });
  }
}

/** The id of a letter: the same for the same message and subscription, or schedule and time. */
function deadLetterId({ source, contract, method }: DeadLetter): string {
  const place = source.kind === "topic"
    ? [source.topic, source.partition, source.offset]
    : [source.schedule, source.dueAtMs];
  const text = JSON.stringify([source.kind, ...place, contract, method]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Why a call did not succeed, in the form of a letter's cause. */
export function causeOf(
  outcome: Exclude<InternalOutcome, { readonly kind: "output" }>,
): DeadLetter["cause"] {
  const { problem } = outcome;
  const message = "detail" in problem ? problem.detail : String(problem);
  return { code: problem.code, message: message.slice(0, causeLengthMax) };
}

/** The call that a letter is about. */
function callOf(letter: DeadLetter, attempt: number): InternalCall {
  const { source, contract, method } = letter;
  const text = decoder.decode(Uint8Array.fromBase64(letter.bytes));
  const input = source.kind === "schedule" ? text : deliveryInput({ ...source, attempt }, text);
  return { origin: source.kind, contract, method, input, timeoutMs: 600_000 };
}

function identified({ key, value }: Stored<DeadLetter>): IdentifiedLetter {
  return { id: keys.deadLetter.parts(key)[0] ?? "", ...value };
}

function matches(letter: DeadLetter, { kind, contract, topic }: DeadLetterFilter): boolean {
  const { source } = letter;
  return (kind === undefined || kind === source.kind) &&
    (contract === undefined || contract === letter.contract) &&
    (topic === undefined || (source.kind === "topic" && source.topic === topic));
}
