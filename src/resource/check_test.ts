import assert from "node:assert/strict";
import { z } from "zod";
import { AetherError } from "../base/errors.ts";
import type { Manifest } from "../protocol/slice/manifest.ts";
import { requireResources } from "./check.ts";
import type { ResourceFactory, ResourceSection } from "./factory.ts";
import { kvFactory } from "./types/kv.ts";

const pool: ResourceFactory = {
  type: "pool",
  priority: 0,
  options: z.strictObject({ url: z.string(), tls: z.strictObject({ ca: z.string() }).optional() }),
  supports: (section) => section !== undefined,
  open: () => assert.fail("Checking opens nothing"),
};

/** What is wrong with needs of `org.example:shop`, as `path: message`. */
function problems(
  needs: Readonly<Record<string, string>>,
  sections: Record<string, ResourceSection>,
): string[] {
  const resources = Object.entries(needs).map(([name, need]) => {
    const [type = "", section] = need.split(" ");
    return { name, type, options: section === undefined ? {} : { section } };
  });
  const manifest = { artifact: "org.example:shop:1.0.0", definition: { resources } };
  try {
    requireResources([manifest as unknown as Manifest], sections, [pool, kvFactory]);
    return [];
  } catch (error) {
    assert.ok(error instanceof AetherError && error.name === "RESOURCE_INVALID", String(error));
    return error.issues.map(({ path, message }) => `${path}: ${message}`);
  }
}

Deno.test("requireResources() accepts what the node has", () => {
  assert.deepEqual(problems({}, {}), []);
  const db = { type: "pool", url: "x", slices: ["org.example:shop"] };
  assert.deepEqual(problems({ links: "kv", db: "pool db" }, { db }), []);
});

Deno.test("requireResources() names section and key, and every problem", () => {
  const sections = {
    orders: { type: "pool", tls: { ca: 5 }, uri: "secret" },
    mail: { type: "smtp" },
  };
  const found = problems({
    a: "pool orders",
    b: "pool order",
    c: "pool mail",
    d: "queue jobs",
    e: "pool",
    f: "kv orders",
  }, sections);
  assert.deepEqual(found.map((line) => line.replaceAll("org.example:shop:1.0.0", "SHOP")), [
    "resources.orders.url: The value is not valid: Invalid input: expected string, received " +
    'undefined; SHOP needs it as "a"',
    "resources.orders.tls.ca: The value is not valid: Invalid input: expected string, received " +
    'number; SHOP needs it as "a"',
    'resources.orders.uri: Unknown key; SHOP needs it as "a"',
    'resources.order: SHOP needs "b", but section [resources.order] with type = "pool" is ' +
    "missing: add it (there is [resources.orders])",
    'resources.mail: SHOP needs "c", but section [resources.mail] has type "smtp", not "pool"',
    'resources.jobs: SHOP needs "d", but this version of aether has no resource type "queue"',
    'needs.e: SHOP needs "e", but a resource of type "pool" needs a section',
    'resources.orders: SHOP needs "f", but section [resources.orders] has type "pool", not "kv"',
  ]);
});

Deno.test("requireResources() lets only the named slices use a section", () => {
  const db = { type: "pool", url: "x", slices: ["org.example:other"] };
  assert.deepEqual(problems({ db: "pool db" }, { db }), [
    'resources.db.slices: org.example:shop:1.0.0 needs "db", but only org.example:other may use ' +
    'this section: add "org.example:shop" to its slices',
  ]);
  const wrong = { type: "pool", url: "x", slices: "all" as unknown as string[] };
  assert.match(problems({ db: "pool db" }, { db: wrong })[0] ?? "", /^resources\.db\.slices: /);
});
