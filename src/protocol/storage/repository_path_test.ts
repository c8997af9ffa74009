import assert from "node:assert/strict";
import { artifactPrefix, parsePath } from "./repository_path.ts";

Deno.test("parsePath() takes apart files, checksums and metadata, as Maven names them", () => {
  const path = "org/apache/maven/core/4.0.0-rc-1/core-4.0.0-rc-1-sources.jar";
  const file = {
    kind: "file",
    path,
    group: "org.apache.maven",
    name: "core",
    version: "4.0.0-rc-1",
    file: "core-4.0.0-rc-1-sources.jar",
  };
  assert.deepEqual(parsePath(path), file);
  assert.deepEqual(parsePath(`${path}.md5`), { ...file, checksum: "md5" });
  assert.equal(parsePath("junit/junit/4.13/junit-4.13.pom")?.group, "junit");
  const metadata = { kind: "metadata", path: "junit/junit/maven-metadata.xml" } as const;
  const name = { group: "junit", name: "junit" };
  assert.deepEqual(parsePath(metadata.path), { ...metadata, ...name });
  assert.deepEqual(parsePath(`${metadata.path}.sha256`)?.checksum, "sha256");
  assert.equal(artifactPrefix({ group: "org.example", name: "a" }), "org/example/a/");
});

Deno.test("parsePath() refuses what names no file of an artifact", () => {
  const wrong = [
    "",
    "a",
    "maven-metadata.xml",
    "a/maven-metadata.xml",
    "name/1.0/name-1.0.jar",
    "org/name/1.0/other-1.0.jar",
    "org/../name/1.0/name-1.0.jar",
    "org/na me/1.0/na me-1.0.jar",
    "org.example/name/1.0/name-1.0.jar",
    "org//name/1.0/name-1.0.jar",
    "/org/name/1.0/name-1.0.jar",
    "org/name/1.0/",
    "org/example/echo/1.0/echo-1.0.slice",
    "org/example/Echo/1.0.0/Echo-1.0.0.slice",
    `org/${"x".repeat(400)}/name/1.0/name-1.0.jar`,
  ];
  for (const path of wrong) assert.equal(parsePath(path), undefined, path);
});
