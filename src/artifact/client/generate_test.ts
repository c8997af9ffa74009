import assert from "node:assert/strict";
import { z } from "zod";
import { withFolder } from "../../../tests/fixtures/slices/temporary.ts";
import { contract, method } from "../../sdk/contract.ts";
import { describeDefinition } from "../../sdk/describe.ts";
import { bytes, events, socket } from "../../sdk/streams.ts";
import { generateClient } from "./generate.ts";

const item = z.object({ id: z.string(), tags: z.array(z.string()).optional() });
const shop = contract("org.example:book-shop", {
  add: method({ input: item, output: item, http: "POST /items/:id", summary: "Adds */ one" }),
  find: method({ input: item, output: z.array(item), http: "GET /items/:id" }),
  watch: method({ input: z.object({}), output: events(item), http: "GET /watch" }),
  picture: method({ input: z.object({ id: z.string() }), output: bytes(), http: "GET /p/:id" }),
  upload: method({
    input: z.object({ id: z.string() }),
    output: item,
    http: "PUT /p/:id",
    body: "stream",
  }),
  talk: method({
    input: z.object({}),
    output: socket({ receive: item, send: item }),
    http: "GET /t",
  }),
  inner: method({ input: item, output: item }),
}, {
  errors: { SOLD_OUT: { status: 409, data: z.object({ left: z.int() }) }, CLOSED: { status: 410 } },
});

const { text, className, notices } = generateClient({
  artifact: "org.example:book-shop:1.0.0",
  definition: describeDefinition({ contract: shop, needs: {} }),
});

const use = `import { ${className}, isBookShopError, BookShopFailure } from "./client.ts";
const shop = new ${className}({ baseUrl: "http://127.0.0.1:1/" });
export async function run(): Promise<number> {
  try {
    const added = await shop.add({ id: "a" });
    const found: readonly { readonly id: string }[] = await shop.find({ id: added.id });
    for await (const { id } of shop.watch({})) return id.length + found.length;
    await shop.upload({ id: "a" }, new Uint8Array(), { timeoutMs: 5 });
    return (await shop.picture({ id: "a" })).status;
  } catch (error) {
    if (isBookShopError(error, "SOLD_OUT")) return error.data.left;
    if (error instanceof BookShopFailure) return error.issues.length;
    throw error;
  }
}
// @ts-expect-error The id is missing.
void shop.add({ tags: [] });
// @ts-expect-error There is no such code.
isBookShopError(undefined, "OTHER");
`;

Deno.test("generateClient() writes a module without imports that compiles under strict", async () => {
  assert.doesNotMatch(text, /^import /m);
  const options = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
  };
  const files = {
    "client.ts": text,
    "use.ts": use,
    "deno.json": JSON.stringify({ lock: false, compilerOptions: options }),
  };
  await withFolder(files, async (dir) => {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--no-remote", "--no-npm", "use.ts"],
      cwd: dir,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  });
});

Deno.test("generateClient() says what cannot be called over HTTP", () => {
  assert.deepEqual(notices, [
    "talk is a socket at /t: left out, use WebSocket",
    "inner has no route: left out",
  ]);
  const inner = contract("org.example:inner", { a: method({ input: item, output: item }) });
  const definition = describeDefinition({ contract: inner, needs: {} });
  assert.throws(() => generateClient({ artifact: "org.example:inner:1.0.0", definition }), {
    name: "SLICE_INVALID",
    message: /No method of org\.example:inner:1\.0\.0 has an HTTP route/,
  });
});

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

/** The generated client with answers of its own. */
async function clientWith(answer: () => Response) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/typescript" }));
  const module = await import(url);
  URL.revokeObjectURL(url);
  const sent: Sent[] = [];
  const fetch = (url: string, init: RequestInit) => {
    sent.push({ url, init });
    return Promise.try(answer);
  };
  return { module, sent, client: new module[className]({ baseUrl: "http://shop/", fetch }) };
}

Deno.test("a generated client puts input into path, query and body", async () => {
  const { client, sent } = await clientWith(() => Response.json([]));
  await client.add({ id: "a/b", tags: ["x"] }, { headers: { "x-a": "1" } });
  await client.find({ id: "c", tags: ["x", "y"] });
  assert.deepEqual(sent.map(({ url, init }) => [init.method, url, init.body]), [
    ["POST", "http://shop/items/a%2Fb", '{"tags":["x"]}'],
    ["GET", "http://shop/items/c?tags=x&tags=y", undefined],
  ]);
  assert.deepEqual(sent[0]?.init.headers, { "content-type": "application/json", "x-a": "1" });
});

Deno.test("a generated client reads events", async () => {
  const { client } = await clientWith(() =>
    new Response('data: {"id":"a"}\n\n: keep\n\ndata: {"id":"b"}\n\n')
  );
  const seen = [];
  for await (const { id } of client.watch({})) seen.push(id);
  assert.deepEqual(seen, ["a", "b"]);
});

Deno.test("a generated client tells errors of the slice from failures", async () => {
  const problem = {
    type: "urn:aether:slice-error:SOLD_OUT",
    ...{ status: 409, code: "SOLD_OUT", detail: "None", data: { left: 0 } },
  };
  const { client, module } = await clientWith(() => Response.json(problem, { status: 409 }));
  const error = await client.add({ id: "a" }).catch((thrown: unknown) => thrown);
  assert.ok(module.isBookShopError(error, "SOLD_OUT"));
  assert.equal(module.isBookShopError(error, "CLOSED"), false);
  assert.deepEqual([error.status, error.data], [409, { left: 0 }]);
  const refused = await clientWith(() =>
    Response.json({ name: "INPUT_INVALID", detail: "No", requestId: "r" }, { status: 400 })
  );
  await assert.rejects(refused.client.add({ id: "a" }), {
    reason: "INPUT_INVALID",
    requestId: "r",
  });
  const dead = await clientWith(() => {
    throw new TypeError("Refused");
  });
  await assert.rejects(dead.client.add({ id: "a" }), {
    reason: "NETWORK",
    message: /cannot be reached/,
  });
});
