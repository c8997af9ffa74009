/**
 * One row of the table of misuses, and how its refusal is checked.
 *
 * @module
 */
import assert from "node:assert/strict";
import { AetherError } from "../../src/base/errors.ts";
import { buildSlice } from "../../src/artifact/build.ts";
import { sliceTools } from "../../src/forge/tools.ts";
import { type Files, withFolder } from "../fixtures/slices/temporary.ts";

/** A misuse with what its refusal must say. */
export interface Misuse {
  readonly what: string;
  /** Builds or deploys it; rejects. */
  readonly give: () => Promise<unknown>;
  /** Name of the error. */
  readonly code: string;
  /** Text that says where, in the message or an issue. */
  readonly place: string | RegExp;
  /** Text that says what to do, in the message, an issue or the hint. */
  readonly fix: string | RegExp;
}

/** Builds a folder of these files; without types unless asked for, which takes seconds. */
export function buildOf(files: Files, { check = false } = {}): Misuse["give"] {
  return () =>
    withFolder(files, async (dir) => {
      await buildSlice(dir, { ...sliceTools(), check });
    });
}

/** Gives a misuse and checks everything that the refusal says. */
export async function checkMisuse({ give, code, place, fix }: Misuse): Promise<void> {
  const error = await give().then(() => assert.fail("It was taken"), (thrown) => thrown);
  assert.ok(error instanceof AetherError, String(error?.stack ?? error));
  const issues = error.issues.map(({ path, message, line }) =>
    `${path}${line === undefined ? "" : `:${line}`}: ${message}`
  );
  const message = [error.message, ...issues].join("\n");
  assert.equal(error.name, code, message);
  assert.ok(includes(message, place), `The place ${place} is not named:\n${message}`);
  const advice = `${message}\n${error.hint}`;
  assert.ok(includes(advice, fix), `The fix ${fix} is not named:\n${advice}`);
}

function includes(text: string, part: string | RegExp): boolean {
  return typeof part === "string" ? text.includes(part) : part.test(text);
}
