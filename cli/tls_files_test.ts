import assert from "node:assert/strict";
import { runForTest } from "./testing.ts";
import { namesOf } from "./tls_files.ts";

Deno.test("aether tls makes an authority, certificates, and shows and replaces them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "aether-cli-tls-" });
  const at = ["--dir", `${folder}/tls`];
  const must = async (...words: string[]) => {
    const result = await runForTest(["tls", ...words]);
    assert.equal(result.code, 0, result.err);
    return result.out;
  };
  try {
    assert.match(await must("init", "--cluster", "prod", ...at), /authority of cluster prod holds/);
    const issued = await must("issue", "n1,n2", "--hosts", "n.example.com", ...at);
    assert.match(issued, /n1\.crt +node n1 +prod +2\d{3}-/);
    const shown = JSON.parse(await must("show", `${folder}/tls/n1.crt`, "-o", "json"));
    assert.deepEqual(shown.certificates[0].names, ["DNS:localhost", "DNS:n.example.com"]);
    await must("rotate", "n1", ...at);
    const next = JSON.parse(await must("show", `${folder}/tls/n1.crt`, "-o", "json"));
    assert.notEqual(next.certificates[0].sha256, shown.certificates[0].sha256);
    await must("rotate", "--new-authority", ...at);
    assert.match(await must("show", `${folder}/tls/ca.crt`), /(.*authority [0-9a-f]{8} ){2}/s);
    await must("issue", "ci", "--client", ...at);

    const again = await runForTest(["tls", "init", ...at]);
    assert.equal(again.code, 5);
    assert.match(again.err, /E1012.*ca\.crt/);
    const both = await runForTest(["tls", "rotate", "n1", "--new-authority", ...at]);
    assert.equal(both.code, 2);
    assert.equal((await runForTest(["tls", "show", `${folder}/tls/n1.key`])).code, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("namesOf() reads a list with commas", () => {
  assert.deepEqual(namesOf(" a, b,,c"), ["a", "b", "c"]);
  assert.deepEqual(namesOf(""), []);
});
