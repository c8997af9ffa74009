import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import { parseRoute } from "../../sdk/contract.ts";
import { currentCall, httpInput, InstanceCall } from "./call.ts";

const list = parseRoute("GET /items");
const item = parseRoute("PUT /shops/:shop/items/:item");

/** The input as plain data; objects without a prototype are compared like others. */
function inputOf(
  route: Parameters<typeof httpInput>[0],
  path: string,
  query: string,
  body: string | null = null,
): unknown {
  const input = httpInput(route, path, query, body);
  return typeof input === "object" && input !== null && !Array.isArray(input)
    ? { ...input }
    : input;
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AetherError && error.name === "INPUT_INVALID") return error.message;
    throw error;
  }
  throw new Error("It was taken");
}

function callOf(remainingMs: number, meta = "") {
  const lines: unknown[] = [];
  const call = new InstanceCall("r1", remainingMs, meta, (...line) => lines.push(line));
  return { call, lines };
}

Deno.test("httpInput() takes path parameters over query over the body's fields", () => {
  const body = JSON.stringify({ item: "body", shop: "body", page: "body", deep: { a: [1] } });
  assert.deepEqual(inputOf(item, "s1/i1", "item=query&page=2", body), {
    shop: "s1",
    item: "i1",
    page: "2",
    deep: { a: [1] },
  });
});

Deno.test("httpInput() makes an array of a query key that comes several times", () => {
  assert.deepEqual(inputOf(list, "", "a=1&b=x&a=2&a=3"), { a: ["1", "2", "3"], b: "x" });
  assert.deepEqual(inputOf(list, "", "a&a=&b="), { a: ["", ""], b: "" });
});

Deno.test("httpInput() reads what encodeURIComponent() and URLSearchParams wrote", () => {
  const anyText = fc.string({ unit: "grapheme", minLength: 1 });
  const anyQuery = fc.array(fc.tuple(fc.string({ unit: "grapheme" }), anyText), { maxLength: 6 });
  fc.assert(
    fc.property(anyText, anyText, anyQuery, (shop, name, pairs) => {
      const path = [shop, name].map(encodeURIComponent).join("/");
      const expected = new Map<string, string | string[]>();
      for (const [key, value] of pairs) {
        const former = expected.get(key);
        expected.set(key, former === undefined ? value : [former, value].flat());
      }
      expected.set("shop", shop).set("item", name);
      const input = httpInput(item, path, new URLSearchParams(pairs).toString(), null);
      assert.deepEqual(new Map(Object.entries(input as object)), expected);
    }),
    { seed: 1 },
  );
});

Deno.test("httpInput() decodes a path once, and keeps an encoded slash in its segment", () => {
  assert.deepEqual(inputOf(item, "a%2Fb/%2525", ""), { shop: "a/b", item: "%25" });
  assert.deepEqual(inputOf(item, "a+b/%C3%BC", ""), { shop: "a+b", item: "ü" });
  assert.deepEqual(inputOf(list, "", "a=b+c%20d%2Be&%C3%BC=1"), { a: "b c d+e", ü: "1" });
});

Deno.test("httpInput() names a path parameter that is not valid percent-encoding", () => {
  for (const value of ["%", "%4", "%zz", "%FF", "%C3", "%ED%A0%80"]) {
    assert.match(refusal(() => httpInput(item, `s/${value}`, "", null)), /^Path parameter "item"/);
  }
});

Deno.test("httpInput() reads no body as no fields", () => {
  assert.deepEqual(inputOf(list, "", ""), {});
  assert.deepEqual(inputOf(list, "", "", ""), {});
  assert.deepEqual(inputOf(list, "", "", "{}"), {});
});

Deno.test("httpInput() takes a body that is no object as the whole input", () => {
  for (const value of [[1, 2], "text", 5, true, null]) {
    assert.deepEqual(httpInput(list, "", "", JSON.stringify(value)), value);
    assert.match(refusal(() => httpInput(list, "", "a=1", JSON.stringify(value))), /JSON object/);
    assert.match(refusal(() => httpInput(item, "s/i", "", JSON.stringify(value))), /JSON object/);
  }
});

Deno.test("httpInput() says why a body is not JSON", () => {
  for (const body of ["{", "a=1", "\ufeff{}", "{'a':1}", "undefined"]) {
    assert.match(refusal(() => httpInput(list, "", "", body)), /^The body is not JSON: /);
  }
});

Deno.test("httpInput() lets no key reach a prototype", () => {
  const polluted = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}';
  const inputs = [
    httpInput(list, "", "__proto__=a&__proto__=b&constructor=c&toString=d", null),
    httpInput(list, "", "", polluted),
    httpInput(list, "", "__proto__=x", polluted),
    httpInput(item, "__proto__/constructor", "", polluted),
  ];
  for (const input of inputs) {
    assert.equal((input as { admin?: unknown }).admin, undefined);
    assert.equal(({} as { admin?: unknown }).admin, undefined);
  }
  assert.deepEqual(Object.keys(inputs[0] as object), ["__proto__", "constructor", "toString"]);
  const schema = z.object({ a: z.string().optional() });
  for (const input of inputs) assert.deepEqual(schema.parse(input), {});
  assert.deepEqual(
    z.record(z.string(), z.string()).parse(httpInput(list, "", "constructor=c", null)),
    {
      constructor: "c",
    },
  );
});

Deno.test("httpInput() reads a long query in one pass", () => {
  const keys = Array.from({ length: 100_000 }, (_, index) => index.toString(36));
  const input = httpInput(list, "", keys.join("&"), null);
  assert.deepEqual(Object.keys(input as object).length, keys.length);
});

Deno.test("InstanceCall tells what its details say, and nothing without them", () => {
  const meta = JSON.stringify({
    caller: "org.example:a",
    traceparent: "00-1",
    headers: { "accept-language": "de" },
  });
  const { call } = callOf(1_000, meta);
  assert.deepEqual([call.caller, call.traceparent], ["org.example:a", "00-1"]);
  assert.equal(call.header("Accept-Language"), "de");
  assert.equal(call.header("accept"), undefined);
  const { call: plain } = callOf(1_000);
  assert.deepEqual([plain.caller, plain.traceparent, plain.header("a")], Array(3).fill(undefined));
});

Deno.test("InstanceCall logs with its request id", () => {
  const { call, lines } = callOf(1_000);
  call.log.info("Hello", { n: 1 });
  assert.equal(call.log, call.log);
  assert.deepEqual(lines, [["info", "Hello", { requestId: "r1", n: 1 }]]);
});

Deno.test("InstanceCall aborts its signal when the caller goes, early or late", () => {
  const { call: early } = callOf(60_000);
  early.abort();
  assert.equal(early.signal.aborted, true);
  const { call: late } = callOf(60_000);
  assert.equal(late.signal.aborted, false);
  late.abort();
  assert.equal(late.signal.aborted, true);
});

Deno.test("InstanceCall aborts its signal at the deadline", async () => {
  const { call } = callOf(1);
  const { signal } = call;
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  assert.equal(call.remainingMs, 0);
});

Deno.test("InstanceCall.finish() leaves no timer behind", () => {
  const { call } = callOf(60_000);
  assert.equal(call.signal.aborted, false);
  assert.ok(call.remainingMs > 0 && call.remainingMs <= 60_000);
  call.finish();
  call.finish();
  assert.equal(call.signal.aborted, false);
});

Deno.test("currentCall is that of the code that runs, through await", async () => {
  const { call } = callOf(1_000);
  const { call: other } = callOf(1_000);
  const seen = await Promise.all([call, other].map((each) =>
    currentCall.run(each, async () => {
      await Promise.resolve();
      return currentCall.getStore();
    })
  ));
  assert.deepEqual(seen.map((each) => each === call), [true, false]);
  assert.equal(currentCall.getStore(), undefined);
});

Deno.test("InstanceCall.respond() adds to what was said, and replaces what was said of the same", () => {
  const { call } = callOf(1_000);
  assert.equal(call.head, null);
  call.respond({ status: 201, headers: { Location: "/a", vary: ["a", "b"] } });
  call.respond({ headers: { location: "/b" } });
  assert.deepEqual(JSON.parse(call.head ?? ""), {
    status: 201,
    headers: [["vary", "a"], ["vary", "b"], ["location", "/b"]],
  });
  const named = { name: "OUTPUT_INVALID" };
  assert.throws(() => call.respond({ headers: { "transfer-encoding": "x" } }), named);
  assert.throws(() => call.respond({ status: 500 }), named);
  assert.throws(() => call.respond({ headers: { "x-a": "a\r\nb: c" } }), named);
  call.lasts();
  assert.throws(() => call.respond({ status: 200 }), named, "its head has been sent");
});

Deno.test("InstanceCall.onEnd() runs what was not taken back, once", () => {
  const { call } = callOf(60_000);
  const ran: string[] = [];
  call.onEnd(() => ran.push("a"));
  const forget = call.onEnd(() => ran.push("b"));
  call.onEnd(() => ran.push("c"));
  forget();
  call.end();
  call.end();
  call.onEnd(() => ran.push("late"));
  assert.deepEqual(ran, ["a", "c", "late"]);
});
