/** The durable log in a real process on a real disk, killed without warning. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { DataDirectory } from "../src/io/log/data_directory.ts";

const WRITER = fileURLToPath(new URL("./fixtures/log_writer.ts", import.meta.url));
const OPTIONS = { create: () => assert.fail("The directory is not blank") };

/** Runs the writer until it has acknowledged some records, kills it, returns the last index. */
async function writeAndKill(directory: string, records: number): Promise<number> {
  const writer = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-read", "--allow-write", WRITER, directory],
    stdout: "piped",
  }).spawn();
  let printed = "";
  for await (const text of writer.stdout.pipeThrough(new TextDecoderStream())) {
    printed += text;
    if (printed.split("\n").length <= records) continue;
    await assert.rejects(DataDirectory.open(directory, OPTIONS), {
      name: "STORAGE_LOCKED",
      message: `Data directory "${directory}" is in use by process ${writer.pid}`,
    });
    writer.kill("SIGKILL");
    break;
  }
  await writer.status;
  return Number(printed.slice(0, printed.lastIndexOf("\n")).split("\n").pop());
}

Deno.test("DataDirectory keeps every acknowledged record when killed again and again", async () => {
  const directory = await Deno.makeTempDir();
  let acknowledged = 0;
  for (const records of [1, 30, 120]) {
    const last = await writeAndKill(directory, records);
    assert.ok(last > acknowledged, `record ${last} follows ${acknowledged}`);
    acknowledged = last;
    const data = await DataDirectory.open(directory, OPTIONS);
    const firstIndex = (data.snapshot?.index ?? 0) + 1;
    assert.ok(data.log.nextIndex > acknowledged, `${data.log.nextIndex} after ${acknowledged}`);
    data.records.forEach((record, i) => {
      assert.equal(record.index, firstIndex + i);
      assert.equal(new TextDecoder().decode(record.body), `record ${record.index}`);
    });
    await data.close();
  }
  await Deno.remove(directory, { recursive: true });
});
