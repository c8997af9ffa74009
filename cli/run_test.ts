import assert from "node:assert/strict";
import { AetherError } from "../src/base/errors.ts";
import { keyOfFlag } from "../src/protocol/config/keys.ts";
import { command as nodeStart } from "./commands/node/start.ts";
import { runForTest } from "./testing.ts";

/** Answers by `METHOD path`; what is missing is 404. */
type Answers = Readonly<Record<string, (request: Request) => Response | Promise<Response>>>;

async function withApi(
  answers: Answers,
  use: (connect: string[], seen: string[]) => Promise<void>,
): Promise<void> {
  const seen: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    const name = `${request.method} ${decodeURIComponent(pathname)}`;
    seen.push(name);
    const missing = new AetherError("KEY_NOT_FOUND", `There is no ${name}`);
    return answers[name]?.(request) ?? problem(missing);
  });
  try {
    await use(["--connect", `127.0.0.1:${server.addr.port}`], seen);
  } finally {
    await server.shutdown();
  }
}

function problem(error: AetherError): Response {
  return Response.json(error.toProblem(), {
    status: error.status,
    headers: { "content-type": "application/problem+json" },
  });
}

const health = { ready: true, quorum: true, connectedPeers: 0, nodeCount: 1, sliceCount: 2 };
const id = "org.example:shop:1.0.0";
const plan = {
  id,
  changes: [
    { action: "create", artifact: "org.example:echo:1.0.0", changes: ["instances 1"] },
    { action: "keep", artifact: "org.example:stats:1.0.0", changes: [] },
  ],
  changeCount: 1,
  revision: 7,
  warnings: [],
  placement: [],
};

function status(state: string, active: number, reason?: string) {
  const slice = { artifact: "org.example:echo:1.0.0", instances: 2, active };
  const sliceState = state === "DEPLOYED" || state === "FAILED" ? state : "DEPLOYING";
  return { id, status: state, revision: 8, slices: [{ ...slice, status: sliceState, reason }] };
}

Deno.test("aether health prints a table, or the API's body with -o json", async () => {
  await withApi({ "GET /api/health": () => Response.json(health) }, async (connect) => {
    const table = await runForTest(["health", ...connect]);
    assert.equal(table.code, 0);
    assert.match(table.out, /^ready +yes\nquorum +yes\nnodes +1\n/);
    const json = await runForTest(["health", "-o", "json", ...connect]);
    assert.deepEqual(JSON.parse(json.out), health);
  });
});

Deno.test("aether health exits with 1 when the node is not ready", async () => {
  const body = { ...health, ready: false };
  await withApi({ "GET /api/health": () => Response.json(body) }, async (connect) => {
    assert.equal((await runForTest(["health", ...connect])).code, 1);
  });
});

Deno.test("aether takes address and key from the environment, or the key from a file", async () => {
  const keys: (string | null)[] = [];
  const answers: Answers = {
    "GET /api/health": (request) => {
      keys.push(request.headers.get("authorization"));
      return Response.json(health);
    },
  };
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "ae_file\n");
  await withApi(answers, async ([, address = ""]) => {
    const env = { AETHER_ADDR: address, AETHER_TOKEN: "ae_env" };
    assert.equal((await runForTest(["health"], { env })).code, 0);
    assert.equal((await runForTest(["health", "--token-file", file], { env })).code, 0);
  });
  await Deno.remove(file);
  assert.deepEqual(keys, ["Bearer ae_env", "Bearer ae_file"]);
});

Deno.test("aether exits with the code of the API's error and prints it", async () => {
  const errors: [error: AetherError, code: number][] = [
    [new AetherError("KEY_NOT_FOUND", 'Key "a" does not exist'), 3],
    [new AetherError("UNAUTHENTICATED", "No key was given"), 4],
    [new AetherError("FORBIDDEN", "Needs operator"), 4],
    [new AetherError("PRECONDITION_FAILED", "Has revision 9"), 5],
    [new AetherError("OUTCOME_UNKNOWN", "It may be done"), 6],
    [new AetherError("NOT_PROPOSED", "There is no quorum"), 1],
  ];
  for (const [error, code] of errors) {
    await withApi({ "DELETE /api/kv/a": () => problem(error) }, async (connect) => {
      const result = await runForTest(["kv", "delete", "a", ...connect]);
      assert.equal(result.code, code, error.name);
      assert.equal(result.err, `error[${error.code}]: ${error.message}\nhint: ${error.hint}\n`);
    });
  }
});

Deno.test("aether exits with 8 and names the address when nobody listens", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const address = `127.0.0.1:${listener.addr.port}`;
  listener.close();
  const { code, err } = await runForTest(["nodes", "--connect", address]);
  assert.equal(code, 8);
  assert.match(err, new RegExp(`^error\\[E5012\\]: Cannot reach the node at http://${address}: `));
});

Deno.test("aether exits with 6 when --timeout ends", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  await withApi({ "GET /api/nodes": () => promise }, async (connect) => {
    const { code, err } = await runForTest(["nodes", "--timeout", "20ms", ...connect]);
    assert.equal(code, 6);
    assert.match(err, /^error\[E5013\]: GET \/api\/nodes on .* was not answered within 20ms\n/);
    resolve(new Response());
  });
});

Deno.test("aether kv get writes the bytes unchanged", async () => {
  const bytes = new Uint8Array([0, 1, 254, 255, 13, 10, 0]);
  const headers = { etag: '"12"' };
  const answers = { "GET /api/kv/a/b c": () => new Response(bytes, { headers }) };
  await withApi(answers, async (connect) => {
    const result = await runForTest(["kv", "get", "a/b c", "--revision", ...connect]);
    assert.deepEqual(result.outBytes, bytes);
    assert.equal(result.err, "revision 12\n");
  });
});

Deno.test("aether kv put sends an argument, a file or standard input", async () => {
  const seen: unknown[] = [];
  const answers: Answers = {
    "PUT /api/kv/k": async (request) => {
      const { headers } = request;
      const conditions = [headers.get("if-match"), headers.get("if-none-match")];
      seen.push([await request.text(), headers.get("content-type"), ...conditions]);
      return Response.json({ key: "k", revision: 3 });
    },
  };
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "from file");
  await withApi(answers, async (connect) => {
    const put = async (words: string[], stdin?: string) => {
      const setup = stdin === undefined ? {} : { stdin };
      const result = await runForTest(["kv", "put", "k", ...words, ...connect], setup);
      assert.equal(result.out, "k has revision 3\n", result.err);
    };
    await put(["hello", "--if-revision", "2"]);
    await put(["--file", file, "--content-type", "image/png", "--if-absent"]);
    await put([], "from stdin");
  });
  await Deno.remove(file);
  assert.deepEqual(seen, [
    ["hello", "text/plain; charset=utf-8", '"2"', null],
    ["from file", "image/png", null, "*"],
    ["from stdin", "application/octet-stream", null, null],
  ]);
});

Deno.test("aether blueprint plan exits with 9 for changes when asked to", async () => {
  await withApi({ "POST /api/blueprint/plan": () => Response.json(plan) }, async (connect) => {
    const words = ["blueprint", "plan", "-", ...connect];
    const result = await runForTest(words, { stdin: "id = 1" });
    assert.equal(result.code, 0);
    assert.equal(
      result.out,
      "+ create org.example:echo:1.0.0  instances 1\n" +
        "= keep   org.example:stats:1.0.0\n" +
        "1 change at revision 7\n",
    );
    assert.equal((await runForTest([...words, "--detailed-exitcode"], { stdin: "" })).code, 9);
  });
});

/** An API where an applied blueprint goes through these states. */
function applying(states: readonly unknown[]): Answers {
  let index = 0;
  return {
    "POST /api/blueprint": () =>
      Response.json({ status: "applied", id, slices: 1, revision: 8, number: 1, plan }),
    [`GET /api/blueprint/${id}/status`]: () => {
      const state = states[Math.min(index++, states.length - 1)];
      return Response.json(state);
    },
  };
}

Deno.test("aether blueprint apply follows until it is deployed", async () => {
  const states = [status("PENDING", 0), status("IN_PROGRESS", 1), status("DEPLOYED", 2)];
  await withApi(applying(states), async (connect) => {
    const result = await runForTest(["blueprint", "apply", "-", ...connect], { stdin: "" });
    assert.equal(
      result.out,
      `${id} applied: 1 slice, 1 change, revision 8\n` +
        "PENDING 0/2 instances active: org.example:echo:1.0.0 DEPLOYING\n" +
        "IN_PROGRESS 1/2 instances active: org.example:echo:1.0.0 DEPLOYING\n" +
        "DEPLOYED 2/2 instances active\n",
    );
    assert.equal(result.code, 0);
  });
});

Deno.test("aether blueprint apply -o json prints one document", async () => {
  await withApi(applying([status("DEPLOYED", 2)]), async (connect) => {
    const words = ["blueprint", "apply", "-", "-o", "json", ...connect];
    const { out } = await runForTest(words, { stdin: "" });
    assert.equal(out.indexOf("\n"), out.length - 1);
    const body = JSON.parse(out);
    assert.equal(body.status, "applied");
    assert.equal(body.deployment.status, "DEPLOYED");
  });
});

Deno.test("aether blueprint apply fails with the reasons of failed slices", async () => {
  await withApi(applying([status("FAILED", 0, "It throws")]), async (connect) => {
    const result = await runForTest(["blueprint", "apply", "-", ...connect], { stdin: "" });
    assert.equal(result.code, 1);
    const head = `error[E4018]: ${id} did not deploy: 1 of 1 slices failed\n` +
      "  org.example:echo:1.0.0: It throws\nhint: ";
    assert.ok(result.err.startsWith(head), result.err);
  });
});

Deno.test("aether blueprint apply exits with 6 when --timeout ends", async () => {
  await withApi(applying([status("IN_PROGRESS", 1)]), async (connect) => {
    const words = ["blueprint", "apply", "-", "--timeout", "100ms", ...connect];
    const { code, err } = await runForTest(words, { stdin: "" });
    assert.equal(code, 6);
    assert.match(err, /still IN_PROGRESS after 100ms/);
    assert.match(err, /hint: It goes on: see `aether blueprint status org\.example:shop:1\.0\.0`/);
  });
});

Deno.test("aether blueprint apply --detach returns at once", async () => {
  await withApi(applying([]), async (connect, seen) => {
    const words = ["blueprint", "apply", "-", "--detach", ...connect];
    assert.equal((await runForTest(words, { stdin: "" })).code, 0);
    assert.deepEqual(seen, ["POST /api/blueprint"]);
  });
});

Deno.test("aether key create prints a key whose hash is in the configuration", async () => {
  const { out } = await runForTest(["key", "create", "--name", "bot", "--role", "viewer"]);
  const [key = ""] = out.split("\n");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  assert.match(key, /^ae_[\w-]{43}$/);
  assert.ok(out.endsWith(
    `[[management.keys]]\nname = "bot"\nrole = "viewer"\n` +
      `sha256 = "${new Uint8Array(digest).toHex()}"\n`,
  ));
});

Deno.test("aether colours output on a terminal only, and never with NO_COLOR", async () => {
  await withApi({ "GET /api/health": () => Response.json(health) }, async (connect) => {
    const out = async (words: string[], isTerminal: boolean, env = {}) =>
      (await runForTest(["health", ...words, ...connect], { isTerminal, env })).out;
    assert.ok((await out([], true)).includes("\x1b["));
    assert.ok(!(await out([], false)).includes("\x1b["));
    assert.ok(!(await out([], true, { NO_COLOR: "1" })).includes("\x1b["));
    assert.ok(!(await out(["--no-color"], true)).includes("\x1b["));
  });
});

Deno.test("aether node start has an option for every key that a flag sets", () => {
  const own = new Set(["config", "exitWithParent", "join", "ownLog", "token"]);
  for (const name of Object.keys(nodeStart.options ?? {})) {
    assert.ok(own.has(name) || keyOfFlag(name) !== undefined, name);
  }
});
