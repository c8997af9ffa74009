import assert from "node:assert/strict";
import { commands } from "./commands.ts";
import { completionScript } from "./completion.ts";

/** What bash offers after a line, using the script itself. */
async function offered(...words: string[]): Promise<string[]> {
  const program = `${completionScript("bash", commands)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _aether; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const dir = await Deno.makeTempDir();
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", program, "bash", "aether", ...words],
    cwd: dir,
  }).output();
  await Deno.remove(dir);
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

Deno.test("completionScript() completes commands in bash", async () => {
  assert.deepEqual(await offered("bl"), ["blueprint"]);
  assert.deepEqual(await offered("kv", ""), [
    ...["get", "put", "delete", "list", "watch"],
    ...["--output", "-o", "--connect", "--token-file", "--tls-ca", "--timeout", "--no-color"],
  ]);
});

Deno.test("completionScript() completes options and their values in bash", async () => {
  assert.deepEqual(await offered("kv", "put", "key", "--if"), ["--if-revision", "--if-absent"]);
  assert.deepEqual(await offered("kv", "get", "key", "--consistency", "l"), [
    "linearizable",
    "local",
  ]);
  assert.deepEqual(await offered("status", "-o", ""), ["table", "json", "jsonl"]);
  assert.deepEqual(await offered("completion", "z"), ["zsh"]);
});

Deno.test("completionScript() hides what is for programs only", () => {
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const script = completionScript(shell, commands);
    assert.ok(script.includes("blueprint"));
    assert.ok(!script.includes("exit-with-parent"));
  }
});

Deno.test("completionScript() describes words and options in fish", () => {
  const lines = completionScript("fish", commands).split("\n");
  assert.ok(lines.includes(
    `complete -c aether -n '__aether_at "kv"' -a 'put' ` +
      `-d 'Write a key; the value is an argument, a file or standard input'`,
  ));
  assert.ok(lines.includes(
    `complete -c aether -n '__aether_at "kv put"' -l if-absent ` +
      `-d 'Only when the key does not exist'`,
  ));
});
