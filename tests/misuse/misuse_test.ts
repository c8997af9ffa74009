import assert from "node:assert/strict";
import { contracts, manifests, modules, needs } from "./build_cases.ts";
import { deployments } from "./deploy_cases.ts";
import { checkMisuse } from "./misuse.ts";
import { topics } from "./topic_cases.ts";

const all = [...manifests, ...contracts, ...needs, ...modules, ...topics, ...deployments];

for (const misuse of all) {
  Deno.test(`misuse: ${misuse.what}: place and fix are named`, () => checkMisuse(misuse));
}

Deno.test("the table has thirty different misuses and more", () => {
  assert.ok(new Set(all.map(({ what }) => what)).size >= 30);
});
