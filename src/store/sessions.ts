/**
 * Sessions: each command is executed once, however often the log carries it.
 *
 * A session is a node in one incarnation. Answers are kept until the node acknowledges them; a new
 * incarnation ends the former one. Part of the replicated state.
 *
 * @module
 */
import type { ByteReader, ByteWriter } from "../base/codec.ts";
import type { Applied, Command } from "../protocol/store/command.ts";
import { readApplied, writeApplied } from "./applied.ts";

const answersMax = 100_000;
const sessionsMax = 10_000;
const forgetAtMin = 64;

interface Session {
  incarnation: number;
  acknowledgedBelow: number;
  /** Acknowledged answers among them count as forgotten, and go when there are many. */
  readonly answers: Map<number, Applied>;
  /** Size of the answers at which to look for acknowledged ones. */
  forgetAt: number;
}

/** Answers by node and command number. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();

  /** Incarnation of a node's newest session; 0 when it has none. */
  incarnationOf(node: string): number {
    return this.#sessions.get(node)?.incarnation ?? 0;
  }

  /** The answer of a command that was applied before; undefined when it is new. */
  find(command: Command): Applied | undefined {
    const session = this.#sessions.get(command.node);
    if (session === undefined || command.incarnation > session.incarnation) return undefined;
    const gone = command.incarnation < session.incarnation ||
      command.sequence < session.acknowledgedBelow;
    // A straggler of the past: its answer is not wanted any more, and it must not run again.
    if (gone) return { outcome: "stale", revision: 0, succeeded: false, deleted: 0 };
    return session.answers.get(command.sequence);
  }

  /** Keeps an answer. */
  remember(command: Command, applied: Applied): void {
    let session = this.#sessions.get(command.node);
    if (session === undefined || session.incarnation < command.incarnation) {
      session = {
        incarnation: command.incarnation,
        acknowledgedBelow: 0,
        answers: new Map(),
        forgetAt: forgetAtMin,
      };
      this.#sessions.set(command.node, session);
    }
    session.answers.set(command.sequence, applied);
    if (command.acknowledgedBelow <= session.acknowledgedBelow) return;
    session.acknowledgedBelow = command.acknowledgedBelow;
    if (session.answers.size >= session.forgetAt) forget(session);
  }

  /** Writes all sessions in a fixed order. */
  write(writer: ByteWriter): void {
    const sorted = [...this.#sessions].sort(([a], [b]) => a < b ? -1 : 1);
    writer.list(sorted, ([node, session], to) => {
      to.string(node).varint(session.incarnation).varint(session.acknowledgedBelow);
      forget(session);
      const answers = [...session.answers].sort(([a], [b]) => a - b);
      to.list(answers, ([sequence, applied], into) => {
        into.varint(sequence);
        writeApplied(applied, into);
      });
    });
  }

  /** Reads what {@link Sessions.write} wrote. */
  static read(reader: ByteReader): Sessions {
    const sessions = new Sessions();
    const rows = reader.list(sessionsMax, (from) => {
      const node = from.string(64);
      const incarnation = from.varint();
      const acknowledgedBelow = from.varint();
      const answers = new Map(from.list(answersMax, readAnswer));
      return [node, { incarnation, acknowledgedBelow, answers, forgetAt: forgetAtMin }] as const;
    });
    for (const [node, session] of rows) sessions.#sessions.set(node, { ...session });
    return sessions;
  }
}

function forget(session: Session): void {
  for (const sequence of session.answers.keys()) {
    if (sequence < session.acknowledgedBelow) session.answers.delete(sequence);
  }
  session.forgetAt = Math.max(forgetAtMin, 2 * session.answers.size);
}

function readAnswer(reader: ByteReader): readonly [number, Applied] {
  const sequence = reader.varint();
  return [sequence, readApplied(reader)];
}
