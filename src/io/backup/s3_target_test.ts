import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { S3Target } from "./s3_target.ts";

const accessKeyId = "AKIDEXAMPLE";
const secretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const region = "eu-test-1";

function hmac(key: string | Uint8Array, text: string): Uint8Array {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** What is wrong with the signature (AWS Signature Version 4); undefined when it is right. */
function objection(request: Request, body: Uint8Array): string | undefined {
  const pattern = new RegExp(
    "Credential=([^/]+)/(\\d{8})/([^/]+)/s3/aws4_request, " +
      "SignedHeaders=([^,]+), Signature=(\\w+)",
  );
  const [, id, day = "", place, names = "", signature] =
    pattern.exec(request.headers.get("authorization") ?? "") ?? [];
  if (id !== accessKeyId || place !== region) return "credential";
  const hash = request.headers.get("x-amz-content-sha256") ?? "";
  if (hash !== "UNSIGNED-PAYLOAD" && hash !== sha256(body)) return "hash of the body";
  const url = new URL(request.url);
  const query = [...url.searchParams].map((pair) =>
    pair.map((text) => encodeURIComponent(text)).join("=")
  ).sort().join("&");
  const headers = names.split(";").map((name) =>
    `${name}:${name === "host" ? url.host : request.headers.get(name)}\n`
  ).join("");
  const canonical = [request.method, url.pathname, query, headers, names, hash].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", request.headers.get("x-amz-date"), scope, sha256(canonical)]
    .join("\n");
  const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day), region), "s3"), "aws4_request");
  const expected = createHmac("sha256", key).update(text).digest("hex");
  return signature === expected ? undefined : "signature";
}

/** A small store that checks signatures and lists two objects a page. */
class FakeStore implements AsyncDisposable {
  readonly objects = new Map<string, Uint8Array<ArrayBuffer>>();
  failures = 0;
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => this.#answer(request),
  );

  get endpoint(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const body = await request.bytes();
    if (this.failures > 0) {
      this.failures--;
      return new Response("<Code>SlowDown</Code>", { status: 503 });
    }
    const wrong = objection(request, body);
    if (wrong !== undefined) return new Response(`<Code>${wrong}</Code>`, { status: 403 });
    const url = new URL(request.url);
    if (url.searchParams.has("list-type")) return this.#list(url.searchParams);
    const key = decodeURIComponent(url.pathname.replace("/bucket/", ""));
    if (request.method === "PUT") this.objects.set(key, body);
    if (request.method === "DELETE") {
      return new Response(null, { status: this.objects.delete(key) ? 204 : 404 });
    }
    const found = this.objects.get(key);
    return found === undefined
      ? new Response("<Code>NoSuchKey</Code>", { status: 404 })
      : new Response(request.method === "GET" ? found : null);
  }

  #list(query: URLSearchParams): Response {
    const prefix = query.get("prefix") ?? "";
    const all = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const from = Number(query.get("continuation-token") ?? 0);
    const page = all.slice(from, from + 2).map((key) => `<Contents><Key>${key}</Key></Contents>`);
    const next = from + 2 < all.length
      ? `<NextContinuationToken>${from + 2}</NextContinuationToken>`
      : "";
    return new Response(`<ListBucketResult>${page.join("")}${next}</ListBucketResult>`);
  }
}

function targetOf(store: FakeStore, changes: { secretAccessKey?: string } = {}): S3Target {
  return new S3Target({
    endpoint: store.endpoint,
    bucket: "bucket",
    prefix: "prod/",
    region,
    accessKeyId,
    secretAccessKey,
    ...changes,
  });
}

Deno.test("S3Target writes, reads, lists over pages and removes, with right signatures", async () => {
  await using store = new FakeStore();
  store.objects.set("other/z", new Uint8Array(1));
  const target = targetOf(store);
  assert.deepEqual(await target.list(), []);
  assert.equal(await target.get("a"), undefined);
  for (const name of ["e", "a", "c", "b", "d"]) {
    await target.put(name, new TextEncoder().encode(name));
  }
  assert.deepEqual(await target.list(), ["a", "b", "c", "d", "e"]);
  assert.deepEqual(await target.get("c"), new TextEncoder().encode("c"));
  await target.remove("c");
  await target.remove("c");
  assert.deepEqual(await target.list(), ["a", "b", "d", "e"]);
  assert.ok(store.objects.has("prod/a") && store.objects.has("other/z"));
});

Deno.test("S3Target tries again when the store is busy", async () => {
  await using store = new FakeStore();
  store.failures = 2;
  await targetOf(store).put("a", Uint8Array.of(1));
  assert.deepEqual([...store.objects.keys()], ["prod/a"]);
});

Deno.test("S3Target says what the store answered, and shows no secret", async () => {
  await using store = new FakeStore();
  const wrong = "anotherSecretKey";
  await assert.rejects(
    targetOf(store, { secretAccessKey: wrong }).put("a", new Uint8Array(1)),
    (error) => {
      assert.ok(error instanceof Error && error.name === "BACKUP_FAILED");
      assert.match(error.message, /answered 403: <Code>signature/);
      assert.ok(!error.message.includes(wrong));
      return true;
    },
  );
});
