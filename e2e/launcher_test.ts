/**
 * The self-extracting executable: what its launcher unpacks, checks, repairs, refuses and removes.
 *
 * Most cases use a stand-in runtime, see `launcher_bench.ts`; the last ones run the real
 * `dist/aether` alone in an empty folder.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Bench, Held, type Outcome, start } from "./launcher_bench.ts";

const executable = fileURLToPath(new URL("../dist/aether", import.meta.url));
const isRoot = Deno.uid() === 0;

function refused(outcome: Outcome, pattern: RegExp): void {
  assert.equal(outcome.code, 126, outcome.stdout + outcome.stderr);
  assert.match(outcome.stderr, pattern);
  assert.equal(outcome.stdout, "");
}

Deno.test("launcher passes its arguments on and says where the executable is", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "app");
  const outcome = await start(exe, { args: ["a", "", "b c", "--x"], env: bench.env });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.deepEqual(outcome.stdout.split("\n"), [
    "aether",
    "run",
    "-A",
    bench.file("aether.js"),
    "a",
    "",
    "b c",
    "--x",
    `exe=${exe}`,
    `dir=${bench.file("deno")}`,
    "",
  ]);
});

Deno.test("launcher makes private folders and files, whatever the umask", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "app");
  const script = 'umask 000; exec "$0"';
  const outcome = await start(exe, { env: bench.env, under: ["sh", "-c", script] });
  assert.equal(outcome.code, 0, outcome.stderr);
  const mode = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;
  assert.equal(mode(bench.cache), 0o700);
  assert.equal(mode(bench.file(".")), 0o700);
  assert.equal(mode(bench.file("deno")), 0o700);
  assert.equal(mode(bench.file("aether")), 0o700);
  assert.equal(mode(bench.file("aether.js")), 0o600);
  assert.equal(mode(bench.file(".stamp")), 0o600);
});

Deno.test("launcher lets ten first starts race; none runs from a replaced file", async () => {
  await using bench = await Bench.open();
  // Large enough that the others arrive while the first still unpacks.
  const exe = await bench.pack("one", "0123456789abcdef".repeat(2 << 20));
  const held = await Promise.all(Array.from({ length: 10 }, () => Held.start(exe, bench.env)));
  const programs = held.map((process) => process.program);
  await Promise.all(held.map((process) => process.end()));
  assert.deepEqual(programs, Array.from({ length: 10 }, () => bench.file("aether")));
});

Deno.test("launcher repairs a file changed to other bytes of equal size and time", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "good");
  await start(exe, { env: bench.env });
  const path = bench.file("aether.js");
  const reference = join(bench.dir, "reference");
  assert.equal((await start("touch", { args: ["-r", path, reference] })).code, 0);
  Deno.writeTextFileSync(path, "evil");
  assert.equal((await start("touch", { args: ["-r", reference, path] })).code, 0);
  const outcome = await start(exe, { env: bench.env });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.equal(Deno.readTextFileSync(path), "good");
});

Deno.test("launcher keeps a file whose times changed but whose bytes did not", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "good");
  await start(exe, { env: bench.env });
  const path = bench.file("aether.js");
  const before = Deno.statSync(path).ino;
  const stamp = Deno.readTextFileSync(bench.file(".stamp"));
  Deno.utimeSync(path, 1, 1);
  assert.equal((await start(exe, { env: bench.env })).code, 0);
  assert.equal(Deno.statSync(path).ino, before);
  assert.notEqual(Deno.readTextFileSync(bench.file(".stamp")), stamp);
});

Deno.test("launcher replaces a file that is a link, open to others, or gone", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "good");
  await start(exe, { env: bench.env });
  const path = bench.file("aether.js");
  const elsewhere = join(bench.dir, "elsewhere.js");
  Deno.writeTextFileSync(elsewhere, "good");
  Deno.removeSync(path);
  Deno.symlinkSync(elsewhere, path);
  assert.equal((await start(exe, { env: bench.env })).code, 0);
  assert(Deno.lstatSync(path).isFile);
  Deno.chmodSync(path, 0o666);
  assert.equal((await start(exe, { env: bench.env })).code, 0);
  assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  Deno.removeSync(path);
  assert.equal((await start(exe, { env: bench.env })).code, 0);
  assert.equal(Deno.readTextFileSync(path), "good");
});

Deno.test("launcher finishes an unpacking that was interrupted", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "good");
  await start(exe, { env: bench.env });
  Deno.removeSync(bench.file(".stamp"));
  Deno.writeTextFileSync(bench.file(".new"), "half");
  Deno.truncateSync(bench.file("aether"), 100);
  const outcome = await start(exe, { env: bench.env });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.throws(() => Deno.statSync(bench.file(".new")), Deno.errors.NotFound);
});

Deno.test("launcher refuses a cache or a version that is a symbolic link", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "app");
  await start(exe, { env: bench.env });
  const version = bench.file(".");
  const real = join(bench.dir, "real");
  Deno.renameSync(version, real);
  Deno.symlinkSync(real, version.replace(/\/\.?$/, ""));
  refused(await start(exe, { env: bench.env }), /is a symbolic link: remove it/);
  const link = join(bench.dir, "link");
  Deno.symlinkSync(bench.cache, link);
  refused(await start(exe, { env: { AETHER_CACHE: link } }), /link is a symbolic link/);
});

Deno.test("launcher refuses folders that others can write", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "app");
  await start(exe, { env: bench.env });
  Deno.chmodSync(bench.file("deno"), 0o777);
  refused(await start(exe, { env: bench.env }), /deno can be written by others: run `chmod go-w/);
  Deno.chmodSync(bench.file("deno"), 0o700);
  Deno.chmodSync(bench.cache, 0o770);
  refused(await start(exe, { env: bench.env }), /cache can be written by others: run `chmod go-w/);
  Deno.chmodSync(bench.cache, 0o700);
  Deno.chmodSync(bench.dir, 0o777);
  refused(await start(exe, { env: bench.env }), /can be written by anybody.*AETHER_CACHE/);
  Deno.chmodSync(bench.dir, 0o1777);
  assert.equal((await start(exe, { env: bench.env })).code, 0);
});

// Only root can give a folder to somebody else, so nobody else can try this.
if (isRoot) {
  Deno.test("launcher refuses folders and replaces files of another user", async () => {
    await using bench = await Bench.open();
    const exe = await bench.pack("one", "good");
    await start(exe, { env: bench.env });
    Deno.chownSync(bench.file("aether.js"), 12345, null);
    assert.equal((await start(exe, { env: bench.env })).code, 0);
    assert.equal(Deno.statSync(bench.file("aether.js")).uid, 0);
    Deno.chownSync(bench.cache, 12345, null);
    refused(await start(exe, { env: bench.env }), /cache belongs to user 12345, not to you/);
    Deno.chownSync(bench.cache, 0, null);
    Deno.chownSync(bench.dir, 12345, null);
    refused(await start(exe, { env: bench.env }), /belongs to user 12345, not to you/);
  });
}

Deno.test("launcher removes old versions, but none that is still running", async () => {
  await using bench = await Bench.open();
  const first = await bench.pack("first", "1");
  const second = await bench.pack("second", "2");
  const third = await bench.pack("third", "3");
  const held = await Held.start(first, bench.env);
  const [firstVersion] = bench.versions();
  assert(firstVersion !== undefined);
  await start(second, { env: bench.env });
  assert(bench.versions().includes(firstVersion));
  assert.equal(bench.versions().length, 2);
  await held.end();
  const other = join(bench.cache, "not-a-version");
  Deno.mkdirSync(other);
  await start(third, { env: bench.env });
  assert.equal(bench.versions().length, 2);
  assert(!bench.versions().includes(firstVersion));
  assert(Deno.statSync(other).isDirectory);
});

Deno.test("launcher says what to set when it cannot use the home folder", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "app");
  refused(await start(exe, { env: {} }), /There is no HOME to unpack into: set AETHER_CACHE/);
  refused(await start(exe, { env: { HOME: "" } }), /There is no HOME to unpack into/);
  // Not even root can make a folder in /proc.
  refused(await start(exe, { env: { HOME: "/proc" } }), /Cannot create .*: set AETHER_CACHE/);
  refused(await start(exe, { env: { AETHER_CACHE: "here" } }), /'here': give an absolute path/);
  const outcome = await start(exe, { env: { HOME: "/proc", ...bench.env } });
  assert.equal(outcome.code, 0, outcome.stderr);
});

Deno.test("launcher says that a file system is mounted noexec", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "app");
  Deno.mkdirSync(bench.cache, { mode: 0o700 });
  const mount = 'mount -t tmpfs -o noexec,mode=700 tmpfs "$AETHER_CACHE" && exec "$0"';
  const under = ["unshare", isRoot ? "-m" : "-Urm", "sh", "-c", mount];
  refused(await start(exe, { env: bench.env, under }), /cache is on a file system mounted noexec/);
});

Deno.test("launcher runs from an unpacked cache on a read-only file system", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "app");
  const other = await bench.pack("two", "other");
  await start(exe, { env: bench.env });
  const mount = 'mount --bind "$AETHER_CACHE" "$AETHER_CACHE" && ' +
    'mount -o remount,bind,ro "$AETHER_CACHE" && exec "$0"';
  const under = ["unshare", isRoot ? "-m" : "-Urm", "sh", "-c", mount];
  const outcome = await start(exe, { env: bench.env, under });
  assert.equal(outcome.code, 0, outcome.stderr);
  refused(await start(other, { env: bench.env, under }), /Cannot write in .*cache \(Read-only/);
});

Deno.test("launcher says that the disk is full, and recovers when it no longer is", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "x".repeat(1 << 20));
  Deno.mkdirSync(bench.cache, { mode: 0o700 });
  const mount = 'mount -t tmpfs -o size=300k,mode=700 tmpfs "$AETHER_CACHE" && ("$0"; echo $?; ' +
    'mount -o remount,size=4m,mode=700 tmpfs "$AETHER_CACHE"; "$0")';
  const under = ["unshare", isRoot ? "-m" : "-Urm", "sh", "-c", mount];
  const outcome = await start(exe, { env: bench.env, under });
  assert.match(outcome.stderr, /No space left on device\): it needs 2 MB; free some space/);
  assert.match(outcome.stdout, /^126\naether\n/);
  assert.equal(outcome.code, 0);
});

Deno.test("launcher refuses an executable that is damaged or cut short", async () => {
  await using bench = await Bench.open();
  const exe = await bench.pack("one", "app");
  const bytes = await Deno.readFile(exe);
  const marks = [bytes.length - 1, bytes.length - 30, bytes.length - 100, bytes.length - 400];
  for (const mark of marks) {
    const damaged = bytes.slice();
    damaged[mark] = (damaged[mark] ?? 0) ^ 1;
    const path = join(bench.dir, `damaged-${mark}`);
    await Deno.writeFile(path, damaged, { mode: 0o755 });
    refused(await start(path, { env: bench.env }), /is damaged or incomplete: copy or download/);
  }
  const short = join(bench.dir, "short");
  await Deno.writeFile(short, bytes.slice(0, -1000), { mode: 0o755 });
  refused(await start(short, { env: bench.env }), /is damaged or incomplete/);
});

/** Copies `dist/aether` alone into an empty folder beside an empty home folder. */
async function alone(): Promise<AsyncDisposable & { exe: string; env: Record<string, string> }> {
  const dir = await Deno.makeTempDir({ prefix: "aether-alone-" });
  const exe = join(dir, "bin", "aether");
  const home = join(dir, "home");
  Deno.mkdirSync(join(dir, "bin"));
  Deno.mkdirSync(home);
  await Deno.copyFile(executable, exe);
  return {
    exe,
    env: { HOME: home },
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

Deno.test("aether version runs from the executable alone with an empty home folder", async () => {
  await using place = await alone();
  const outcome = await start(place.exe, { args: ["version"], env: place.env });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.match(outcome.stdout, /bundle/);
  assert.equal(outcome.stderr, "");
});

Deno.test("aether version runs without any network", async () => {
  await using place = await alone();
  const under = ["unshare", isRoot ? "-n" : "-Urn"];
  const outcome = await start(place.exe, { args: ["version"], env: place.env, under });
  assert.equal(outcome.code, 0, outcome.stderr);
});

Deno.test("aether version ignores a deno.json and package.json where it runs", async () => {
  await using place = await alone();
  const cwd = join(place.exe, "..");
  Deno.writeTextFileSync(join(cwd, "deno.json"), '{ "imports": 1 }');
  Deno.writeTextFileSync(join(cwd, "package.json"), '{ "type": "commonjs" }');
  const outcome = await start(place.exe, {
    args: ["version"],
    env: place.env,
    under: ["env", "-C", cwd],
  });
  assert.equal(outcome.code, 0, outcome.stderr);
});

Deno.test("aether version answers all of ten first starts at once", async () => {
  await using place = await alone();
  const starts = Array.from(
    { length: 10 },
    () => start(place.exe, { args: ["version"], env: place.env }),
  );
  const outcomes = await Promise.all(starts);
  for (const outcome of outcomes) assert.equal(outcome.code, 0, outcome.stderr);
  assert.equal(new Set(outcomes.map(({ stdout }) => stdout)).size, 1);
});

Deno.test("aether slice writes and builds a slice from the executable alone, offline", async () => {
  await using place = await alone();
  const folder = join(place.exe, "..");
  const under = ["unshare", isRoot ? "-n" : "-Urn", "env", "-C", folder];
  for (const args of [["new", "hello"], ["build", "hello"], ["inspect", "hello-1.0.0.slice"]]) {
    const outcome = await start(place.exe, { args: ["slice", ...args], env: place.env, under });
    assert.equal(outcome.code, 0, outcome.stderr);
  }
});
