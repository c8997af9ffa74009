/**
 * The toolchain scripts on a bare machine: no Deno on PATH, an empty home folder or none at all.
 *
 * The installation is played by a stand-in for npm or curl that hands out this very Deno; the last
 * case uses the real npm and this checkout as a newcomer's clone would.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const version = Deno.readTextFileSync(join(root, "scripts/lib/deno_version.txt")).trim();

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A tiny checkout with the real toolchain scripts, beside an empty home and a PATH of its own. */
class Machine {
  private constructor(readonly dir: string) {}

  static async create(): Promise<Machine> {
    const machine = new Machine(await Deno.makeTempDir({ prefix: "aether-clone-" }));
    for (const name of ["scripts/aether", "scripts/lib/toolchain.sh"]) {
      await copyInto(root, machine.checkout, name);
    }
    machine.write("checkout/scripts/lib/deno_version.txt", `${version}\n`);
    machine.write("checkout/deno.json", '{ "nodeModulesDir": "none" }');
    machine.write("checkout/deno.lock", '{ "version": "5" }');
    machine.write("checkout/main.ts", "console.log(JSON.stringify([Deno.cwd(), ...Deno.args]));");
    Deno.mkdirSync(join(machine.dir, "home"));
    for (const tool of basicTools) {
      machine.tool(tool, `exec ${await which(tool)} "$@"`);
    }
    return machine;
  }

  get checkout(): string {
    return join(this.dir, "checkout");
  }

  get deno(): string {
    return join(this.checkout, ".deno", version, "deno");
  }

  write(name: string, text: string): string {
    const path = join(this.dir, name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, text);
    return path;
  }

  /** Puts a shell script on the machine's PATH. */
  tool(name: string, body: string): void {
    Deno.chmodSync(this.write(`bin/${name}`, `#!/bin/sh\n${body}\n`), 0o755);
  }

  /** An npm that counts its calls and installs this Deno, or another program in its place. */
  npm(program: string = Deno.execPath()): void {
    this.tool(
      "npm",
      `echo "$*" >>${this.dir}/npm-calls
      mkdir -p node_modules/@deno/other node_modules/@deno/this
      echo broken >node_modules/@deno/other/deno
      cp ${program} node_modules/@deno/this/deno`,
    );
  }

  npmCalls(): string[] {
    return Deno.readTextFileSync(join(this.dir, "npm-calls")).trim().split("\n");
  }

  async run(args: string[], options: { cwd?: string; home?: boolean } = {}): Promise<Outcome> {
    const home = options.home === false ? {} : { HOME: join(this.dir, "home") };
    const output = await new Deno.Command("/bin/sh", {
      args,
      cwd: options.cwd ?? this.dir,
      env: { PATH: join(this.dir, "bin"), ...home },
      clearEnv: true,
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return {
      code: output.code,
      stdout: text.decode(output.stdout),
      stderr: text.decode(output.stderr),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

const basicTools = "cat chmod cmp cp dirname ln mkdir mv readlink rm sed sh".split(" ");

async function which(tool: string): Promise<string> {
  const output = await new Deno.Command("sh", { args: ["-c", `command -v ${tool}`] }).output();
  assert(output.success, `There is no ${tool} here`);
  return new TextDecoder().decode(output.stdout).trim();
}

async function copyInto(from: string, to: string, name: string): Promise<void> {
  await Deno.mkdir(dirname(join(to, name)), { recursive: true });
  await Deno.copyFile(join(from, name), join(to, name));
}

Deno.test("scripts/aether installs Deno with npm once, nothing at home", async () => {
  await using machine = await Machine.create();
  machine.npm();
  const first = await machine.run(["checkout/scripts/aether", "a", "", "b c", "--x"]);
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(JSON.parse(first.stdout), [machine.dir, "a", "", "b c", "--x"]);
  assert.match(first.stderr, /Installing Deno .* with npm/);
  const second = await machine.run(["checkout/scripts/aether"]);
  assert.equal(second.code, 0, second.stderr);
  assert.equal(second.stderr, "");
  assert.equal(machine.npmCalls().length, 1);
  assert.match(machine.npmCalls()[0] ?? "", /--ignore-scripts.* deno@/);
  assert.deepEqual([...Deno.readDirSync(join(machine.dir, "home"))], []);
  assert.deepEqual(
    [...Deno.readDirSync(join(machine.checkout, ".deno"))].map(({ name }) => name).sort(),
    [version, "cache"],
  );
});

Deno.test("scripts/aether works without HOME, from any folder and through links", async () => {
  await using machine = await Machine.create();
  machine.npm();
  const elsewhere = join(machine.dir, "elsewhere");
  Deno.mkdirSync(elsewhere);
  Deno.symlinkSync("../checkout/scripts/aether", join(elsewhere, "relative"));
  Deno.symlinkSync(join(elsewhere, "relative"), join(elsewhere, "aether"));
  const outcome = await machine.run(["aether", "x"], { cwd: elsewhere, home: false });
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.deepEqual(JSON.parse(outcome.stdout), [elsewhere, "x"]);
});

Deno.test("scripts/aether survives four first runs at once", async () => {
  await using machine = await Machine.create();
  machine.npm();
  const runs = Array.from({ length: 4 }, () => machine.run(["checkout/scripts/aether", "x"]));
  for (const outcome of await Promise.all(runs)) {
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.deepEqual(JSON.parse(outcome.stdout), [machine.dir, "x"]);
  }
  const left = [...Deno.readDirSync(join(machine.checkout, ".deno"))].map(({ name }) => name);
  assert.deepEqual(left.sort(), [version, "cache"]);
});

Deno.test("scripts/aether uses a Deno on PATH only when it has the pinned version", async () => {
  await using machine = await Machine.create();
  machine.npm();
  machine.tool("deno", `echo "deno 1.2.3 (stable, release, x)"`);
  const other = await machine.run(["checkout/scripts/aether"]);
  assert.equal(other.code, 0, other.stderr);
  assert(Deno.statSync(machine.deno).isFile);
  Deno.removeSync(machine.deno);
  machine.tool("deno", `exec ${Deno.execPath()} "$@"`);
  const same = await machine.run(["checkout/scripts/aether"]);
  assert.equal(same.code, 0, same.stderr);
  assert.throws(() => Deno.statSync(machine.deno), Deno.errors.NotFound);
  assert.equal(machine.npmCalls().length, 1);
});

Deno.test("scripts/aether falls back to the official installer when npm is absent", async () => {
  await using machine = await Machine.create();
  const script = `mkdir -p $DENO_INSTALL/bin && cp ${Deno.execPath()} $DENO_INSTALL/bin/deno
    echo "asked for $1, CI=$CI"`;
  machine.tool("curl", `while [ "$1" != -o ]; do shift; done\ncat >"$2" <<'END'\n${script}\nEND`);
  const outcome = await machine.run(["checkout/scripts/aether", "x"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.match(outcome.stderr, new RegExp(`asked for v${version}, CI=1`));
  assert.deepEqual(JSON.parse(outcome.stdout), [machine.dir, "x"]);
  assert.deepEqual([...Deno.readDirSync(join(machine.dir, "home"))], []);
});

Deno.test("scripts/aether says what it needs when it cannot install Deno", async () => {
  await using machine = await Machine.create();
  const bare = await machine.run(["checkout/scripts/aether"]);
  assert.equal(bare.code, 1);
  assert.match(bare.stderr, /Cannot install Deno .*: it needs npm, or curl and the network/);
  machine.npm(await which("true"));
  const wrong = await machine.run(["checkout/scripts/aether"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /Cannot install Deno .*or put deno .* on PATH/);
  assert.deepEqual([...Deno.readDirSync(join(machine.checkout, ".deno"))], []);
});

Deno.test("scripts/aether fetches the packages again when deno.lock changes", async () => {
  await using machine = await Machine.create();
  machine.npm();
  await machine.run(["checkout/scripts/aether"]);
  machine.write("checkout/deno.lock", '{ "version": "5", "specifiers": {} }');
  const outcome = await machine.run(["checkout/scripts/aether"]);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.match(outcome.stderr, /^Fetching the locked packages into .*\n$/);
});

Deno.test("scripts/aether passes the exit code of the program through", async () => {
  await using machine = await Machine.create();
  machine.npm();
  machine.write("checkout/main.ts", "Deno.exit(Number(Deno.args[0]));");
  assert.equal((await machine.run(["checkout/scripts/aether", "42"])).code, 42);
});

Deno.test("a newcomer's clone answers `aether version` with the real npm", async () => {
  const dir = await Deno.makeTempDir({ prefix: "aether-clone-" });
  try {
    const checkout = join(dir, "checkout");
    const list = await new Deno.Command("git", {
      args: ["-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    }).output();
    assert(list.success, new TextDecoder().decode(list.stderr));
    for (const name of new TextDecoder().decode(list.stdout).split("\0")) {
      // A file deleted but not yet committed is still listed.
      const exists = name !== "" && await Deno.lstat(join(root, name)).catch(() => undefined);
      if (exists) await copyInto(root, checkout, name);
    }
    Deno.mkdirSync(join(dir, "home"));
    const { DENO_DIR: _dir, PATH = "", ...env } = Deno.env.toObject();
    const paths = PATH.split(":").filter((path) => !existsIn(path, "deno"));
    const output = await new Deno.Command("sh", {
      args: ["scripts/aether", "version"],
      cwd: checkout,
      env: { ...env, PATH: paths.join(":"), HOME: join(dir, "home") },
      clearEnv: true,
      stdin: "null",
    }).output();
    const stderr = new TextDecoder().decode(output.stderr);
    assert.equal(output.code, 0, stderr);
    assert.match(new TextDecoder().decode(output.stdout), /source/);
    assert.match(stderr, /Installing Deno/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

function existsIn(folder: string, name: string): boolean {
  try {
    return Deno.statSync(join(folder, name)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
}
