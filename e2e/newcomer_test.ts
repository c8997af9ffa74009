/**
 * A newcomer's first minutes, with the executable alone, an empty home and no network.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { isolatedNetwork } from "./lib/network.ts";
import { aetherProgram, root, type RunOptions } from "./lib/program.ts";
import { e2eTest, type World } from "./lib/world.ts";

/** Puts the executable on the PATH of an otherwise empty machine. */
async function machine(world: World): Promise<RunOptions & { env: Record<string, string> }> {
  await Deno.mkdir(world.path("bin"));
  await Deno.copyFile(aetherProgram().command, world.path("bin/aether"));
  const path = `${world.path("bin")}:${world.env.PATH}`;
  // Its first start unpacks it into the home, as it does for everybody.
  const env = { PATH: path, AETHER_CACHE: join(world.dir, "home", "cache") };
  return { under: await isolatedNetwork(world), env };
}

const withRetries = "curl -sS -f --retry 50 --retry-delay 1 --retry-all-errors";
const limitMs = 60_000;

/** Ways from nothing to an answer; a command that ends with & goes on in the background. */
const ways: Readonly<Record<string, readonly string[]>> = {
  "aether dev": [
    "aether slice new hello",
    "aether dev hello &",
    `${withRetries} http://127.0.0.1:8070/hello/world`,
  ],
  "a node": [
    "aether node start & aether slice new hello",
    `${withRetries} http://127.0.0.1:8080/health/ready && aether slice publish hello`,
    "aether blueprint apply hello/blueprint.toml",
    `${withRetries} http://127.0.0.1:8070/hello/world`,
  ],
};

for (const [name, commands] of Object.entries(ways)) {
  e2eTest(
    `from nothing to an answer in ${commands.length} commands, offline: ${name}`,
    async (world) => {
      const options = await machine(world);
      assert.ok(commands.length <= 4);
      const startMs = performance.now();
      // Whatever runs in the background ends with the script.
      const script = `set -e\ntrap 'kill $!; wait' EXIT\n${commands.join("\n")}\n`;
      const { code, stdout, stderr } = await world.runProgram(["sh", "-c", script], options);
      const tookMs = performance.now() - startMs;
      assert.equal(code, 0, stderr);
      assert.ok(stdout.includes('{"greeting":"Hello, world"}'), stdout);
      assert.ok(tookMs < limitMs, `It took ${tookMs} ms`);
      // Only the unpacked executable is in the home.
      assert.deepEqual([...Deno.readDirSync(world.path("home"))].map((each) => each.name), [
        "cache",
      ]);
    },
  );
}

/** The lines of the section "Try it" that ask the applications something. */
async function readmeLines(): Promise<string[]> {
  const readme = await Deno.readTextFile(join(root, "README.md"));
  const section = readme.split("\n## Try it\n")[1]?.split("\n## ")[0] ?? "";
  return section.split("\n").filter((line) => line.startsWith("curl "));
}

e2eTest("the README's lines work as they are printed", async (world) => {
  const options = await machine(world);
  const dev = world.startProgram(["aether", "dev", "-o", "json"], options);
  await dev.line("stdout", (line) => JSON.parse(line).ready || undefined);
  const lines = await readmeLines();
  assert.equal(lines.length, 4, "The README has other lines than this test knows");
  let made = "CODE";
  const answers: unknown[] = [];
  for (const line of lines) {
    const words = ["sh", "-c", line.replace("CODE", made)];
    const { code, stdout, stderr } = await world.runProgram(words, options);
    assert.equal(code, 0, stderr);
    const answer = JSON.parse(stdout) as { code?: string };
    made = answer.code ?? made;
    answers.push(answer);
  }
  const url = "https://example.com/a/long/path";
  assert.deepEqual(answers, [
    { text: "hello", version: "1" },
    { code: made },
    { url },
    { code: made, visits: 1 },
  ]);
});
