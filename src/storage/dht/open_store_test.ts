import assert from "node:assert/strict";
import { join } from "node:path";
import { SeededRandom } from "../../base/random.ts";
import { resolveConfig } from "../../protocol/config/config.ts";
import { createLogger } from "../../sdk/logger.ts";
import { openEntryStore } from "./open_store.ts";

Deno.test("openEntryStore() sets a damaged database aside and comes back as another storage", async () => {
  const dataDir = await Deno.makeTempDir();
  const config = resolveConfig({ node: { dataDir } });
  const lines: string[] = [];
  const log = createLogger((_level, message) => lines.push(message));
  const random = new SeededRandom(1);
  const first = openEntryStore(config, random, log);
  first.close();
  const again = openEntryStore(config, random, log);
  assert.equal(again.name, first.name);
  again.close();
  await Deno.writeFile(join(dataDir, "storage", "dht.db"), new Uint8Array(8192).fill(7));
  const other = openEntryStore(config, random, log);
  assert.notEqual(other.name, first.name);
  other.close();
  const files = [...Deno.readDirSync(join(dataDir, "storage"))].map(({ name }) => name);
  assert.ok(files.some((name) => name.startsWith("dht.db.damaged-")), files.join());
  assert.equal(lines.length, 1);
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("openEntryStore() keeps entries in memory without a data directory", () => {
  const store = openEntryStore(resolveConfig({}), new SeededRandom(1), createLogger(() => {}));
  assert.match(store.name, /^[0-9a-f]{24}$/);
  assert.equal(store.scrub(1), true);
  store.close();
});
