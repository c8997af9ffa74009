import assert from "node:assert/strict";
import { editorSchema, editorSchemaNames } from "./schemas.ts";

type Node = Record<string, unknown>;

/** Every key of a schema that an author can write, as a path, with its description. */
function keys(schema: Node, path = ""): [path: string, description: unknown][] {
  const inner = (schema["items"] ?? schema) as Node;
  const properties = (inner["properties"] ?? {}) as Record<string, Node>;
  return Object.entries(properties).flatMap(([name, each]) => [
    [`${path}${name}`, each["description"]] as [string, unknown],
    ...keys(each, `${path}${name}.`),
  ]);
}

Deno.test("editorSchema() describes every key of the files that people write first", () => {
  for (const name of ["slice", "blueprint"] as const) {
    const missing = keys(editorSchema(name)).filter(([path, description]) =>
      description === undefined && !path.includes("interceptors.") && !path.includes("schedules.")
    );
    assert.deepEqual(missing.map(([path]) => path), [], name);
  }
});

Deno.test("editorSchema() knows all keys and refuses others", () => {
  for (const name of editorSchemaNames) {
    const schema = editorSchema(name);
    assert.equal(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert.equal(schema["additionalProperties"], false);
    assert.match(String(schema["title"]), name === "blueprint" ? /^A blueprint/ : /\.toml/);
  }
  assert.ok(keys(editorSchema("slice")).some(([path]) => path === "permissions.net"));
  assert.ok(keys(editorSchema("blueprint")).some(([path]) => path === "slices.instances"));
});

Deno.test("editorSchema() lets values of aether.toml come from variables", () => {
  const node = (editorSchema("aether")["properties"] as Record<string, Node>)["node"] as Node;
  const id = (node["properties"] as Record<string, Node>)["id"] as Node;
  const patterns = (id["anyOf"] as Node[]).map(({ pattern }) => new RegExp(String(pattern)));
  const fits = (text: string) => patterns.some((pattern) => pattern.test(text));
  assert.deepEqual(["node-1", "${env:NODE_ID}", "No Id"].map(fits), [true, true, false]);
  assert.match(String(id["description"]), /Name of this node/);
});
