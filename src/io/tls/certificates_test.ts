import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { dayMs, newAuthority } from "./certified_fixture_test.ts";
import { createAuthority, createRequest, issueCertificate, signRequest } from "./certificates.ts";
import { type Identity, readCertificate } from "./identity.ts";

const node: Identity = { cluster: "test", role: "node", id: "n1" };
const nowMs = Date.UTC(2030, 0, 1);
const authority = await createAuthority({ cluster: "test", nowMs, validMs: 100 * dayMs });

Deno.test("createAuthority() makes an authority that can sign nodes and no authorities", () => {
  const info = readCertificate(authority.certificate);
  assert.equal(info.isAuthority, true);
  assert.equal(info.identity?.role, "authority");
  assert.equal(info.identity.cluster, "test");
  assert.match(info.subject, /^CN=Aether test authority [0-9a-f]{8}$/);
  assert.equal(info.notAfterMs, nowMs + 100 * dayMs);
  assert.ok(info.notBeforeMs < nowMs);
});

Deno.test("issueCertificate() names the node, its hosts and its times", async () => {
  const hosts = ["localhost", "192.0.2.7", "2001:db8::7"];
  const options = { authority, identity: node, hosts, nowMs, validMs: dayMs };
  const { certificate, key } = await issueCertificate(options);
  const info = readCertificate(certificate);
  assert.deepEqual(info.identity, node);
  assert.equal(info.isAuthority, false);
  assert.deepEqual(info.names.slice(0, 2), ["DNS:localhost", "IP Address:192.0.2.7"]);
  assert.equal(info.names.length, 3);
  assert.equal(info.notAfterMs, nowMs + dayMs);
  const issuer = new X509Certificate(authority.certificate);
  const issued = new X509Certificate(certificate);
  assert.ok(issued.verify(issuer.publicKey) && issued.checkIssued(issuer));
  assert.match(key, /^-----BEGIN PRIVATE KEY-----\n/);
});

Deno.test("issueCertificate() does not outlive its authority", async () => {
  const options = { authority, identity: node, nowMs, validMs: 1_000 * dayMs };
  const { certificate } = await issueCertificate(options);
  assert.equal(readCertificate(certificate).notAfterMs, nowMs + 100 * dayMs);
});

Deno.test("issueCertificate() refuses hosts that are none, so that they cannot pass for a name", async () => {
  for (const host of ["a, URI:aether://test/node/n2", "", "1.2.3.4.5", "a:b:c", "*.example.com/"]) {
    const options = { authority, identity: node, hosts: [host], nowMs, validMs: dayMs };
    await assert.rejects(issueCertificate(options), { name: "CERTIFICATE_INVALID" });
  }
});

Deno.test("issueCertificate() gives every certificate another number", async () => {
  const options = { authority, identity: node, nowMs, validMs: dayMs };
  const made = await Promise.all([issueCertificate(options), issueCertificate(options)]);
  const numbers = made.map(({ certificate }) => new X509Certificate(certificate).serialNumber);
  assert.notEqual(numbers[0], numbers[1]);
});

Deno.test("issueCertificate() refuses an authority that cannot sign", async () => {
  const other = await newAuthority();
  const leaf = await issueCertificate({ authority, identity: node, nowMs, validMs: dayMs });
  const attempts = [
    [/has expired at 2030-04-11T00:00:00Z/, authority, nowMs + 200 * dayMs],
    [/is not valid before/, authority, nowMs - 200 * dayMs],
    [/does not belong to its certificate/, { ...authority, key: other.key }, nowMs],
    [/must be an ECDSA key on P-256/, { ...authority, key: "nothing" }, nowMs],
    [/is none of an authority/, leaf, nowMs],
  ] as const;
  for (const [message, from, atMs] of attempts) {
    const issuing = issueCertificate({ authority: from, identity: node, nowMs: atMs, validMs: 1 });
    await assert.rejects(issuing, { name: "CERTIFICATE_INVALID", message });
  }
});

Deno.test("signRequest() certifies the key of the request under the name of the issuer's choice", async () => {
  const { request, key } = await createRequest();
  const options = { authority, identity: node, nowMs, validMs: dayMs };
  const certificate = await signRequest(request, options);
  assert.deepEqual(readCertificate(certificate).identity, node);
  const { createPrivateKey } = await import("node:crypto");
  assert.ok(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)));
});

Deno.test("signRequest() refuses what is no request, or one that was changed", async () => {
  const options = { authority, identity: node, nowMs, validMs: dayMs };
  const { request } = await createRequest();
  const lines = request.split("\n");
  const last = lines[lines.length - 3] ?? "";
  lines[lines.length - 3] = last.slice(0, 10) + (last[10] === "A" ? "B" : "A") + last.slice(11);
  for (const text of ["", "nothing", authority.certificate, lines.join("\n")]) {
    await assert.rejects(signRequest(text, options), { name: "CERTIFICATE_INVALID" });
  }
});
