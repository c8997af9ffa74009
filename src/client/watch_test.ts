import assert from "node:assert/strict";
import { AetherClient } from "./client.ts";
import { followWatch } from "./watch.ts";

function stream(...messages: unknown[]): Response {
  const text = messages.map((message) => `data: ${JSON.stringify(message)}\n\n`).join("");
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}

/** A client whose requests are answered one after the other. */
function clientOf(answers: (Response | Error)[], seen: string[]): AetherClient {
  return new AetherClient({
    fetch: (input) => {
      seen.push(new URL(String(input)).search);
      const answer = answers.shift() ?? new TypeError("Client error (Connect): refused");
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
}

Deno.test("followWatch() asks for what comes after the last message", async () => {
  const seen: string[] = [];
  const stop = new AbortController();
  const client = clientOf([
    stream({ type: "progress", revision: 4 }),
    new TypeError("Client error (Connect): refused"),
    stream({ type: "progress", revision: 9 }),
  ], seen);
  const revisions: number[] = [];
  const options = { prefix: "a", from: 3, signal: stop.signal, retryMs: 0 };
  for await (const { revision } of followWatch(client, options)) {
    revisions.push(revision);
    if (revision === 9) stop.abort();
  }
  assert.deepEqual(revisions, [4, 9]);
  assert.deepEqual(seen, ["?prefix=a&from=3", "?prefix=a&from=4", "?prefix=a&from=4"]);
});

Deno.test("followWatch() throws when the first connection fails, and when changes were lost", async () => {
  await assert.rejects(followWatch(clientOf([], []), { prefix: "" }).next(), {
    name: "UNREACHABLE",
  });
  const client = clientOf([stream({ type: "compacted", revision: 7 })], []);
  await assert.rejects(followWatch(client, { prefix: "", from: 1 }).next(), { name: "COMPACTED" });
});
