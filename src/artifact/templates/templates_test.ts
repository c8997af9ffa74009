import assert from "node:assert/strict";
import { describeHere, withFolder } from "../../../tests/fixtures/slices/temporary.ts";
import { buildSlice } from "../build.ts";
import { filesOf, newSlice } from "../scaffold.ts";
import { lintSlice } from "../tools/lint_run.ts";
import { runSliceTests } from "../tools/test_run.ts";
import { missingFor, templateNames, templates } from "./templates.ts";

const denoPath = Deno.execPath();

for (const name of templateNames) {
  Deno.test(`template ${name} is formatted, without findings, and passes its tests`, async () => {
    await withFolder(filesOf("org.example", "my-thing", templates[name]), async (dir) => {
      const format = await new Deno.Command(denoPath, {
        args: ["fmt", "--check", "contract.ts", "mod.ts", "mod_test.ts", "README.md"],
        cwd: dir,
      }).output();
      assert.ok(format.success, new TextDecoder().decode(format.stderr));
      assert.deepEqual(await lintSlice(dir, { denoPath }), []);
      let text = "";
      const passed = await runSliceTests(dir, {
        denoPath,
        print: (piece) => Promise.resolve(void (text += new TextDecoder().decode(piece))),
      });
      assert.ok(passed, text);
    });
  });

  Deno.test(`template ${name} builds, or says that it cannot run yet`, async () => {
    const missing = missingFor(name);
    await withFolder({}, async (dir) => {
      const making = newSlice("my-thing", dir, { template: name });
      if (missing !== undefined) {
        await assert.rejects(making, { name: "NOT_BUILT", message: /does not run (topics|sched)/ });
        return;
      }
      await making;
      const options = { describe: describeHere, builtWith: "0.1.0", check: false };
      const { manifest, warnings } = await buildSlice(dir, options);
      assert.equal(manifest.artifact, "org.example:my-thing:1.0.0");
      assert.deepEqual(warnings, []);
    });
  });
}
