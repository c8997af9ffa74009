/**
 * Wrong inputs: command lines and configurations.
 *
 * @module
 */
import assert from "node:assert/strict";
import { command, config, type WrongInput } from "./wrong_input.ts";

/** Command lines that mean nothing. */
export const commandLines: readonly WrongInput[] = [
  {
    what: "a command that does not exist",
    give: command(["statsu"]),
    code: "E1003",
    result: 2,
    names: '"aether statsu"',
    fix: "Did you mean `aether status`?",
  },
  {
    what: "an option that does not exist",
    give: command(["kv", "get", "a", "--consistensy", "local"]),
    code: "E1003",
    result: 2,
    names: '"--consistensy"',
    fix: "`--consistency`",
  },
  {
    what: "a missing argument",
    give: command(["kv", "put"]),
    code: "E1003",
    result: 2,
    names: "<key>",
    fix: "aether kv put --help",
  },
  {
    what: "a value that is no number",
    give: command(["kv", "list", "--limit", "many"]),
    code: "E1003",
    result: 2,
    names: '"many"',
    fix: "a whole number from 0 to 1000",
  },
  {
    what: "a duration without a unit",
    give: command(["status", "--timeout", "30"]),
    code: "E1003",
    result: 2,
    names: '"30"',
    fix: "write 30s for seconds",
  },
  {
    what: "a file that does not exist",
    give: command(["blueprint", "plan", "FOLDER/no.toml"]),
    code: "E1008",
    result: 1,
    names: /\/no\.toml: it does not exist/,
    fix: "Check that the path exists",
  },
  {
    what: "an address that is none",
    give: command(["status", "--connect", "ftp://host"]),
    code: "E1003",
    result: 2,
    names: '"ftp://host"',
    fix: "write https://HOST:PORT",
  },
  {
    what: "a node that is not there",
    give: async (place) => {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr as Deno.NetAddr;
      listener.close();
      const give = command(["status", "--connect", `127.0.0.1:${port}`]);
      const refusal = await give(place);
      assert.ok(refusal.problem.detail.includes(`http://127.0.0.1:${port}`));
      return refusal;
    },
    code: "E5012",
    result: 8,
    names: /Cannot reach the node at http:\/\/127\.0\.0\.1:\d+: connection refused/,
    fix: "--connect names its management address",
  },
];

/** Configurations with which no node can start. */
export const configurations: readonly WrongInput[] = [
  {
    what: "an unknown section",
    give: config("[mangement]\nport = 1\n"),
    code: "E1001",
    result: 1,
    names: '"mangement"',
    fix: 'did you mean "management"?',
  },
  {
    what: "values of the wrong type and size, all at once",
    give: config('[app]\nport = "8070"\n[store]\nmaxBytes = "12 bananas"\n'),
    code: "E1001",
    result: 1,
    names: /Value "8070"[^]*Value "12 bananas"/,
    fix: /write a whole number from 0 to 65535[^]*write for example 64MiB/,
  },
  {
    what: "text that is no TOML",
    give: config("[node\n"),
    code: "E1001",
    result: 1,
    names: /line 1.*"\[node"|syntax.*\[node/,
    fix: "aether config validate FILE",
  },
  {
    what: "a variable that does not exist",
    give: config('[node]\nid = "${env:NO_SUCH_VARIABLE}"\n'),
    code: "E1006",
    result: 1,
    names: '"NO_SUCH_VARIABLE"',
    fix: "set it before the start",
  },
  {
    what: "a port out of range on the command line",
    give: command(["node", "start", "--port", "99999"]),
    code: "E1003",
    result: 2,
    names: '"99999"',
    fix: "a whole number from 0 to 65535",
  },
  {
    what: "a wrong variable of the environment",
    give: command(["node", "start"], { env: { MANAGEMENT_PORT: "http" } }),
    code: "E1001",
    result: 1,
    names: 'Value "http" (env MANAGEMENT_PORT)',
    fix: "write a whole number",
  },
  {
    what: "a node id with spaces",
    give: command(["node", "start", "--node-id", "Bad Id"]),
    code: "E1001",
    result: 1,
    names: '"Bad Id"',
    fix: 'for example "node-1"',
  },
  {
    what: "a management address that everybody reaches, without protection",
    give: command(["node", "start", "--management-host", "0.0.0.0"]),
    code: "E1007",
    result: 1,
    names: '"0.0.0.0"',
    fix: "add [[management.keys]] and [management.tls], use 127.0.0.1",
  },
  {
    what: "a cluster address that everybody reaches, without certificates",
    give: command(["node", "start", "--host", "0.0.0.0"]),
    code: "E1007",
    result: 1,
    names: '"0.0.0.0"',
    fix: "add [tls] with certificates (`aether tls init`), use 127.0.0.1, or set",
  },
  {
    what: "a configuration file that does not exist",
    give: command(["node", "start", "--config", "FOLDER/none.toml"]),
    code: "E1002",
    result: 1,
    names: '/none.toml" does not exist',
    fix: "create it or correct the path",
  },
  {
    what: "a port that is taken",
    give: async (place) => {
      const { port } = new URL(place.node.app);
      const refusal = await command(["node", "start", ...portsBut("app", port)])(place);
      assert.ok(refusal.problem.detail.includes(`127.0.0.1:${port}`));
      return refusal;
    },
    code: "E5010",
    result: 5,
    names: /The app port 127\.0\.0\.1:\d+ is taken/,
    fix: "set app.port",
  },
  {
    what: "a data directory that is a file",
    give: async (place) => {
      const file = await place.world.write("a-file", "");
      return await command(["node", "start", ...portsBut(), "--data-dir", file])(place);
    },
    code: "E1008",
    result: 1,
    names: "/a-file",
    fix: "Give a directory that this user may read and write",
  },
];

/** Words that choose free ports, but for one. */
function portsBut(name?: "app", port = "0"): string[] {
  const app = name === "app" ? port : "0";
  return ["--port", "0", "--management-port", "0", "--app-port", app];
}
