import assert from "node:assert/strict";
import { StartWait } from "./start_wait.ts";

Deno.test("StartWait lets everybody go on when the routes come, and who comes later", async () => {
  const start = new StartWait();
  const waiting = Promise.all([start.wait(60_000), start.wait(60_000)]);
  start.end();
  await waiting;
  await start.wait(60_000);
});

Deno.test("StartWait gives up when the routes do not come, or too many wait", async () => {
  const start = new StartWait();
  await assert.rejects(start.wait(1), { name: "NO_INSTANCE", message: /knows no routes yet/ });
  const waiting = Array.from({ length: 1_000 }, () => start.wait(60_000));
  await assert.rejects(start.wait(60_000), { name: "NO_INSTANCE" });
  start.end();
  await Promise.all(waiting);
});
