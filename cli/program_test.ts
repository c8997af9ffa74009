import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { commands } from "./commands.ts";
import { parse } from "./program.ts";

function parsed(line: string) {
  const result = parse(commands, line.split(" "));
  assert.equal(result.kind, "command");
  return result;
}

Deno.test("parse() takes global options before, between and after the words", () => {
  for (const line of ["-o json kv get a", "kv -o json get a", "kv get a -o json"]) {
    const { command, args, globals } = parsed(line);
    assert.deepEqual(command.path, ["kv", "get"]);
    assert.deepEqual(args, { key: "a" });
    assert.equal(globals.output, "json");
  }
});

Deno.test("parse() fills in what is not given", () => {
  const { args, options, globals } = parsed("kv put a");
  assert.deepEqual(args, { key: "a" });
  assert.deepEqual(options, {
    file: undefined,
    contentType: undefined,
    ifRevision: undefined,
    idempotencyKey: undefined,
    ifAbsent: false,
  });
  assert.equal(globals.output, "table");
  assert.equal(globals.color, true);
});

Deno.test("parse() turns values into what commands expect", () => {
  const { options, globals } = parsed("kv put a b --if-revision 42 --timeout 1m30s --no-color");
  assert.equal(options.ifRevision, 42);
  assert.equal(globals.timeout, 90_000);
  assert.equal(globals.color, false);
});

Deno.test("parse() takes everything after -- as it is", () => {
  assert.deepEqual(parsed("kv put key -- --value").args, { key: "key", value: "--value" });
});

Deno.test("parse() gives help at any depth without running anything", () => {
  for (const words of [["--help"], ["kv", "--help"], ["help", "kv", "put"], ["kv", "put", "-h"]]) {
    const help = parse(commands, words);
    assert.ok(help.kind === "help" && help.isAsked && help.text.startsWith("Usage: aether"));
  }
  const missing = parse(commands, ["kv"]);
  assert.ok(missing.kind === "help" && !missing.isAsked);
});

Deno.test("parse() shows examples and exit codes in the help of a command", () => {
  const help = parse(commands, ["blueprint", "plan", "--help"]);
  assert.ok(help.kind === "help");
  assert.match(help.text, /Examples:\n {2}# Before an apply\n {2}aether blueprint plan shop\.toml/);
  assert.match(help.text, /Exit codes:\n {2}9 {2}Something would change/);
});

Deno.test("parse() hides options for programs from help and still takes them", () => {
  const help = parse(commands, ["node", "start", "--help"]);
  assert.ok(help.kind === "help" && !help.text.includes("exit-with-parent"));
  assert.equal(parsed("node start --exit-with-parent").options.exitWithParent, true);
});

for (const command of commands) {
  Deno.test(`aether ${command.path.join(" ")} has a file and examples that parse`, async () => {
    const module = await import(`./commands/${command.path.join("/")}.ts`);
    assert.ok(module.command === command);
    assert.doesNotMatch(command.summary, /\.$/);
    assert.ok(command.examples.length > 0);
    for (const { line } of command.examples) {
      const own = /aether ([^|<>&()]*)/.exec(line)?.[1] ?? "";
      const words = own.trim().split(/ +/);
      // The shell would read a dash before a redirection as an argument.
      const result = parse(commands, words);
      assert.ok(result.kind === "command" && isDeepStrictEqual(result.command, command), line);
    }
  });
}
