import assert from "node:assert/strict";
import { join } from "node:path";
import { describeConfig } from "../../protocol/config/describe.ts";
import { configDigest, loadConfig, validateConfigFile } from "./load.ts";

async function withFile(text: string | Uint8Array, run: (path: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "aether.toml");
    await Deno.writeFile(path, typeof text === "string" ? new TextEncoder().encode(text) : text);
    await run(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const noFlags = { flags: {}, forget: () => {} };

Deno.test("loadConfig() joins file, environment and flags and tells sources", async () => {
  await withFile('[node]\ndataDir = "data"\n[app]\nport = 1\n', async (path) => {
    const { config, sources } = await loadConfig({
      file: path,
      env: { AETHER_LOG_LEVEL: "debug" },
      flags: { "app-port": "0" },
      forget: () => {},
    });
    assert.equal(config.node.dataDir, join(path, "../data"));
    assert.equal(config.app.port, 0);
    assert.equal(config.log.level, "debug");
    assert.equal(sources.get("node.dataDir"), `file ${path}:2`);
    assert.equal(sources.get("app.port"), "flag --app-port");
    assert.equal(sources.get("log.level"), "env AETHER_LOG_LEVEL");
  });
});

Deno.test("loadConfig() takes the file from AETHER_CONFIG when none is named", async () => {
  await withFile('[node]\nid = "from-file"\n', async (path) => {
    const named = await loadConfig({ env: { AETHER_CONFIG: path }, ...noFlags });
    assert.equal(named.config.node.id, "from-file");
    const none = await loadConfig({ env: { AETHER_CONFIG: "" }, ...noFlags });
    assert.equal(none.config.node.id, "node-1");
  });
});

Deno.test("loadConfig() reads secret files and deletes secret variables, no others", async () => {
  const text = [
    "[secrets]",
    'directory = "secrets"',
    "[node]",
    'id = "${secrets:id}"',
    "[log]",
    'level = "${env:LOAD_TEST_TOKEN}"',
    'format = "${env:LOAD_TEST_FORMAT}"',
  ].join("\n");
  await withFile(text, async (path) => {
    await Deno.mkdir(join(path, "../secrets"));
    await Deno.writeTextFile(join(path, "../secrets/id"), "hidden-node\n");
    Deno.env.set("LOAD_TEST_TOKEN", "error");
    Deno.env.set("LOAD_TEST_FORMAT", "json");
    try {
      const loaded = await loadConfig({ file: path, env: Deno.env.toObject(), flags: {} });
      assert.equal(loaded.config.node.id, "hidden-node");
      assert.equal(loaded.config.log.level, "error");
      assert.equal(Deno.env.get("LOAD_TEST_TOKEN"), undefined);
      assert.equal(Deno.env.get("LOAD_TEST_FORMAT"), "json");
      const rows = describeConfig(loaded);
      assert.equal(rows.find((row) => row.path === "node.id")?.value, '"***"');
      assert.equal(rows.find((row) => row.path === "log.format")?.value, '"json"');
    } finally {
      Deno.env.delete("LOAD_TEST_TOKEN");
      Deno.env.delete("LOAD_TEST_FORMAT");
    }
  });
});

Deno.test("loadConfig() says why a file cannot be read", async () => {
  await withFile("", async (path) => {
    const folder = join(path, "..");
    await Deno.writeTextFile(join(folder, "large.toml"), "#".repeat(1024 * 1024 + 1));
    const reasons: Record<string, string> = {
      "nope.toml": "does not exist; create it or correct the path",
      ".": "is a folder; name a file",
      "large.toml": "has 1048577 bytes; a configuration has at most 1048576",
    };
    for (const [name, reason] of Object.entries(reasons)) {
      const file = join(folder, name);
      await assert.rejects(loadConfig({ file, env: {}, ...noFlags }), {
        name: "CONFIG_UNREADABLE",
        code: "E1002",
        message: `File "${file}" ${reason}`,
      });
    }
  });
});

Deno.test("validateConfigFile() gives a digest that only the meaning changes", async () => {
  const digestOf = async (text: string) => {
    let digest: string | undefined;
    await withFile(text, async (path) => {
      const result = await validateConfigFile(path, {});
      assert.equal(result.ok, true);
      assert.deepEqual(result.issues, []);
      digest = result.digest;
    });
    return digest;
  };
  const digest = await digestOf('[app]\nport = 5\nrequestTimeout = "1m"\n');
  assert.match(digest ?? "", /^[0-9a-f]{64}$/);
  assert.equal(await digestOf('# same\napp = { requestTimeout = "60s", port = 5 }'), digest);
  assert.notEqual(await digestOf("[app]\nport = 5\n"), digest);
  const defaults = await loadConfig({ env: {}, ...noFlags });
  assert.equal(await digestOf(""), configDigest(defaults));
});

Deno.test("validateConfigFile() reports all problems and deletes nothing", async () => {
  await withFile('[app]\nport = "x"\nprot = 1\n[log]\nlevel = "${env:V_TOKEN}"', async (path) => {
    Deno.env.set("V_TOKEN", "info");
    try {
      const result = await validateConfigFile(path, Deno.env.toObject());
      assert.equal(result.ok, false);
      assert.equal(result.digest, undefined);
      assert.deepEqual(result.issues.map(({ path, line }) => [path, line]), [
        ["app.port", 2],
        ["app.prot", 3],
      ]);
      assert.equal(result.error?.name, "CONFIG_INVALID");
      assert.equal(Deno.env.get("V_TOKEN"), "info");
    } finally {
      Deno.env.delete("V_TOKEN");
    }
  });
});

Deno.test("validateConfigFile() refuses bytes that are no text", async () => {
  await withFile(new Uint8Array([0x61, 0xff]), async (path) => {
    const result = await validateConfigFile(path, {});
    assert.deepEqual(result.issues, [{
      path: "",
      message: "The text is not UTF-8; save the file as UTF-8",
    }]);
  });
});

Deno.test("validateConfigFile() passes warnings on", async () => {
  await withFile('[app]\nhost = "0.0.0.0"', async (path) => {
    const result = await validateConfigFile(path, { AETHER_APP_PROT: "1" });
    assert.equal(result.ok, true);
    assert.deepEqual(result.warnings.map((warning) => warning.path), [
      "AETHER_APP_PROT",
      "app.host",
    ]);
    assert.match(result.warnings[0]?.message ?? "", /did you mean AETHER_APP_PORT\?$/);
  });
});
