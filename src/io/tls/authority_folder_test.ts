import assert from "node:assert/strict";
import {
  dropAuthorities,
  initAuthority,
  issueInto,
  listIssued,
  replaceAuthority,
  rotateIn,
} from "./authority_folder.ts";
import { dayMs } from "./certified_fixture_test.ts";
import { readCredentials } from "./credentials.ts";

const validity = { nowMs: Date.now(), validMs: dayMs };
const issue = { role: "node", hosts: ["localhost"], ...validity } as const;

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "aether-authority-" });
  try {
    const folder = `${parent}/tls`;
    await initAuthority(folder, { cluster: "test", ...validity });
    await use(folder);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

function credentialsOf(folder: string, name: string) {
  const certificate = `${folder}/${name}.crt`;
  return readCredentials({ ca: `${folder}/ca.crt`, certificate, key: `${folder}/${name}.key` });
}

function modeOf(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o777;
}

Deno.test("issueInto() makes what nodes can use, with keys that others cannot read", async () => {
  await withFolder(async (folder) => {
    await issueInto(folder, { ...issue, names: ["n1", "n2"] });
    for (const name of ["n1", "n2"]) {
      const { identity } = await credentialsOf(folder, name);
      assert.deepEqual(identity, { cluster: "test", role: "node", id: name });
      assert.equal(modeOf(`${folder}/${name}.key`), 0o600);
    }
    assert.equal(modeOf(`${folder}/ca.key`), 0o600);
    assert.equal(modeOf(folder), 0o700);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["ca.crt", "ca.key", "n1.crt", "n1.key", "n2.crt", "n2.key"]);
  });
});

Deno.test("initAuthority() and issueInto() overwrite nothing", async () => {
  await withFolder(async (folder) => {
    const before = await Deno.readTextFile(`${folder}/ca.key`);
    const again = initAuthority(folder, { cluster: "test", ...validity });
    await assert.rejects(again, { name: "FILE_EXISTS", message: /ca\.crt/ });
    await Deno.writeTextFile(`${folder}/n2.key`, "mine");
    const issuing = issueInto(folder, { ...issue, names: ["n1", "n2"] });
    await assert.rejects(issuing, { name: "FILE_EXISTS", message: /n2\.key/ });
    assert.deepEqual(await listIssued(folder), []);
    assert.equal(await Deno.readTextFile(`${folder}/ca.key`), before);
  });
});

Deno.test("issueInto() refuses names that no node can have", async () => {
  await withFolder(async (folder) => {
    for (const name of ["", "N1", "../n1", "ca", "a".repeat(64)]) {
      await assert.rejects(issueInto(folder, { ...issue, names: [name] }), { name: "USAGE" });
    }
  });
});

Deno.test("rotateIn() makes new keys under the same names, of all or of some", async () => {
  await withFolder(async (folder) => {
    const hosts = ["localhost", "192.0.2.1"];
    const before = await issueInto(folder, { ...issue, hosts, names: ["n1", "n2"] });
    const [rotated, ...others] = await rotateIn(folder, ["n2"], validity);
    assert.deepEqual(others, []);
    assert.deepEqual(rotated?.info.identity, before[1]?.info.identity);
    assert.deepEqual(rotated?.info.names, before[1]?.info.names);
    assert.notEqual(rotated?.info.sha256, before[1]?.info.sha256);
    assert.equal((await rotateIn(folder, undefined, validity)).length, 2);
    await credentialsOf(folder, "n1");
    await assert.rejects(rotateIn(folder, ["n3"], validity), { name: "USAGE", message: /"n3"/ });
  });
});

Deno.test("replaceAuthority() and dropAuthorities() change the authority in steps", async () => {
  await withFolder(async (folder) => {
    await issueInto(folder, { ...issue, names: ["n1"] });
    await replaceAuthority(folder, validity);
    assert.equal((await credentialsOf(folder, "n1")).authorities.length, 2);
    await rotateIn(folder, undefined, validity);
    await dropAuthorities(folder);
    assert.equal((await credentialsOf(folder, "n1")).authorities.length, 1);
    assert.equal(modeOf(`${folder}/ca.key`), 0o600);
  });
});

Deno.test("An authority's folder without its key issues nothing, and says what is missing", async () => {
  await withFolder(async (folder) => {
    await Deno.remove(`${folder}/ca.key`);
    const issuing = issueInto(folder, { ...issue, names: ["n1"] });
    await assert.rejects(issuing, { name: "FILE_UNREADABLE", message: /ca\.key.*does not exist/ });
  });
});
