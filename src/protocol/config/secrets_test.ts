import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError } from "../../base/errors.ts";
import { environmentSecrets, interpolate, isSecretName, type SecretProvider } from "./secrets.ts";

fc.configureGlobal({ seed: 34 });

const env = environmentSecrets({ HOST: "h", DB_PASSWORD: "p1", TRICK: "${env:DB_PASSWORD}" });
const secrets: SecretProvider = {
  place: 'the folder "/run/secrets"',
  read(name) {
    if (name === "locked") {
      throw new AetherError("SECRET_MISSING", 'Secret "locked" cannot be read: check its mode');
    }
    return Promise.resolve(name === "db/password" ? "p2" : undefined);
  },
};

async function filled(text: string) {
  const tree = { a: text };
  const found = await interpolate(tree, { env, secrets });
  return { text: tree.a, found };
}

Deno.test("interpolate() replaces references, several in a text, and unescapes $${", async () => {
  const expected: Record<string, string> = {
    "plain $ text } {": "plain $ text } {",
    "${env:HOST}": "h",
    "a-${env:HOST}-${secrets:db/password}-z": "a-h-p2-z",
    "$${env:HOST}": "${env:HOST}",
    "$${x} ${env:HOST}$${": "${x} h${",
    "${env:TRICK}": "${env:DB_PASSWORD}",
  };
  for (const [text, result] of Object.entries(expected)) {
    const { text: actual, found } = await filled(text);
    assert.equal(actual, result, text);
    assert.deepEqual(found.problems, [], text);
  }
});

Deno.test("interpolate() marks secrets, and variables only when their name says so", async () => {
  const tree = {
    a: "${env:HOST}",
    b: ["x", "${secrets:db/password}"],
    c: { d: "${env:DB_PASSWORD}" },
  };
  const found = await interpolate(tree, { env, secrets });
  assert.deepEqual(tree, { a: "h", b: ["x", "p2"], c: { d: "p1" } });
  assert.deepEqual([...found.secretPaths], ["b[1]", "c.d"]);
  assert.deepEqual([...found.changed], ["a", "b[1]", "c.d"]);
  assert.deepEqual([...found.secretVariables], ["DB_PASSWORD"]);
});

/** Wrong references with the error's name and its message. */
const wrong: Record<string, [string, string]> = {
  "${env:NOPE}": ["SECRET_MISSING", 'Variable "NOPE" does not exist; set it before the start'],
  "${secrets:nope}": [
    "SECRET_MISSING",
    'Secret "nope" does not exist in the folder "/run/secrets"; create that file',
  ],
  "${secrets:locked}": ["SECRET_MISSING", 'Secret "locked" cannot be read: check its mode'],
  "${env:HOST": ["CONFIG_INVALID", 'Reference "${env:HOST" is not closed; add }, or write $${'],
  "${HOST}": [
    "CONFIG_INVALID",
    'Reference "${HOST}" is no reference; write ${env:NAME}, ${secrets:path}, or $${ for a text',
  ],
  "${vault:x}": [
    "CONFIG_INVALID",
    'Reference "${vault:x}" is no reference; write ${env:NAME}, ${secrets:path}, or $${ for a text',
  ],
  "${env:a b}": [
    "CONFIG_INVALID",
    'Reference "${env:a b}" needs the name of a variable, for example ${env:DB_PASSWORD}',
  ],
};
for (const path of ["../x", "/etc/passwd", "a/../../b", "a//b", ".", "", "a\u0000"]) {
  const source = "${secrets:" + path + "}";
  wrong[source] = [
    "CONFIG_INVALID",
    `Reference ${JSON.stringify(source)} needs a path below the directory of [secrets], ` +
    "for example ${secrets:db/password}",
  ];
}

for (const [text, [name, message]] of Object.entries(wrong)) {
  Deno.test(`interpolate() refuses ${JSON.stringify(text)}`, async () => {
    const { text: actual, found } = await filled(text);
    assert.equal(actual, text);
    assert.deepEqual(found.problems, [{ name, path: ["a"], message }]);
    assert.deepEqual([...found.failedPaths], ["a"]);
  });
}

Deno.test("interpolate() says what is missing when no directory is configured", async () => {
  const { problems } = await interpolate({ a: "${secrets:x}" }, { env, secrets: undefined });
  assert.equal(
    problems[0]?.message,
    'Secret "x" cannot be read; set directory in [secrets] to its folder',
  );
});

Deno.test("interpolate() reads each secret once and limits the number of references", async () => {
  let readCount = 0;
  const counting: SecretProvider = {
    place: "here",
    read: () => {
      readCount++;
      return Promise.resolve("v");
    },
  };
  const tree = { a: "${env:A}${env:A}", b: Array(300).fill("${env:A}") };
  const found = await interpolate(tree, { env: counting, secrets: undefined });
  assert.equal(readCount, 1);
  assert.equal(found.failedPaths.size, 2 + 300 - 256);
  assert.match(found.problems[0]?.message ?? "", /over 256 references; use fewer/);
});

Deno.test("isSecretName() goes by the words in the name", () => {
  for (const name of ["API_TOKEN", "db_password", "MySecret", "AWS_SECRET_ACCESS_KEY"]) {
    assert.ok(isSecretName(name), name);
  }
  for (const name of ["HOST", "PATH", "NODE_ID"]) assert.ok(!isSecretName(name), name);
});

Deno.test("interpolate() leaves any text without references as it is", async () => {
  await fc.assert(fc.asyncProperty(fc.string(), async (text) => {
    fc.pre(!text.includes("${"));
    assert.equal((await filled(text)).text, text);
  }));
});

Deno.test("interpolate() gives back any text that is escaped", async () => {
  const tricky = fc.stringMatching(/^[${}a:]{0,12}$/);
  await fc.assert(fc.asyncProperty(tricky, async (text) => {
    // A "$" right before "${" cannot be told from the escape itself.
    fc.pre(!text.includes("$${"));
    const { text: actual, found } = await filled(text.replaceAll("${", "$$${"));
    assert.deepEqual(found.problems, []);
    assert.equal(actual, text);
  }));
});
