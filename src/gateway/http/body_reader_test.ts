import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { BodyReader } from "./body_reader.ts";

const json = { "content-type": "application/json" };

function post(body: BodyInit | null, headers: Record<string, string>): Request {
  return new Request("http://app/", { method: "POST", body, headers });
}

/** A body that comes in pieces. */
function chunked(...chunks: readonly Uint8Array<ArrayBuffer>[]): Request {
  const body = ReadableStream.from(chunks);
  return post(body, { ...json, "transfer-encoding": "chunked" });
}

function reader(maxBodyBytes: number): BodyReader {
  return new BodyReader({ maxBodyBytes, maxStreamBytes: 100, bodyTimeoutMs: 1_000 });
}

/** Why a body is refused. */
async function refusal(request: Request, maxBytes = 100): Promise<string> {
  try {
    await reader(maxBytes).read(request);
  } catch (error) {
    assert.ok(error instanceof AetherError, String(error));
    return error.name;
  }
  return assert.fail("It was read");
}

Deno.test("BodyReader.read() reads no body as null", () => {
  assert.equal(reader(10).read(new Request("http://app/")), null);
  assert.equal(
    reader(10).read(post(null, { "content-length": "0", "content-type": "text/x" })),
    null,
  );
});

Deno.test("BodyReader.read() reads JSON of any kind, up to its limit", async () => {
  const text = '{"a":"ü"}';
  const length = String(new TextEncoder().encode(text).length);
  const types = [
    "application/json",
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "application/merge-patch+json",
  ];
  for (const type of types) {
    const headers = { "content-length": length, "content-type": type };
    assert.equal(await reader(10).read(post(text, headers)), text);
  }
});

Deno.test("BodyReader.read() refuses other content types", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "json", "", ";"]) {
    const headers = { "content-length": "2", "content-type": type };
    assert.equal(await refusal(post("{}", headers)), "CONTENT_TYPE_REFUSED", type);
  }
});

Deno.test("BodyReader.read() refuses a body that says it is too large, unread", async () => {
  const headers = { ...json, "content-length": "101" };
  const request = post("x".repeat(101), headers);
  assert.equal(await refusal(request), "BODY_TOO_LARGE");
  assert.equal(request.bodyUsed, false);
});

Deno.test("BodyReader.read() refuses a length that is not one number", async () => {
  for (const length of ["5, 5", "5,6", "-1", "+5", "0x5", "5.0", "1e1", "9".repeat(20), " "]) {
    const request = post("{}", json);
    const headers = new Headers(request.headers);
    headers.set("content-length", length);
    const error = await refusal(new Request(request, { headers }));
    assert.equal(error, "REQUEST_INVALID", length);
  }
});

Deno.test("BodyReader.read() refuses a length beside a transfer encoding", async () => {
  for (const length of ["2", "0"]) {
    const headers = { ...json, "content-length": length, "transfer-encoding": "chunked" };
    assert.equal(await refusal(post("{}", headers)), "REQUEST_INVALID");
  }
});

Deno.test("BodyReader.read() puts pieces together, wherever they are cut", async () => {
  const text = '{"a":"ü\u{1f511}"}';
  const bytes = new TextEncoder().encode(text);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const request = chunked(bytes.slice(0, cut), bytes.slice(cut));
    assert.equal(await reader(bytes.length).read(request), text);
  }
});

Deno.test("BodyReader.read() stops reading pieces at the limit", async () => {
  let pulled = 0;
  const body = new ReadableStream({
    pull: (controller) => {
      pulled++;
      controller.enqueue(new Uint8Array(30));
    },
  }, { highWaterMark: 0 });
  const request = post(body, { ...json, "transfer-encoding": "chunked" });
  assert.equal(await refusal(request, 100), "BODY_TOO_LARGE");
  assert.ok(pulled <= 5, `${pulled} pieces were read`);
});

/** What a stream gives, and what it said before. */
async function streamed(request: Request): Promise<string> {
  const told: string[] = [];
  try {
    const body = reader(1).stream(request, (error) => told.push(error.name));
    return `${(await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).text()).length}`;
  } catch (error) {
    return [...told, error instanceof AetherError ? error.name : String(error)].join(" ");
  }
}

Deno.test("BodyReader.stream() passes bytes of any type on, up to its limit", async () => {
  const piece = new Uint8Array(50);
  const text = (length: string) => post("x".repeat(100), { "content-length": length });
  assert.equal(await streamed(new Request("http://app/")), "0");
  assert.equal(await streamed(text("100")), "100");
  assert.equal(await streamed(text("101")), "BODY_TOO_LARGE", "by its length");
  assert.equal(await streamed(chunked(piece, piece)), "100");
  assert.equal(await streamed(chunked(piece, piece, piece)), "BODY_TOO_LARGE BODY_TOO_LARGE");
});

Deno.test("BodyReader.stream() reads no more than its reader", async () => {
  let pulled = 0;
  const endless = new ReadableStream({
    pull: (controller) => {
      pulled++;
      controller.enqueue(new Uint8Array(1));
    },
  }, { highWaterMark: 0 });
  const request = post(endless, { "transfer-encoding": "chunked" });
  const body = reader(1).stream(request, () => {}).getReader();
  await body.read();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.ok(pulled <= 2, `${pulled} pieces were read`);
  await body.cancel();
});

Deno.test("BodyReader.expire() gives up on a client that stops sending", async () => {
  const silent = () => post(new ReadableStream(), { ...json, "transfer-encoding": "chunked" });
  const bodies = reader(100);
  const told: string[] = [];
  const whole = bodies.read(silent());
  const stream = bodies.stream(silent(), (error) => told.push(error.name)).getReader().read();
  await new Promise((resolve) => setTimeout(resolve, 0));
  bodies.expire(performance.now());
  assert.deepEqual(told, []);
  bodies.expire(performance.now() + 1_100);
  await assert.rejects(async () => await whole, /Nothing of the body came for 1000 ms/);
  await assert.rejects(stream, /Nothing of the body came for 1000 ms/);
  assert.deepEqual(told, ["BODY_TIMEOUT"]);
});

Deno.test("BodyReader.read() blames the client for a body that breaks off", async () => {
  const broken = new ReadableStream({ pull: () => Promise.reject(new TypeError("Broken pipe")) });
  assert.equal(
    await refusal(post(broken, { ...json, "transfer-encoding": "chunked" })),
    "REQUEST_INVALID",
  );
});
