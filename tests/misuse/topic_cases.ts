/**
 * Ways to misuse topics that a build or a deployment refuses.
 *
 * @module
 */
import { z } from "zod";
import { makeManifest } from "../../src/deployment/manifest_fixture_test.ts";
import { MemoryStore } from "../../src/node/control/store_fixture_test.ts";
import { requireTopics } from "../../src/node/messaging/declared.ts";
import { keys } from "../../src/protocol/keys.ts";
import type { Manifest } from "../../src/protocol/slice/manifest.ts";
import { contract } from "../../src/sdk/contract.ts";
import { describeDefinition } from "../../src/sdk/describe.ts";
import { topic } from "../../src/sdk/resource/topic.ts";
import { slice } from "../../src/sdk/slice.ts";
import { subscribe } from "../../src/sdk/triggers/subscribe.ts";
import { buildOf, type Misuse } from "./misuse.ts";

const head = `import { contract, slice, subscribe, topic, z } from "aether";
const it = contract("org.example:good", {});
const clicks = topic("clicks", z.object({ url: z.string() }));
`;

/** Builds a slice of one module. */
const build = (code: string, options: Parameters<typeof buildOf>[1] = {}) =>
  buildOf({
    "slice.toml": 'artifact = "org.example:good:1.0.0"\n',
    "mod.ts": `${head}${code}\n`,
  }, options);

const clicks = topic("clicks", z.object({ url: z.string() }));
const create = () => ({}) as never;

function manifestOf(name: string, spec: object): Manifest {
  const definition = slice(contract(`org.example:${name}`, {}), { create, ...spec });
  return {
    ...makeManifest(`org.example:${name}:1.0.0`),
    definition: describeDefinition(definition),
  };
}

const publisher = manifestOf("web", { needs: { clicks } });

/** Deploys slices as control does, as far as topics go, beside a topic that there is. */
function deploy(manifests: readonly Manifest[], durability = clicks.options.durability) {
  return () =>
    Promise.try(() => {
      const store = new MemoryStore();
      const { topic: _, ...options } = { ...clicks.options, durability };
      const made = { options, createdAtMs: 0 };
      store.write("leader", keys.topic.put(keys.topic.key("clicks"), made));
      requireTopics(manifests, store.state, () => undefined);
    });
}

/** See the module. */
export const topics: readonly Misuse[] = [
  {
    what: "a durability that does not exist",
    give: build(`const wrong = topic("wrong", z.string(), { durability: "forever" as never });
export default slice(it, { needs: { wrong }, create: () => ({}) });`),
    code: "SLICE_INVALID",
    place: '"wrong"',
    fix: /transient.*replicated.*synced/,
  },
  {
    what: "more partitions than a topic may have",
    give: build(`const wide = topic("wide", z.string(), { partitions: 5000 });
export default slice(it, { needs: { wide }, create: () => ({}) });`),
    code: "SLICE_INVALID",
    place: '"wide"',
    fix: /partitions.*<=/,
  },
  {
    what: "a subscription that gives up before the first attempt",
    give: build(
      `export default slice(it, { subscriptions: { onClick: subscribe(clicks, { maxAttempts: 0 }) },
  create: () => ({ onClick: () => {} }) });`,
    ),
    code: "SLICE_INVALID",
    place: 'subscribe() to "clicks"',
    fix: /maxAttempts.*>=1/,
  },
  {
    what: "a publication to a topic that the slice does not declare",
    give: build(
      `export default slice(it, { subscriptions: { onClick: subscribe(clicks) },
  create: ({ clicks }) => ({ onClick: async () => void await clicks.publish({ url: "" }) }) });`,
      { check: true },
    ),
    code: "SLICE_BUILD_FAILED",
    place: "mod.ts:5",
    fix: "Property 'clicks' does not exist",
  },
  {
    what: "one topic with two durabilities",
    give: deploy([
      publisher,
      manifestOf("counter", {
        subscriptions: {
          onClick: subscribe(
            topic("clicks", z.object({ url: z.string() }), { durability: "synced" }),
          ),
        },
      }),
    ]),
    code: "TOPIC_CONFLICT",
    place: "replicated in org.example:web:1.0.0 and synced in org.example:counter:1.0.0",
    fix: "write the same in both",
  },
  {
    what: "a subscriber that reads what the publisher does not write",
    give: deploy([
      publisher,
      manifestOf("counter", {
        subscriptions: {
          onClick: subscribe(topic("clicks", z.object({ url: z.string(), user: z.string() }))),
        },
      }),
    ]),
    code: "TOPIC_CONFLICT",
    place: /org\.example:counter:1\.0\.0.*org\.example:web:1\.0\.0|web.*counter/,
    fix: "topic()",
  },
  {
    what: "a topic that was made with another durability",
    give: deploy([publisher], "synced"),
    code: "TOPIC_CONFLICT",
    place: 'Topic "clicks" was made with durability synced',
    fix: "publish to a topic with another name",
  },
];
