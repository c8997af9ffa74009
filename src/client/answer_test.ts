import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { apiTable } from "../protocol/api/table.ts";
import { readAnswer } from "./answer.ts";

const { kvGet, kvDelete, kvPut } = apiTable;

Deno.test("readAnswer() gives raw bytes a content type in any case", async () => {
  const answer = await readAnswer(kvGet, new Response(new Uint8Array([1])));
  assert.deepEqual(answer, {
    bytes: new Uint8Array([1]),
    contentType: "application/octet-stream",
  });
});

Deno.test("readAnswer() reads nothing where the row promises nothing", async () => {
  assert.equal(await readAnswer(kvDelete, new Response("noise")), undefined);
});

Deno.test("readAnswer() names the field that the row does not allow", async () => {
  const answer = readAnswer(kvPut, Response.json({ key: "a", revision: "1" }));
  await assert.rejects(answer, {
    name: "INTERNAL",
    message: /PUT \/api\/kv\/\{key\+\} .*revision/,
  });
  const noJson = readAnswer(kvPut, new Response("<html>"));
  await assert.rejects(noJson, { name: "INTERNAL" });
});

Deno.test("readAnswer() maps statuses without a problem document", async () => {
  const names: [status: number, name: string][] = [
    [400, "REQUEST_INVALID"],
    [401, "UNAUTHENTICATED"],
    [403, "FORBIDDEN"],
    [404, "NOT_FOUND"],
    [413, "BODY_TOO_LARGE"],
    [502, "UNREACHABLE"],
    [504, "TIMEOUT"],
    [302, "INTERNAL"],
    [418, "INTERNAL"],
  ];
  for (const [status, name] of names) {
    const message = `The server answered ${status} without a text`;
    await assert.rejects(readAnswer(kvGet, new Response(null, { status })), { name, message });
  }
});

Deno.test("readAnswer() makes names of a newer node INTERNAL and keeps their text", async () => {
  const problem = { ...new AetherError("INTERNAL", "Text").toProblem(), name: "NEWER" };
  const answer = readAnswer(kvGet, Response.json(problem, { status: 400 }));
  await assert.rejects(answer, { name: "INTERNAL", message: "Text" });
});
