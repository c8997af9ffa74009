import assert from "node:assert/strict";
import { ByteReader, ByteWriter, DecodeError } from "../base/codec.ts";
import type { Applied, Command } from "../protocol/store/command.ts";
import { Sessions } from "./sessions.ts";

const done: Applied = { outcome: "done", revision: 7, succeeded: true, deleted: 1 };
const straggler: Applied = { outcome: "stale", revision: 0, succeeded: false, deleted: 0 };

function command(sequence: number, changes: Partial<Command> = {}): Command {
  return {
    node: "n1",
    incarnation: 1,
    sequence,
    acknowledgedBelow: 0,
    writer: "user",
    transaction: { compare: [], then: [], otherwise: [] },
    ...changes,
  };
}

function bytesOf(sessions: Sessions): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  sessions.write(writer);
  return writer.take();
}

Deno.test("Sessions.find() knows nothing of a new command, and answers a repeated one", () => {
  const sessions = new Sessions();
  assert.equal(sessions.find(command(1)), undefined);
  sessions.remember(command(1), done);
  assert.deepEqual(sessions.find(command(1)), done);
  assert.equal(sessions.find(command(2)), undefined);
  assert.equal(sessions.find(command(1, { node: "n2" })), undefined);
});

Deno.test("Sessions forget acknowledged answers and refuse their commands for ever", () => {
  const sessions = new Sessions();
  for (const sequence of [1, 2, 3]) sessions.remember(command(sequence), done);
  const kept = bytesOf(sessions).length;
  sessions.remember(command(4, { acknowledgedBelow: 3 }), done);
  assert.deepEqual(sessions.find(command(2)), straggler);
  assert.deepEqual(sessions.find(command(3)), done);
  assert.deepEqual(sessions.find(command(4)), done);
  assert.ok(bytesOf(sessions).length < kept, "two of four answers are gone");
});

Deno.test("Sessions never take an acknowledgement back", () => {
  const sessions = new Sessions();
  sessions.remember(command(5, { acknowledgedBelow: 4 }), done);
  sessions.remember(command(6, { acknowledgedBelow: 2 }), done);
  assert.deepEqual(sessions.find(command(3)), straggler);
});

Deno.test("Sessions end with the next incarnation of their node", () => {
  const sessions = new Sessions();
  assert.equal(sessions.incarnationOf("n1"), 0);
  sessions.remember(command(1), done);
  assert.equal(sessions.incarnationOf("n1"), 1);
  const next = command(1, { incarnation: 2 });
  assert.equal(sessions.find(next), undefined, "numbers start again");
  sessions.remember(next, { ...done, revision: 9 });
  assert.equal(sessions.incarnationOf("n1"), 2);
  assert.deepEqual(sessions.find(command(1)), straggler, "the former life is over");
  assert.deepEqual(sessions.find(command(2)), straggler);
});

Deno.test("Sessions.read() gives back what was written, in whatever order it came", () => {
  const one = new Sessions();
  const two = new Sessions();
  const commands = [
    command(2, { node: "b" }),
    command(1, { node: "b" }),
    command(3, { node: "a", acknowledgedBelow: 2 }),
  ];
  for (const each of commands) one.remember(each, done);
  for (const each of commands.toReversed()) two.remember(each, done);
  assert.deepEqual(bytesOf(one), bytesOf(two), "equal sessions have equal bytes");
  const read = Sessions.read(new ByteReader(bytesOf(one)));
  assert.deepEqual(bytesOf(read), bytesOf(one));
  assert.deepEqual(read.find(command(1, { node: "b" })), done);
  assert.deepEqual(read.find(command(1, { node: "a" })), straggler);
});

Deno.test("Sessions.read() refuses an outcome it does not know", () => {
  const bytes = new ByteWriter().list([0], (_, to) => {
    to.string("n1").varint(1).varint(0).list([0], (_, into) => into.varint(1).u8(255));
  }).take();
  assert.throws(() => Sessions.read(new ByteReader(bytes)), DecodeError);
});
