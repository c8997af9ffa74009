import assert from "node:assert/strict";
import { z } from "zod";
import { contract, method } from "../contract.ts";
import { describeDefinition } from "../describe.ts";
import { topic } from "../resource/topic.ts";
import { slice } from "../slice.ts";
import { subscribe } from "./subscribe.ts";
import { testSlice } from "../testing/test_slice.ts";

const clicks = topic("clicks", z.object({ url: z.string() }));
const one = z.object({ n: z.number() });
const counter = contract("org.example:counter", { add: method({ input: one, output: one }) });

function counting(seen: unknown[] = []) {
  return slice(counter, {
    needs: { clicks },
    subscriptions: { onClick: subscribe(clicks, { maxAttempts: 3, timeoutMs: 500 }) },
    create: ({ clicks }) => ({
      add: async ({ n }) => {
        await clicks.publish({ url: `/${n}` }, { key: "k" });
        return { n };
      },
      onClick: ({ url }, call, { attempt, offset, key }) => {
        if (url === "/bad") throw new Error("No");
        seen.push({ url, attempt, offset, key, requestId: call.requestId });
      },
    }),
  });
}

Deno.test("subscribe() refuses options that are not valid", () => {
  assert.throws(() => subscribe(clicks, { maxAttempts: 0 }), /"clicks".*maxAttempts/);
});

Deno.test("describeDefinition() tells topics and subscriptions, and methods for them", () => {
  const { topics, subscriptions, methods, resources } = describeDefinition(counting());
  assert.deepEqual(topics?.map(({ name }) => name), ["clicks"]);
  assert.equal(subscriptions?.[0]?.topic, "clicks");
  assert.equal(subscriptions?.[0]?.options.maxAttempts, 3);
  assert.equal(methods["onClick"]?.trigger, "topic");
  assert.equal(methods["onClick"]?.timeoutMs, 500);
  assert.equal(methods["add"]?.trigger, undefined);
  assert.equal(resources[0]?.options["topic"], "clicks");
});

Deno.test("describeDefinition() refuses subscriptions that cannot be", () => {
  const create = () => ({}) as never;
  const same = slice(counter, { subscriptions: { add: subscribe(clicks) }, create });
  assert.throws(() => describeDefinition(same), /"add" is a method and a subscription/);
  const other = topic("clicks", z.object({ url: z.string() }), { durability: "synced" });
  const two = slice(counter, {
    needs: { clicks },
    subscriptions: { onClick: subscribe(other) },
    create,
  });
  assert.throws(() => describeDefinition(two), /durability replicated in needs.clicks and synced/);
});

Deno.test("testSlice() writes down what is published and delivers to subscriptions", async () => {
  const seen: unknown[] = [];
  const tested = await testSlice(counting(seen));
  await tested.client.add({ n: 1 });
  assert.deepEqual(tested.published, [{ topic: "clicks", key: "k", value: { url: "/1" } }]);
  await tested.deliver.onClick({ url: "/a" }, { attempt: 2, key: "k" });
  assert.deepEqual(seen, [{ url: "/a", attempt: 2, offset: 1, key: "k", requestId: "test-2" }]);
  await assert.rejects(tested.deliver.onClick({ url: "/bad" }), /onClick failed/);
  await assert.rejects(tested.deliver.onClick({ url: 7 } as never), /not valid/);
  await tested.stop();
});

Deno.test("testSlice() asks for a function for every subscription", async () => {
  const incomplete = slice(counter, {
    subscriptions: { onClick: subscribe(clicks) },
    create: () => ({ add: ({ n }: { n: number }) => ({ n }) }) as never,
  });
  await assert.rejects(testSlice(incomplete), /no function "onClick": add one for every subscr/);
});
