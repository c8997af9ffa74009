/**
 * One row of the table of wrong inputs, and how its answer is checked.
 *
 * @module
 */
import assert from "node:assert/strict";
import { errorByCode } from "../../src/base/error_catalog.ts";
import type { Problem } from "../../src/base/errors.ts";
import type { Node } from "./node.ts";
import type { World } from "./world.ts";

/** Where a wrong input is tried: a node with the echo slice, and a folder. */
export interface Place {
  readonly world: World;
  readonly node: Node;
}

/** What came back. */
export interface Refusal {
  /** Exit code of the command, or status of the answer. */
  readonly result: number;
  readonly problem: Problem;
}

/** A wrong input with what its refusal must say. */
export interface WrongInput {
  readonly what: string;
  /** Gives it to the program. */
  readonly give: (place: Place) => Promise<Refusal>;
  /** The error code. */
  readonly code: string;
  /** Exit code or status. */
  readonly result: number;
  /** Text that names the offending value, in the message or an issue. */
  readonly names: string | RegExp;
  /** Text that says what to do, in the message, an issue or the hint. */
  readonly fix: string | RegExp;
}

/** Gives a row to the program and checks everything that it says. */
export async function checkRefusal(place: Place, row: WrongInput): Promise<void> {
  const { result, problem } = await row.give(place);
  const shown = JSON.stringify(problem);
  assert.equal(problem.code, row.code, shown);
  assert.equal(problem.name, errorByCode(row.code)?.name);
  assert.equal(result, row.result, shown);
  assert.doesNotMatch(problem.detail, /\.$/);
  const issues = (problem.issues ?? []).map(({ path, message }) => `${path}: ${message}`);
  const message = [problem.detail, ...issues].join("\n");
  assert.ok(includes(message, row.names), `The message does not name ${row.names}: ${shown}`);
  const advice = `${message}\n${problem.hint}`;
  assert.ok(includes(advice, row.fix), `The fix ${row.fix} is not named: ${shown}`);
}

function includes(text: string, part: string | RegExp): boolean {
  return typeof part === "string" ? text.includes(part) : part.test(text);
}

/** Runs a command against the node; `FILE` in a word is the world's folder. */
export function command(
  words: readonly string[],
  options: { stdin?: string; env?: Record<string, string> } = {},
): WrongInput["give"] {
  return async ({ world, node }) => {
    const filled = words.map((word) => word.replaceAll("FOLDER", world.dir));
    const env = { AETHER_ADDR: node.management, ...options.env };
    const { code, stdout, stderr } = await world.run([...filled, "-o", "json"], {
      ...options,
      env,
    });
    assert.equal(stdout, "");
    return { result: code, problem: JSON.parse(stderr) as Problem };
  };
}

/** Checks a configuration file with this text. */
export function config(text: string): WrongInput["give"] {
  return async (place) => {
    const file = await place.world.write("wrong.toml", text);
    return await command(["config", "validate", file])(place);
  };
}

/** Applies a blueprint with this text. */
export function blueprintOf(text: string): WrongInput["give"] {
  return command(["blueprint", "apply", "-"], { stdin: text });
}

/** Builds a slice of these files. */
export function sliceOf(files: Readonly<Record<string, string>>): WrongInput["give"] {
  return async (place) => {
    const folder = place.world.path("wrong-slice");
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    for (const [name, text] of Object.entries(files)) {
      await place.world.write(`wrong-slice/${name}`, text);
    }
    return await command(["slice", "build", folder])(place);
  };
}

/** Sends a request to the applications or to the management API. */
export function request(
  to: "app" | "management",
  target: string,
  init: RequestInit = {},
): WrongInput["give"] {
  return async ({ node }) => {
    const response = await fetch(node[to] + target, init);
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    assert.match(type, /^application\/problem\+json/, text);
    return { result: response.status, problem: JSON.parse(text) as Problem };
  };
}

/** Sends a JSON body to the echo slice. */
export function json(body: string, headers: Record<string, string> = {}): WrongInput["give"] {
  const type = { "content-type": "application/json" };
  return request("app", "/echo", { method: "POST", headers: { ...type, ...headers }, body });
}
