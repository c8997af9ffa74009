import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { parseCoordinates, repositoryPath } from "../../src/protocol/coordinates.ts";
import { rawRequest } from "./raw_http.ts";
import { problemOf, refused, statusOf, TestApi } from "./setup.ts";
import { packedSlice } from "./slices.ts";

const echo = "org.example:echo:1.0.0";
const echoPath = pathOf(echo);

function pathOf(artifact: string): string {
  return `/repository/${repositoryPath(parseCoordinates(artifact))}`;
}

async function put(api: TestApi, path: string, body: BodyInit) {
  const response = await api.fetch("PUT", path, { body });
  return { status: response.status, body: await response.json() as Record<string, unknown> };
}

Deno.test("repository gives back the bytes that were published, with their checksums", async () => {
  await using api = await TestApi.start();
  const bytes = packedSlice(echo);
  const hash = (kind: string) => createHash(kind).update(bytes).digest("hex");
  assert.deepEqual(await put(api, echoPath, bytes), {
    status: 201,
    body: { status: "created", sha256: hash("sha256") },
  });
  const response = await api.fetch("GET", echoPath);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/zip");
  assert.equal(response.headers.get("etag"), `"${hash("sha256")}"`);
  assert.equal(response.headers.get("x-checksum-sha256"), hash("sha256"));
  assert.deepEqual(await response.bytes(), bytes);
  for (const kind of ["md5", "sha1", "sha256"]) {
    const checksum = await api.fetch("GET", `${echoPath}.${kind}`);
    assert.equal(await checksum.text(), hash(kind));
    assert.match(checksum.headers.get("content-type") ?? "", /^text\/plain/);
  }
  const head = await api.fetch("HEAD", echoPath);
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("x-checksum-sha256"), hash("sha256"));
  assert.equal(await head.text(), "");
});

Deno.test("repository takes the same bytes again and refuses others", async () => {
  await using api = await TestApi.start();
  const bytes = packedSlice(echo);
  assert.equal((await put(api, echoPath, bytes)).status, 201);
  const again = await put(api, echoPath, bytes);
  assert.deepEqual([again.status, again.body.status], [200, "unchanged"]);
  const other = packedSlice(echo, { module: "export default 2;" });
  const problem = await refused(
    await api.fetch("PUT", echoPath, { body: other }),
    "ARTIFACT_EXISTS",
  );
  assert.match(problem.detail, /echo[:-]1\.0\.0.* already published/);
  assert.match(problem.hint, /new version/);
  assert.deepEqual(await (await api.fetch("GET", echoPath)).bytes(), bytes);
});

Deno.test("repository publishes once when many publish the same version at once", async () => {
  await using api = await TestApi.start();
  const statuses = await Promise.all(Array.from({ length: 8 }, async (_, index) => {
    const body = packedSlice(echo, { module: `export default ${index};` });
    return await statusOf(await api.fetch("PUT", echoPath, { body }));
  }));
  assert.deepEqual(statuses.toSorted(), [201, ...Array.from({ length: 7 }, () => 409)]);
});

Deno.test("repository checks checksums that are uploaded", async () => {
  await using api = await TestApi.start();
  const bytes = packedSlice(echo);
  await put(api, echoPath, bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  assert.equal((await put(api, `${echoPath}.sha256`, `${sha256}  echo.slice\n`)).status, 200);
  const wrong = await api.fetch("PUT", `${echoPath}.sha256`, { body: "0".repeat(64) });
  const problem = await refused(wrong, "ARTIFACT_INVALID");
  assert.ok(problem.detail.includes(sha256) && problem.detail.includes("0000"), problem.detail);
  const early = await api.fetch("PUT", `${pathOf("org.example:echo:2.0.0")}.md5`, { body: "0" });
  await refused(early, "ARTIFACT_NOT_FOUND");
});

Deno.test("repository answers 404 with the path for what it does not have", async () => {
  await using api = await TestApi.start();
  await api.publish(echo);
  const paths = [
    pathOf("org.example:echo:1.0.1"),
    `${pathOf("org.example:echo:1.0.1")}.sha256`,
    `${echoPath}.sha512`,
    "/repository/org",
    "/repository/x",
  ];
  for (const path of paths) {
    const problem = await refused(await api.fetch("GET", path), "ARTIFACT_NOT_FOUND");
    assert.ok(problem.detail.includes(path.slice("/repository/".length)), problem.detail);
  }
  for (const target of ["/repository/../api/health", "/repository/..%2f..%2fetc%2fpasswd"]) {
    const answer = await rawRequest(api.port, { method: "GET", target });
    problemOf(answer, answer.body, "ARTIFACT_NOT_FOUND");
  }
});

Deno.test("repository refuses paths that name no artifact", async (t) => {
  await using api = await TestApi.start();
  const wrong = [
    "echo.slice",
    "echo/1.0.0/echo-1.0.0.slice",
    "org/example/echo/1.0/echo-1.0.slice",
    "org/example/echo/1.0.0/other-1.0.0.slice",
    "org/example/Echo/1.0.0/Echo-1.0.0.slice",
    "org/example/echo/1.0.0/",
    "org//example/echo/1.0.0/echo-1.0.0.slice",
    "org/example/echo/1.0.0/echo-1.0.0%20copy.slice",
    "org/example/echo/1.0.0/echo-1.0.0%0A.txt",
  ];
  for (const path of wrong) {
    await t.step(path, async () => {
      const body = packedSlice(echo);
      const answer = await api.fetch("PUT", `/repository/${path}`, { body });
      const problem = await refused(answer, "COORDINATES_INVALID");
      assert.match(problem.detail, /^".*" names no artifact: write group\/parts/s);
    });
  }
  for (const target of ["/repository/../../x", "/repository/org/../example/e/1.0.0/e-1.0.0.txt"]) {
    const answer = await rawRequest(api.port, { method: "PUT", target, body: "x" });
    problemOf(answer, answer.body, "COORDINATES_INVALID");
  }
});

Deno.test("repository refuses a slice that is none, with the reason", async (t) => {
  await using api = await TestApi.start();
  const zip = packedSlice(echo);
  const half = zip.slice(0, zip.length / 2);
  const flipped = zip.slice();
  flipped.fill(0, 60, 70);
  const wrong: readonly (readonly [what: string, body: Uint8Array<ArrayBuffer>, reason: RegExp])[] =
    [
      ["nothing", new Uint8Array(), /no zip archive/],
      ["text", new TextEncoder().encode("export default 1;"), /no zip archive/],
      ["half of it", half, /no zip archive|cut off/],
      ["damaged", flipped, /damaged|another name/],
      ["another slice", packedSlice("org.example:other:1.0.0"), /org\.example:other:1\.0\.0/],
      ["another version", packedSlice("org.example:echo:2.0.0"), /org\.example:echo:2\.0\.0/],
    ];
  for (const [what, body, reason] of wrong) {
    await t.step(what, async () => {
      const problem = await refused(await api.fetch("PUT", echoPath, { body }), "ARTIFACT_INVALID");
      assert.match(problem.detail, reason);
    });
  }
  await refused(await api.fetch("GET", echoPath), "ARTIFACT_NOT_FOUND");
});

Deno.test("repository refuses envelope versions that this version cannot read", async () => {
  await using api = await TestApi.start();
  const body = packedSlice(echo, { envelope: 99 });
  const response = await api.fetch("PUT", echoPath, { body });
  const problem = await refused(response, "ENVELOPE_UNSUPPORTED");
  assert.match(problem.detail, /version 99 .* reads 1 to 1/);
});

Deno.test("repository refuses artifacts above artifact.maxBytes with both sizes", async () => {
  await using api = await TestApi.start({ artifact: { maxBytes: "1KiB" } });
  const path = "/repository/org/example/a/1.0.0/a-1.0.0.txt";
  assert.equal((await put(api, path, "x".repeat(1024))).status, 201);
  const other = path.replaceAll("1.0.0", "1.0.1");
  const response = await api.fetch("PUT", other, { body: "x".repeat(1025) });
  const problem = await refused(response, "ARTIFACT_TOO_LARGE");
  assert.match(problem.detail, /1025 bytes; artifact\.maxBytes is 1024/);
});

Deno.test("artifactList lists published slices, not the files beside them", async () => {
  await using api = await TestApi.start();
  const bytes = packedSlice(echo);
  await put(api, echoPath, bytes);
  await put(api, echoPath.replace(".slice", ".txt"), "notes");
  await api.publish("org.example:echo:1.1.0-rc.1");
  const { artifacts } = await (await api.fetch("GET", "/api/artifacts")).json();
  assert.deepEqual(artifacts.map(({ artifact }: { artifact: string }) => artifact), [
    echo,
    "org.example:echo:1.1.0-rc.1",
  ]);
  assert.equal(artifacts[0].bytes, bytes.length);
  assert.equal(artifacts[0].sha256, createHash("sha256").update(bytes).digest("hex"));
});
