import assert from "node:assert/strict";
import { runForTest } from "./testing.ts";

/** Wrong command lines with everything that is printed. */
const wrong: readonly (readonly [words: string, message: string, hint: string])[] = [
  ["frobnicate", 'Unknown command "aether frobnicate"', "Run `aether --help`"],
  ["statsu", 'Unknown command "aether statsu"', "Did you mean `aether status`?"],
  ["kv gett a", 'Unknown command "aether kv gett"', "Did you mean `aether kv get`?"],
  [
    "help blueprint aply",
    'Unknown command "aether blueprint aply"',
    "Did you mean `aether blueprint apply`?",
  ],
  ["kv put", "aether kv put needs <key>, which is missing", "Run `aether kv put --help`"],
  [
    "kv get a b c",
    'aether kv get takes no further argument: "b" "c"',
    "Leave it out, or quote. Run `aether kv get --help`",
  ],
  [
    "kv get a --consistensy local",
    'Unknown option "--consistensy" of aether kv get',
    "Did you mean `--consistency`?",
  ],
  [
    "kv get a --consistency strong",
    'Option --consistency: "strong" is none of linearizable, local',
    "Run `aether kv get --help`",
  ],
  [
    "kv put a b --if-revision -1",
    'Option --if-revision: "-1" is not a whole number from 0 up',
    "Run `aether kv put --help`",
  ],
  [
    "kv list --limit 5000",
    'Option --limit: "5000" is not a whole number from 0 to 1000',
    "Run `aether kv list --help`",
  ],
  [
    "node start --port http",
    'Option --port: "http" is not a whole number from 0 to 65535',
    "Run `aether node start --help`",
  ],
  [
    "status -o yaml",
    'Option --output: "yaml" is none of table, json, jsonl',
    "Run `aether --help`",
  ],
  [
    "status --timeout 30",
    'Option --timeout: duration "30" has no unit; write 30s for seconds or 30ms for milliseconds',
    "Run `aether --help`",
  ],
  [
    "status --timeout 0",
    'Option --timeout: "0" is out of range; write more than 0 and at most 7d',
    "Run `aether --help`",
  ],
  [
    "status --connect",
    'Option "--connect <HOST:PORT>" of aether needs a value, which is missing',
    "Run `aether --help`",
  ],
  [
    "status --connect ftp://host",
    'Address "ftp://host" has a scheme other than http and https; write https://HOST:PORT',
    "Correct --connect or AETHER_ADDR",
  ],
  [
    "completion tcsh",
    'Argument <shell>: "tcsh" is none of bash, zsh, fish',
    "Run `aether completion --help`",
  ],
  [
    "key create --name a/b",
    'Option --name: "a/b" is not a name; write 1 to 63 letters, digits, ".", "_" and "-"',
    "Run `aether key create --help`",
  ],
  [
    "kv put a b --if-revision 3 --if-absent",
    "--if-absent and --if-revision exclude each other; leave one out",
    "Run the command again with --help",
  ],
  [
    "kv put a b --file c",
    "Both a value and --file c are given; leave one out",
    "Run the command again with --help",
  ],
  [
    "kv put a",
    "The value is missing; give it as an argument, with --file or on standard input",
    "Run the command again with --help",
  ],
  ["explain E3999", 'There is no error code "E3999"', "Did you mean E5999?"],
];

for (const [words, message, hint] of wrong) {
  Deno.test(`runCli() refuses: aether ${words}`, async () => {
    const { code, out, err } = await runForTest(words.split(" "));
    assert.equal(err, `error[E1003]: ${message}\nhint: ${hint}\n`);
    assert.equal(code, 2);
    assert.equal(out, "");
  });
}

/** Inputs that do not exist or cannot be used, which are no usage errors. */
const unusable: readonly (readonly [words: string, code: number, head: string])[] = [
  ["blueprint plan /no/shop.toml", 1, "error[E1008]: Cannot read /no/shop.toml: it does not exist"],
  ["blueprint apply /", 1, "error[E1008]: Cannot read /: it is a folder"],
  ["slice inspect /no/e.slice", 1, "error[E1008]: Cannot read /no/e.slice: it does not exist"],
  ["slice new Bad_Name", 1, 'error[E4005]: "org.example:Bad_Name" cannot be the name of a slice'],
  ["status --token-file /no/key", 1, "error[E1008]: Cannot read /no/key: it does not exist"],
  ["status --tls-ca deno.json", 1, "error[E1008]: Cannot read deno.json: it holds no certificate"],
  ["config validate /no/a.toml", 1, 'error[E1002]: File "/no/a.toml" does not exist'],
  ["kv get a/../b", 1, 'error[E5015]: The key has a part "..", which paths cannot carry'],
  ["dev /no/folder", 1, "error[E1008]: The folder /no/folder cannot be watched"],
];

for (const [words, code, head] of unusable) {
  Deno.test(`runCli() names what is unusable: aether ${words}`, async () => {
    const result = await runForTest(words.split(" "));
    assert.ok(result.err.startsWith(head), result.err);
    assert.match(result.err, /\nhint: /);
    assert.equal(result.code, code);
    assert.equal(result.out, "");
  });
}

Deno.test("runCli() prints the problem document with -o json", async () => {
  for (const form of [["-o", "json"], ["--output=json"], ["-ojson"]]) {
    const { code, err } = await runForTest(["kv", "gett", ...form]);
    const problem = JSON.parse(err);
    assert.equal(code, 2);
    assert.equal(problem.code, "E1003");
    assert.equal(problem.name, "USAGE");
    assert.equal(problem.hint, "Did you mean `aether kv get`?");
  }
});
