import assert from "node:assert/strict";
import { z } from "zod";
import { type JsonSchema, schemaTypes } from "./schema_type.ts";

function typeOf(schema: z.ZodType): string {
  return schemaTypes(z.toJSONSchema(schema, { io: "input" }) as JsonSchema, "Input").type;
}

Deno.test("schemaTypes() writes the types of what zod describes", () => {
  const cases: readonly (readonly [z.ZodType, string])[] = [
    [z.string().min(1), "string"],
    [z.int(), "number"],
    [z.null(), "null"],
    [z.literal("a"), '"a"'],
    [z.enum(["a", "b"]), '"a" | "b"'],
    [z.array(z.string()), "readonly string[]"],
    [z.array(z.enum(["a", "b"])), 'readonly ("a" | "b")[]'],
    [z.tuple([z.string(), z.number()]), "readonly [string, number]"],
    [z.record(z.string(), z.boolean()), "Readonly<Record<string, boolean>>"],
    [
      z.object({ a: z.string(), b: z.number().optional() }),
      "{ readonly a: string; readonly b?: number }",
    ],
    [z.object({ "a-b": z.string().nullable() }), '{ readonly "a-b": string | null }'],
    [z.object({ a: z.number().default(1) }), "{ readonly a?: number }"],
    [z.union([z.string(), z.array(z.number())]), "string | (readonly number[])"],
    [z.unknown(), "unknown"],
    [z.object({}), "Readonly<Record<string, never>>"],
    [
      z.object({ a: z.string().describe("Its */ name") }),
      "{ /** Its * / name */ readonly a: string }",
    ],
  ];
  for (const [schema, type] of cases) assert.equal(typeOf(schema), type);
});

Deno.test("schemaTypes() names types that refer to themselves", () => {
  const tree: z.ZodType = z.object({
    name: z.string(),
    get children() {
      return z.array(tree);
    },
  });
  const { type, named } = schemaTypes(z.toJSONSchema(tree) as JsonSchema, "TreeInput");
  assert.equal(type, "TreeInputValue");
  assert.deepEqual([...named], [
    ["TreeInputValue", "{ readonly name: string; readonly children: readonly TreeInputValue[] }"],
  ]);
});
