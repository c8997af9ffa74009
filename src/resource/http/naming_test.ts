import assert from "node:assert/strict";
import { fromWire, toWire } from "./naming.ts";

const own = '{"orderId":1,"lines":[{"unitPrice":2,"httpURL":null}],"x":"aB_c"}';

Deno.test("toWire() and fromWire() rename properties, not values, and back", () => {
  const wires = {
    snake: '{"order_id":1,"lines":[{"unit_price":2,"http_uRL":null}],"x":"aB_c"}',
    kebab: '{"order-id":1,"lines":[{"unit-price":2,"http-uRL":null}],"x":"aB_c"}',
    pascal: '{"OrderId":1,"Lines":[{"UnitPrice":2,"HttpURL":null}],"X":"aB_c"}',
  } as const;
  for (const naming of ["snake", "kebab", "pascal"] as const) {
    assert.equal(toWire(own, naming), wires[naming].replace("http_uRL", "http_uRL"));
  }
  assert.equal(
    fromWire('{"order_id":1,"_links":{"a__b":2}}', "snake"),
    '{"orderId":1,"_links":{"aB":2}}',
  );
  assert.equal(fromWire('{"Order-Id":1,"a-b":2}', "kebab"), '{"Order-Id":1,"aB":2}');
  assert.equal(fromWire('{"OrderId":1}', "pascal"), '{"orderId":1}');
  assert.equal(toWire("not json", "as-is"), "not json");
});

Deno.test("fromWire() refuses what is no JSON, or is nested too deep", () => {
  assert.throws(() => fromWire("{", "snake"), SyntaxError);
  assert.throws(() => fromWire("[".repeat(200) + "]".repeat(200), "snake"), RangeError);
});
