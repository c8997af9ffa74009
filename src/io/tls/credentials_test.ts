import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { createLogger } from "../../sdk/logger.ts";
import { dayMs, newAuthority, newCredentials } from "./certified_fixture_test.ts";
import { type Credentials, readCredentials, WatchedCredentials } from "./credentials.ts";

/** A folder with the files of one node. */
class Files implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly log = createLogger((level, message, fields) => {
    this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  });
  readonly clock = new ManualClock(Date.now());

  private constructor(readonly folder: string) {}

  static async create(): Promise<Files> {
    return new Files(await Deno.makeTempDir({ prefix: "aether-tls-" }));
  }

  get files() {
    const at = (name: string) => `${this.folder}/${name}`;
    return { ca: at("ca.crt"), certificate: at("n.crt"), key: at("n.key") };
  }

  async write(credentials: Partial<Credentials>): Promise<void> {
    const { ca, certificate, key } = this.files;
    const { authorities } = credentials;
    if (authorities !== undefined) await this.#replace(ca, authorities.join(""));
    if (credentials.certificate !== undefined) {
      await this.#replace(certificate, credentials.certificate);
    }
    if (credentials.key !== undefined) await this.#replace(key, credentials.key);
  }

  watch(node = "n1"): Promise<WatchedCredentials> {
    return WatchedCredentials.open({ ...this, files: this.files, node });
  }

  /** As a careful program does it: another file under the same name. */
  async #replace(path: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${path}.new`, text);
    await Deno.rename(`${path}.new`, path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const authority = await newAuthority();
const first = await newCredentials(authority, "n1");

Deno.test("readCredentials() reads files that belong together", async () => {
  await using disk = await Files.create();
  await disk.write(first);
  const { identity, authorities } = await readCredentials(disk.files);
  assert.deepEqual(identity, { cluster: "test", role: "node", id: "n1" });
  assert.equal(authorities.length, 1);
});

Deno.test("readCredentials() names the file that does not fit, and never shows the key", async () => {
  const other = await newAuthority();
  const client = await newCredentials(authority, "ci", {}, { role: "client" });
  const stranger = await newCredentials(other, "n1");
  const attempts: [Partial<Credentials>, RegExp][] = [
    [{ authorities: [] }, /ca\.crt" holds 0 certificates of authorities/],
    [{ authorities: [first.certificate] }, /ca\.crt" holds a certificate that is none of an auth/],
    [{ authorities: [other.certificate] }, /n\.crt" was issued by none of the authorities in/],
    [{ certificate: "nothing" }, /n\.crt" holds no certificate/],
    [client, /n\.crt" is not the certificate of a node/],
    [{ certificate: authority.certificate }, /n\.crt" is not the certificate of a node/],
    [{ key: stranger.key }, /n\.key" is not the key of the certificate/],
    [{ key: "SECRET" }, /n\.key" holds no private key in PEM form/],
  ];
  for (const [change, message] of attempts) {
    await using disk = await Files.create();
    await disk.write({ ...first, ...change });
    await assert.rejects(readCredentials(disk.files), (error: Error) => {
      assert.equal(error.name, "CERTIFICATE_INVALID");
      assert.match(error.message, message);
      assert.ok(!error.message.includes("SECRET"));
      return true;
    });
  }
  await using disk = await Files.create();
  await assert.rejects(readCredentials(disk.files), {
    name: "FILE_UNREADABLE",
    message: /cannot be read/,
  });
});

Deno.test("WatchedCredentials refuses the certificate of another node", async () => {
  await using disk = await Files.create();
  await disk.write(first);
  const message = /n\.crt" is the certificate of node "n1", but this is "n2"/;
  await assert.rejects(disk.watch("n2"), { name: "CERTIFICATE_INVALID", message });
});

Deno.test("WatchedCredentials takes replaced files over and tells once", async () => {
  await using disk = await Files.create();
  await disk.write(first);
  const watched = await disk.watch();
  let changes = 0;
  watched.onChange(() => changes++);
  await watched.refresh();
  const second = await newCredentials(authority, "n1");
  await disk.write(second);
  await watched.refresh();
  await watched.refresh();
  assert.equal(watched.current.info.sha256, second.info.sha256);
  assert.equal(changes, 1);
  assert.match(disk.lines.join("\n"), /^info Certificates were reloaded /);
  watched.close();
});

Deno.test("WatchedCredentials takes a roll-over of the authority", async () => {
  await using disk = await Files.create();
  await disk.write(first);
  const watched = await disk.watch();
  const next = await newAuthority();
  await disk.write({ authorities: [authority.certificate, next.certificate] });
  await watched.refresh();
  assert.equal(watched.current.authorities.length, 2);
  const second = await newCredentials(next, "n1");
  await disk.write({ certificate: second.certificate, key: second.key });
  await watched.refresh();
  assert.equal(watched.current.info.sha256, second.info.sha256);
  await disk.write({ authorities: [next.certificate] });
  await watched.refresh();
  assert.deepEqual(watched.current.authorities, [next.certificate.trim()]);
  watched.close();
});

Deno.test("WatchedCredentials keeps what it has while the files do not fit, and says so once", async () => {
  await using disk = await Files.create();
  await disk.write(first);
  const watched = await disk.watch();
  const second = await newCredentials(authority, "n1");
  await disk.write({ certificate: second.certificate });
  for (let i = 0; i < 3; i++) await watched.refresh();
  assert.equal(watched.current.info.sha256, first.info.sha256);
  assert.equal(disk.lines.filter((line) => line.includes("are not taken")).length, 1);
  await disk.write({ key: second.key });
  await watched.refresh();
  assert.equal(watched.current.info.sha256, second.info.sha256);
  await disk.write(await newCredentials(authority, "n2"));
  await watched.refresh();
  assert.equal(watched.current.info.sha256, second.info.sha256);
  watched.close();
});

Deno.test("WatchedCredentials warns once before a certificate ends, and once when it has", async () => {
  await using disk = await Files.create();
  await disk.write(first);
  const early = await disk.watch();
  early.close();
  assert.deepEqual(disk.lines, []);
  disk.clock.advance(0.9 * dayMs);
  const late = await disk.watch();
  late.close();
  assert.match(disk.lines.join("\n"), /^warn This node's certificate ends soon /);
  disk.clock.advance(dayMs);
  const expired = await disk.watch();
  expired.close();
  assert.match(disk.lines.at(-1) ?? "", /^error This node's certificate does not hold/);
});
