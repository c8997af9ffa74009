import assert from "node:assert/strict";
import type { Manifest } from "./manifest.ts";
import { resourceConsumer } from "./resources.ts";

Deno.test("resourceConsumer() says what an instance needs and which hosts it may reach", () => {
  const resources = [
    { name: "links", type: "kv", options: {} },
    { name: "pay", type: "http", options: { section: "payments" } },
    { name: "odd", type: "http", options: { section: 5 } },
  ];
  const manifest = {
    artifact: "org.example:shop:1.0.0",
    definition: { resources },
    permissions: { net: ["a:443"] },
  } as unknown as Manifest;
  assert.deepEqual(resourceConsumer("n1/shop/1", manifest), {
    instance: "n1/shop/1",
    artifact: "org.example:shop:1.0.0",
    artifactBase: "org.example:shop",
    needs: [
      { name: "links", type: "kv", section: "" },
      { name: "pay", type: "http", section: "payments" },
      { name: "odd", type: "http", section: "" },
    ],
    hosts: ["a:443"],
  });
  assert.deepEqual(resourceConsumer("i", { ...manifest, permissions: {} }).hosts, []);
});
