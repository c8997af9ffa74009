import assert from "node:assert/strict";
import {
  buildInfo,
  denoPath,
  engineFlag,
  entrySources,
  entryUrl,
  esbuildPath,
  form,
  sdkPath,
  selfCommand,
} from "./entry.ts";

Deno.test("form() is source under deno run, and buildInfo() agrees with deno.json", () => {
  const config = JSON.parse(Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)));
  assert.equal(form(), "source");
  assert.deepEqual(buildInfo(), {
    version: config.version,
    commit: "working-tree",
    form: "source",
    deno: Deno.version.deno,
  });
});

Deno.test("entryUrl() names the sources of the threads", () => {
  for (const name of ["control", "gateway", "shell"] as const) {
    const url = new URL(entryUrl(name));
    assert.equal(url.href, new URL(entrySources[name], import.meta.url).href);
    assert(Deno.statSync(url).isFile);
  }
});

Deno.test("selfCommand() runs main.ts with the checkout's configuration", () => {
  const { command, args } = selfCommand();
  assert.equal(command, Deno.execPath());
  assert.deepEqual(args.slice(0, 5), ["run", "-A", "--no-prompt", engineFlag, "--config"]);
  assert(Deno.statSync(args[5] ?? "").isFile);
  assert.match(args[6] ?? "", /\/main\.ts$/);
});

Deno.test("esbuildPath(), sdkPath() and denoPath() name nothing packed from source", () => {
  assert.equal(sdkPath(), undefined);
  assert.equal(denoPath(), Deno.execPath());
  assert.equal(esbuildPath(), undefined);
});
