/**
 * Answers of transactions that came with an idempotency key, so that a repeated one does nothing.
 *
 * Part of the replicated state and bounded in it: an answer is forgotten ten minutes of log time
 * after it was given, or when 10,000 newer ones came. Sessions are something else: they protect
 * against the log carrying a command twice, this against a caller sending a request twice.
 *
 * @module
 */
import { type ByteReader, type ByteWriter, DecodeError } from "../base/codec.ts";
import { type Applied, idBytesMax, type Idempotency } from "../protocol/store/command.ts";
import { readApplied, writeApplied } from "./applied.ts";

const answersMax = 10_000;
const keptMs = 600_000;

interface Answer {
  readonly fingerprint: string;
  readonly expiresAtMs: number;
  readonly applied: Applied;
}

/** Answers by idempotency key, oldest first. */
export class IdempotentAnswers {
  readonly #answers = new Map<string, Answer>();

  /** Answers that are kept. */
  get size(): number {
    return this.#answers.size;
  }

  /** The answer given before; "mismatch" when the key stands for another request. */
  find({ key, fingerprint }: Idempotency): Applied | "mismatch" | undefined {
    const answer = this.#answers.get(key);
    if (answer === undefined) return undefined;
    return answer.fingerprint === fingerprint ? answer.applied : "mismatch";
  }

  /** Keeps an answer. */
  remember({ key, fingerprint }: Idempotency, applied: Applied, nowMs: number): void {
    const oldest = this.#answers.keys().next();
    if (this.#answers.size >= answersMax && !oldest.done) this.#answers.delete(oldest.value);
    this.#answers.set(key, { fingerprint, expiresAtMs: nowMs + keptMs, applied });
  }

  /** Forgets what is too old. */
  expire(nowMs: number): void {
    // Log time never goes back, so older answers expire first.
    for (const [key, { expiresAtMs }] of this.#answers) {
      if (expiresAtMs > nowMs) return;
      this.#answers.delete(key);
    }
  }

  /** Writes all answers, oldest first. */
  write(writer: ByteWriter): void {
    writer.list([...this.#answers], ([key, { fingerprint, expiresAtMs, applied }], to) => {
      to.string(key).string(fingerprint).varint(expiresAtMs);
      writeApplied(applied, to);
    });
  }

  /** Reads what {@link IdempotentAnswers.write} wrote. */
  static read(reader: ByteReader): IdempotentAnswers {
    const answers = new IdempotentAnswers();
    reader.list(answersMax, (from) => {
      const offset = from.offset;
      const key = from.string(idBytesMax);
      const fingerprint = from.string(idBytesMax);
      const expiresAtMs = from.varint();
      const applied = readApplied(from);
      if (answers.#answers.has(key)) throw new DecodeError("Answer appears twice", offset);
      answers.#answers.set(key, { fingerprint, expiresAtMs, applied });
    });
    return answers;
  }
}
