import assert from "node:assert/strict";
import { engineFlag } from "../../io/entry.ts";
import { findWrappers, launchOf, type LaunchOptions } from "./launch.ts";

const plain: LaunchOptions = {
  granted: {},
  heapMb: 64,
  deniedHosts: [],
  auditFile: undefined,
  wrappers: { prlimit: false, blockSignal: false, nice: false },
  ownEnv: { PATH: "/bin", HOME: "/home", AETHER_TOKEN: "secret", TZ: "UTC", OTHER: "x" },
};

Deno.test("launchOf() grants nothing but the host's own modules", () => {
  const { args, env } = launchOf(plain);
  const allowed = args.filter((arg) => arg.startsWith("--allow"));
  assert.equal(allowed.length, 1);
  assert.match(allowed[0] ?? "", /^--allow-read=\//);
  assert.equal(args.includes("-A"), false);
  assert.equal(args.at(-1), "__slice-host");
  assert.ok(args.includes("--v8-flags=--max-old-space-size=64"));
  assert.ok(args.includes(engineFlag));
  assert.deepEqual([env["TZ"], env["OTHER"], env["AETHER_TOKEN"]], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("launchOf() passes on what was granted", () => {
  const granted = { net: ["api.example.com:443"], env: ["TZ"], run: ["*"], read: ["/a,b"] };
  const { args, env } = launchOf({ ...plain, granted, deniedHosts: ["10.0.0.7"] });
  assert.ok(args.includes("--allow-net=api.example.com:443"));
  assert.ok(args.includes("--allow-run"));
  assert.ok(args.some((arg) => /^--allow-read=\/.*,\/a,,b$/.test(arg)));
  const denied = args.find((arg) => arg.startsWith("--deny-net=")) ?? "";
  for (const host of ["127.0.0.0/8", "169.254.0.0/16", "[::1]", "10.0.0.7"]) {
    assert.ok(denied.includes(host), denied);
  }
  assert.equal(env["TZ"], "UTC");
});

Deno.test("launchOf() puts limits before the program where the machine has them", () => {
  const wrappers = { prlimit: true, blockSignal: true, nice: true };
  const { command, args } = launchOf({ ...plain, wrappers, auditFile: "/tmp/audit" });
  assert.equal(command, "prlimit");
  const bytes = (1216 + 2 * 64) * 1024 * 1024;
  const limits = [`--data=${bytes}`, "--core=0"];
  const before = [...limits, "nice", "-n", "5", "env", "--block-signal=USR1"];
  assert.deepEqual(args.slice(0, before.length), before);
  assert.equal(launchOf({ ...plain, auditFile: "/tmp/a" }).env["DENO_AUDIT_PERMISSIONS"], "/tmp/a");
});

Deno.test("findWrappers() asks this machine", async () => {
  const wrappers = await findWrappers();
  assert.deepEqual(Object.keys(wrappers), ["prlimit", "blockSignal", "nice"]);
});
