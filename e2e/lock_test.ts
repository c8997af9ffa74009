/**
 * `aether lock run`: one holder at a time, whatever happens to the others.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Node } from "./lib/node.ts";
import { e2eTest } from "./lib/world.ts";

e2eTest(
  "lock run passes on token, arguments and exit code, and gives the lock free",
  async (world) => {
    const node = await Node.start(world);
    const script = 'echo "$AETHER_LOCK_NAME $AETHER_LOCK_TOKEN $1"; exit 7';
    const tokens: number[] = [];
    for (let round = 0; round < 2; round++) {
      const words = ["lock", "run", "jobs/a", "--connect", node.management];
      const { code, stdout } = await world.run([...words, "--", "sh", "-c", script, "sh", "-x"]);
      assert.equal(code, 7);
      const [name, token, word] = stdout.trim().split(" ");
      assert.deepEqual([name, word], ["jobs/a", "-x"]);
      tokens.push(Number(token));
    }
    assert.ok((tokens[0] ?? 0) < (tokens[1] ?? 0), String(tokens));
    assert.deepEqual((await node.client.call("lockList")).locks, []);
    const missing = await world.run([
      "lock",
      "run",
      "a",
      "--connect",
      node.management,
      "--",
      "/none",
    ]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /Cannot start "\/none"/);
  },
);

e2eTest("lock run lets one program run at a time", async (world) => {
  const node = await Node.start(world);
  const log = world.path("log");
  const script = `echo begin >> ${log}; sleep 0.2; echo end >> ${log}`;
  const run = (wait: readonly string[]) =>
    world.run([
      ...["lock", "run", "one", ...wait, "--connect", node.management],
      ...["--", "sh", "-c", script],
    ]);
  const all = await Promise.all(Array.from({ length: 4 }, () => run(["--wait", "30s"])));
  assert.deepEqual(all.map(({ code }) => code), [0, 0, 0, 0]);
  const lines = (await Deno.readTextFile(log)).trim().split("\n");
  assert.deepEqual(lines, Array.from({ length: 4 }, () => ["begin", "end"]).flat());
});

e2eTest("lock run refuses at once without --wait, and names the holder", async (world) => {
  const node = await Node.start(world);
  const holder = world.start([
    ...["lock", "run", "one", "--connect", node.management],
    ...["--", "sh", "-c", "echo held; exec sleep 30"],
  ]);
  await holder.line("stdout", (line) => line === "held" || undefined);
  const second = await world.run([
    ...["lock", "run", "one", "--connect", node.management, "--", "true"],
  ]);
  assert.equal(second.code, 5);
  assert.match(second.stderr, /error\[E3015\]: Lock "one" is held by/);
  // SIGTERM ends the program and frees the lock.
  holder.kill("SIGTERM");
  assert.equal((await holder.ended).code, 143);
  assert.deepEqual((await node.client.call("lockList")).locks, []);
});

e2eTest("a lock whose holder was killed is free after its time to live", async (world) => {
  const node = await Node.start(world);
  const holder = world.start([
    ...["lock", "run", "one", "--ttl", "2s", "--connect", node.management],
    // The program is an orphan when its parent is killed: it must end by itself here.
    ...["--", "sh", "-c", "echo held $AETHER_LOCK_TOKEN; sleep 2"],
  ]);
  const token = await holder.line("stdout", (line) => /^held (\d+)/.exec(line)?.[1]);
  holder.kill("SIGKILL");
  const killedAt = performance.now();
  const next = await world.must([
    ...["lock", "run", "one", "--wait", "20s", "--connect", node.management],
    ...["--", "sh", "-c", "echo $AETHER_LOCK_TOKEN"],
  ]);
  assert.ok(performance.now() - killedAt > 1_000);
  assert.ok(Number(next) > Number(token));
});

e2eTest("lock run ends its program when the lock cannot be renewed", async (world) => {
  const node = await Node.start(world);
  const holder = world.start([
    ...["lock", "run", "one", "--ttl", "3s", "--connect", node.management],
    ...["--", "sh", "-c", "echo held; exec sleep 60"],
  ]);
  await holder.line("stdout", (line) => line === "held" || undefined);
  const lostAt = performance.now();
  await node.crash();
  const { code, stderr } = await holder.ended;
  assert.equal(code, 5, stderr);
  assert.match(stderr, /Lock "one" could not be renewed within 3s/);
  assert.ok(performance.now() - lostAt < 3_000, "before its time was over");
});

e2eTest("kv watch prints changes as lines of JSON and goes on over a restart", async (world) => {
  const words = ["--data-dir", world.path("data")];
  let node = await Node.start(world, words);
  const watch = world.start(["kv", "watch", "a/", "-o", "jsonl", "--connect", node.management]);
  await watch.line("stdout", (line) => line.includes('"progress"') || undefined);
  await node.must(["kv", "put", "a/1", "one"]);
  await watch.line("stdout", (line) => line.includes('"a/1"') || undefined);
  const { port } = new URL(node.management);
  await node.crash();
  node = await Node.start(world, [...words, "--management-port", port]);
  await node.must(["kv", "put", "a/2", "two"]);
  await watch.line("stdout", (line) => line.includes('"a/2"') || undefined);
  watch.kill("SIGINT");
  assert.equal((await watch.ended).code, 0);
  const changes = watch.stdout.filter((line) => line.includes('"change"'));
  assert.equal(changes.length, 2, changes.join("\n"));
});
