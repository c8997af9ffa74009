import assert from "node:assert/strict";
import { ByteReader, ByteWriter, DecodeError } from "../base/codec.ts";
import { outcomes } from "../protocol/store/command.ts";
import { readApplied, writeApplied } from "./applied.ts";

Deno.test("readApplied() reads what writeApplied() wrote, and no other outcome", () => {
  for (const outcome of outcomes) {
    const applied = { outcome, revision: 300, succeeded: outcome === "done", deleted: 2 };
    const writer = new ByteWriter();
    writeApplied(applied, writer);
    assert.deepEqual(readApplied(new ByteReader(writer.take())), applied);
  }
  const unknown = new ByteWriter().u8(outcomes.length).varint(1).u8(1).varint(0).take();
  assert.throws(() => readApplied(new ByteReader(unknown)), DecodeError);
});
