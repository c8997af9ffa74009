/**
 * The template "topic": a slice that publishes messages and handles them.
 *
 * @module
 */
import { contractHead, moduleHead, type Template } from "./template.ts";

/** See the module. */
export const topicTemplate: Template = {
  summary: "publishes messages to a topic and handles them",
  contract: (names) =>
    `${contractHead(names, "contract, method, topic, z")}
/** Whoever publishes or subscribes imports this value. */
export const notes = topic(
  "${names.name}.notes",
  z.object({ author: z.string(), text: z.string() }),
);

export const ${names.constant} = contract("${names.base}", {
  add: method({
    input: z.object({ author: z.string().min(1).max(100), text: z.string().max(1_000) }),
    output: z.object({ offset: z.int() }),
    http: "POST /${names.name}",
    status: 202,
    summary: "Publishes a note",
  }),
  count: method({
    input: z.object({ author: z.string() }),
    output: z.object({ count: z.int() }),
    http: "GET /${names.name}/:author",
    summary: "Says how many notes of an author were handled",
  }),
});
`,
  module: ({ constant }) =>
    `${moduleHead("kv, slice, subscribe, z", [constant, "notes"].sort().join(", "))}
export default slice(${constant}, {
  needs: { notes, counts: kv(z.object({ count: z.int(), seen: z.string() })) },
  subscriptions: { onNote: subscribe(notes) },
  create: ({ notes, counts }) => ({
    add: async ({ author, text }) => {
      const { offset } = await notes.publish({ author, text }, { key: author });
      return { offset };
    },
    onNote: async ({ author }, call, { partition, offset }) => {
      const seen = \`\${partition}/\${offset}\`;
      const former = await counts.entry(author);
      // Messages come at least once: one that was counted is not counted again.
      if (former?.value.seen === seen) return;
      const count = (former?.value.count ?? 0) + 1;
      await counts.put(author, { count, seen }, { ifRevision: former?.revision ?? 0 });
      call.log.info("Counted", { author, count });
    },
    count: async ({ author }) => ({ count: (await counts.get(author))?.count ?? 0 }),
  }),
});
`,
  test: () =>
    `import assert from "node:assert/strict";
import { testCluster, testSlice } from "aether";
import definition from "./mod.ts";

Deno.test("a note is published and counted", async () => {
  const cluster = await testCluster([definition]);
  const client = cluster.client(definition.contract);
  await client.add({ author: "Ada", text: "One" });
  await client.add({ author: "Ada", text: "Two" });
  await cluster.advance(0);
  assert.deepEqual(await client.count({ author: "Ada" }), { count: 2 });
  assert.deepEqual(cluster.deadLetters, []);
});

Deno.test("onNote() counts a message once, however often it comes", async () => {
  const { client, deliver } = await testSlice(definition);
  const note = { author: "Ada", text: "One" };
  await deliver.onNote(note, { offset: 5 });
  await deliver.onNote(note, { offset: 5, attempt: 2 });
  assert.deepEqual(await client.count({ author: "Ada" }), { count: 1 });
});
`,
  tryLines: ({ name }) => [
    `curl http://127.0.0.1:8070/${name} --json '{"author":"Ada","text":"Hello"}'`,
    `curl http://127.0.0.1:8070/${name}/Ada`,
  ],
};
