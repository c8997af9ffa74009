import assert from "node:assert/strict";
import { escapeXml, unescapeXml } from "./xml.ts";

Deno.test("escapeXml() writes what unescapeXml() reads", () => {
  const text = `a < b && "c" > 'd' &lt; &nbsp;`;
  assert.ok(!/[<>]/.test(escapeXml(text)));
  assert.equal(unescapeXml(escapeXml(text)), text);
});

Deno.test("unescapeXml() knows the entities of XML, each once, and no others", () => {
  assert.equal(unescapeXml("&quot;&apos;&amp;lt;&nbsp;"), `"'&lt;&nbsp;`);
});
