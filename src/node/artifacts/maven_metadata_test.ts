import assert from "node:assert/strict";
import { mavenMetadata } from "./maven_metadata.ts";

Deno.test("mavenMetadata() names the newest version, the newest release and all versions", () => {
  const text = mavenMetadata({ group: "org.example", name: "a" }, [
    { version: "1.0", storedAtMs: Date.UTC(2024, 0, 2, 3, 4, 5) },
    { version: "2.0-SNAPSHOT", storedAtMs: 0 },
  ]);
  assert.equal(
    text,
    `<?xml version="1.0" encoding="UTF-8"?>
<metadata>
  <groupId>org.example</groupId>
  <artifactId>a</artifactId>
  <versioning>
    <latest>2.0-SNAPSHOT</latest>
    <release>1.0</release>
    <versions>
      <version>1.0</version>
      <version>2.0-SNAPSHOT</version>
    </versions>
    <lastUpdated>20240102030405</lastUpdated>
  </versioning>
</metadata>
`,
  );
});
