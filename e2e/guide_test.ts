/**
 * Pages of docs/guide, executed: every file is written as it stands there, every command run, with
 * the executable alone and no network.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { isolatedNetwork } from "./lib/network.ts";
import { aetherProgram, root, type RunOptions } from "./lib/program.ts";
import { e2eTest, type World } from "./lib/world.ts";

interface Block {
  readonly language: string;
  /** Path of the file that it is, if it is one. */
  readonly file: string | undefined;
  readonly text: string;
}

async function blocksOf(page: string): Promise<Block[]> {
  const text = await Deno.readTextFile(join(root, page));
  return [...text.matchAll(/^```(\w+)(?: (\S+))?\n([^]*?)^```$/gm)].map((found) => {
    const [, language = "", file, body = ""] = found;
    return { language, file, text: body };
  });
}

/** Puts the executable on the PATH of an otherwise empty machine. */
async function machine(world: World): Promise<RunOptions> {
  await Deno.mkdir(world.path("bin"));
  await Deno.copyFile(aetherProgram().command, world.path("bin/aether"));
  const env = { PATH: `${world.path("bin")}:${world.env.PATH}` };
  return { under: await isolatedNetwork(world), env };
}

/** Runs the lines of a block; the last line of what they print. */
async function runLines(world: World, options: RunOptions, lines: string[]): Promise<string> {
  let last = "";
  for (const line of lines) {
    if (line.endsWith("&")) {
      world.startProgram(["sh", "-c", `exec ${line.slice(0, -1)}`], options);
      continue;
    }
    const { code, stdout, stderr } = await world.runProgram(
      ["sh", "-c", `set -e\n${line}`],
      options,
    );
    assert.equal(code, 0, `${line}: ${stdout}${stderr}`);
    last = stdout.trim().split("\n").at(-1) ?? "";
  }
  return last;
}

/** Pages with the least number of blocks that they have. */
const pages = [["first-slice", 3], ["order-shop", 30]] as const;

for (const [page, count] of pages) {
  e2eTest(`docs/guide/${page}.md works as it is printed`, async (world) => {
    const options = await machine(world);
    const blocks = await blocksOf(`docs/guide/${page}.md`);
    assert.ok(blocks.length >= count, "The page has lost its blocks");
    let answer = "";
    for (const { language, file, text } of blocks) {
      if (file !== undefined) await world.write(`shop/${file}`, text);
      else if (language === "sh") {
        answer = await runLines(world, options, text.trim().split("\n"));
      } else assert.deepEqual(JSON.parse(answer), JSON.parse(text));
    }
  });
}
