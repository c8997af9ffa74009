import assert from "node:assert/strict";
import { fakeHttp, testSlice } from "aether";
import definition from "./mod.ts";

Deno.test("charge() asks the bank once for each order", async () => {
  const bank = fakeHttp(() => ({ json: { id: "c-1" } }));
  const { client } = await testSlice(definition, { bank });
  for (let time = 0; time < 2; time++) {
    assert.deepEqual(await client.charge({ order: "a", cents: 120 }), { charge: "c-1" });
  }
  assert.deepEqual(bank.requests.map(({ json }) => json), [{ order: "a", cents: 120 }]);
});

Deno.test("charge() tells a refusal from a bank that is down", async () => {
  const bank = fakeHttp(({ json }) =>
    (json as { cents: number }).cents > 100
      ? { status: 402, json: { detail: "limit" } }
      : { status: 500 }
  );
  const { client } = await testSlice(definition, { bank });
  await assert.rejects(client.charge({ order: "a", cents: 101 }), { code: "DECLINED" });
  await assert.rejects(client.charge({ order: "a", cents: 1 }), { code: "BANK_DOWN" });
});
