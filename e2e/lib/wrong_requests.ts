/**
 * Wrong inputs: keys, values and HTTP requests.
 *
 * @module
 */
import { command, json, request, type WrongInput } from "./wrong_input.ts";

/** Keys and values that the store does not take. */
export const values: readonly WrongInput[] = [
  {
    what: "a key that does not exist",
    give: command(["kv", "get", "not/there"]),
    code: "E3001",
    result: 3,
    names: '"not/there"',
    fix: "List keys",
  },
  {
    what: "a key that exists already",
    give: async (place) => {
      await place.node.must(["kv", "put", "taken", "1"]);
      return await command(["kv", "put", "taken", "2", "--if-absent"])(place);
    },
    code: "E3003",
    result: 5,
    names: '"taken" exists already',
    fix: "Read the key again",
  },
  {
    what: "a key with a control character",
    give: command(["kv", "put", "a\tb", "x"]),
    code: "E3002",
    result: 1,
    names: '"a\\tb" holds a control character',
    fix: "remove it",
  },
  {
    what: "a key that is too long",
    give: command(["kv", "put", "k".repeat(400), "x"]),
    code: "E3002",
    result: 1,
    names: "has 400 bytes; the limit is 384",
    fix: "Use 1 to 512 bytes",
  },
  {
    what: "a value that is too large",
    give: async (place) => {
      await place.world.write("big", new Uint8Array(2 ** 20 + 1));
      return await command(["kv", "put", "big", "--file", "FOLDER/big"])(place);
    },
    code: "E5006",
    result: 1,
    names: /\/big is larger than 1MiB/,
    fix: "Keep bodies within the named limit",
  },
];

/** HTTP requests that make no sense. */
export const requests: readonly WrongInput[] = [
  {
    what: "a body that is no JSON",
    give: json("{text: 1}"),
    code: "E5003",
    result: 400,
    names: /JSON/,
    fix: "Send a JSON body",
  },
  {
    what: "a field of the wrong type",
    give: json('{"text": 7}'),
    code: "E5003",
    result: 400,
    names: /text: .*(string|7)/i,
    fix: "Correct the listed fields",
  },
  {
    what: "a body without what is needed",
    give: json("{}"),
    code: "E5003",
    result: 400,
    names: "text: ",
    fix: "Correct the listed fields",
  },
  {
    what: "a field that is too long",
    give: json(JSON.stringify({ text: "x".repeat(10_001) })),
    code: "E5003",
    result: 400,
    names: /text: .*10000/,
    fix: "Correct the listed fields",
  },
  {
    what: "a form instead of JSON",
    give: json("text=1", { "content-type": "application/x-www-form-urlencoded" }),
    code: "E2004",
    result: 415,
    names: '"application/x-www-form-urlencoded"',
    fix: "application/json",
  },
  {
    what: "a body above app.maxBodyBytes",
    give: json(JSON.stringify({ text: "x".repeat(11 * 2 ** 20) })),
    code: "E5006",
    result: 413,
    names: "10485760 bytes",
    fix: "app.maxBodyBytes",
  },
  {
    what: "a path that no slice serves",
    give: request("app", "/ehco/x"),
    code: "E5001",
    result: 404,
    names: "GET /ehco/x",
    fix: "aether routes",
  },
  {
    what: "a method that the path does not have",
    give: request("app", "/echo", { method: "DELETE" }),
    code: "E5002",
    result: 405,
    names: "/echo does not answer DELETE",
    fix: "use OPTIONS, POST",
  },
  {
    what: "a query of the wrong type, to the API",
    give: request("management", "/api/kv?limit=0"),
    code: "E5015",
    result: 400,
    names: "limit",
    fix: /expected number to be >=1|>=1/,
  },
  {
    what: "a condition that is no ETag, to the API",
    give: request("management", "/api/kv/a", {
      method: "PUT",
      body: "x",
      headers: { "if-match": "17" },
    }),
    code: "E5015",
    result: 400,
    names: "If-Match is 17",
    fix: 'for example "17" with its quotes',
  },
  {
    what: "a value above 1 MiB, to the API",
    give: request("management", "/api/kv/a", { method: "PUT", body: new Uint8Array(2 ** 20 + 1) }),
    code: "E5006",
    result: 413,
    names: "1MiB (1048576 bytes)",
    fix: "Send less",
  },
  {
    what: "a path that the API does not have",
    give: request("management", "/api/node"),
    code: "E5017",
    result: 404,
    names: '"/api/node"',
    fix: "/api/openapi.json",
  },
  {
    what: "a repository path that names no artifact",
    give: request("management", "/repository/echo.txt", { method: "PUT", body: "x" }),
    code: "E4005",
    result: 400,
    names: '"echo.txt"',
    fix: "org/example/echo/1.0.0/echo-1.0.0.slice",
  },
  {
    what: "bytes that are no slice",
    give: request("management", "/repository/org/example/a/1.0.0/a-1.0.0.slice", {
      method: "PUT",
      body: "not a zip",
    }),
    code: "E4001",
    result: 400,
    names: "no zip archive",
    fix: "aether slice build",
  },
];
