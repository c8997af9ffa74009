/**
 * The management API and the applications over HTTPS, with certificates of `aether tls`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { nodeWords } from "./lib/node.ts";
import { e2eTest } from "./lib/world.ts";

const config = `
[management.tls]
certificate = "tls/node-1.crt"
key = "tls/node-1.key"

[app.tls]
certificate = "tls/node-1.crt"
key = "tls/node-1.key"
`;

e2eTest(
  "Management and applications answer over HTTPS those who know the authority",
  async (world) => {
    const folder = ["--dir", world.path("tls")];
    await world.must(["tls", "init", ...folder]);
    await world.must(["tls", "issue", "node-1", "--hosts", "127.0.0.1", ...folder]);
    const file = await world.write("aether.toml", config);
    const node = world.start([...nodeWords, "--config", file]);
    const ready = await node.line("stdout", (line) => {
      const parsed = JSON.parse(line) as { ready: boolean; management: string; app: string };
      return parsed.ready ? parsed : undefined;
    });
    assert.match(ready.management, /^https:/);

    const ca = world.path("tls", "ca.crt");
    const connect = ["--connect", ready.management];
    const health = await world.must(["health", "-o", "json", ...connect, "--tls-ca", ca]);
    assert.equal(JSON.parse(health).ready, true);
    const stranger = await world.run(["health", ...connect]);
    assert.equal(stranger.code, 8, stranger.stderr);
    assert.match(stranger.stderr, /hint: .*--tls-ca/);

    using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(ca)] });
    const answer = await fetch(`${ready.app}/nothing`, { client });
    const text = await answer.text();
    assert.equal(answer.status, 404, text);
    await assert.rejects(fetch(ready.app.replace("https:", "http:")));
  },
);
