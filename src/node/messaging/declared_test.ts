import assert from "node:assert/strict";
import { z } from "zod";
import { keys } from "../../protocol/keys.ts";
import { type Manifest, manifestSchema } from "../../protocol/slice/manifest.ts";
import { contract } from "../../sdk/contract.ts";
import { describeDefinition } from "../../sdk/describe.ts";
import { topic } from "../../sdk/resource/topic.ts";
import { slice } from "../../sdk/slice.ts";
import { subscribe } from "../../sdk/triggers/subscribe.ts";
import { MemoryStore } from "../control/store_fixture_test.ts";
import { declaredSubscriptions, declaredTopics, requireTopics } from "./declared.ts";

const clicks = topic("clicks", z.object({ url: z.string() }));
const create = () => ({}) as never;

function manifestOf(name: string, spec: object): Manifest {
  const definition = slice(contract(`org.example:${name}`, {}), { create, ...spec });
  return manifestSchema.parse({
    artifact: `org.example:${name}:1.0.0`,
    sha256: "0".repeat(64),
    builtWith: "0",
    definition: describeDefinition(definition),
  });
}

const publisher = manifestOf("web", { needs: { clicks } });
const subscriber = manifestOf("counter", { subscriptions: { onClick: subscribe(clicks) } });

Deno.test("declaredTopics() and declaredSubscriptions() know what manifests declare", () => {
  assert.deepEqual([...declaredTopics([publisher, subscriber]).keys()], ["clicks"]);
  const [one, ...rest] = declaredSubscriptions([publisher, subscriber]);
  assert.equal(rest.length, 0);
  assert.deepEqual(
    [one?.topic, one?.contract, one?.name],
    ["clicks", "org.example:counter", "onClick"],
  );
});

Deno.test("requireTopics() refuses what does not fit together, or not with what there is", () => {
  const { state } = new MemoryStore();
  requireTopics([publisher, subscriber], state, () => undefined);
  const other = topic("clicks", z.object({ url: z.number() }), { durability: "synced" });
  const wrong = manifestOf("counter", { subscriptions: { onClick: subscribe(other) } });
  assert.throws(() => requireTopics([publisher, wrong], state, () => undefined), {
    name: "TOPIC_CONFLICT",
    message: /"clicks" has durability replicated in org.example:web:1.0.0 and synced/,
  });
});

Deno.test("requireTopics() refuses another durability than the topic was made with", () => {
  const store = new MemoryStore();
  const options = { ...clicks.options, durability: "transient" as const };
  const { topic: _, ...made } = options;
  const value = { options: made, createdAtMs: 0 };
  store.write("leader", keys.topic.put(keys.topic.key("clicks"), value));
  assert.throws(() => requireTopics([publisher], store.state, () => undefined), {
    message: /was made with durability transient and cannot become replicated/,
  });
});
