import assert from "node:assert/strict";
import { denialOf, denialText } from "./denial.ts";

const artifact = "org.example:echo:1.0.0";

Deno.test("denialOf() names what was denied, where, and the line that would allow it", () => {
  const text = `NotCapable: Requires net access to "api.example.com:443", run again with the \
--allow-net flag
    at fetch (ext:deno_fetch/26_fetch.js:1:1)
    at run (blob:null/3f1c:12:34)
    at blob:null/3f1c:1:1`;
  const denial = denialOf(text, artifact, { net: ["b.example.com"] });
  assert.deepEqual(denial, {
    artifact,
    denied: 'net "api.example.com:443"',
    at: "slice.js:12:34",
    allow: '[permissions] net = ["b.example.com", "api.example.com:443"]',
  });
});

Deno.test("denialOf() knows denials without a name, and what is none", () => {
  const text = "Requires env access, run again with the --allow-env flag";
  const denial = denialOf(text, artifact, {});
  assert.deepEqual([denial?.denied, denial?.at], ["env", undefined]);
  assert.equal(denialOf('Requires import access to "x", run again', artifact, {}), undefined);
  assert.equal(denialOf("TypeError: It is broken", artifact, {}), undefined);
});

Deno.test("denialText() says all of it in one sentence", () => {
  const denial = { artifact, denied: 'env "HOME"', at: "slice.js:1:2", allow: "[permissions] env" };
  assert.equal(
    denialText(denial),
    `${artifact} was denied env "HOME" at slice.js:1:2: write [permissions] env in slice.toml to ` +
      "ask for it",
  );
  assert.doesNotMatch(denialText({ ...denial, at: undefined }), / at /);
});
