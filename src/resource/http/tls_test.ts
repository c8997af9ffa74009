import assert from "node:assert/strict";
import { createAuthority, issueCertificate, type KeyPair } from "../../io/tls/certificates.ts";
import { tlsFailure, tlsSchema } from "./tls.ts";

const hourMs = 3_600_000;

async function newPair(): Promise<KeyPair & { readonly ca: string }> {
  const nowMs = Date.now();
  const authority = await createAuthority({ cluster: "test", nowMs, validMs: hourMs });
  const identity = { cluster: "test", role: "node", id: "shop" } as const;
  const pair = await issueCertificate({ authority, identity, nowMs, validMs: hourMs });
  return { ...pair, ca: authority.certificate };
}

Deno.test("tlsSchema takes certificates, chains and the key that belongs to them", async () => {
  const { certificate, key, ca } = await newPair();
  assert.deepEqual(tlsSchema.parse({}), { minVersion: "TLSv1.2" });
  const given = { ca: ca + certificate, cert: certificate + ca, key, serverName: "a" };
  assert.deepEqual(tlsSchema.parse(given), { minVersion: "TLSv1.2", ...given });
});

Deno.test("tlsSchema names the key that is wrong, and never its value", async () => {
  const [{ certificate: cert, key, ca }, other] = [await newPair(), await newPair()];
  const broken = "-----BEGIN CERTIFICATE-----\nSECRET\n-----END CERTIFICATE-----";
  const brokenKey = "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----";
  const wrong: [object, string][] = [
    [{ ca: broken }, "ca"],
    [{ ca: ca + broken }, "ca"],
    [{ ca: key }, "ca"],
    [{ ca: "SECRET" }, "ca"],
    [{ cert }, ""],
    [{ key }, ""],
    [{ cert: broken, key }, "cert"],
    [{ cert, key: brokenKey }, "key"],
    [{ cert, key: cert }, "key"],
    [{ cert, key: other.key }, "key"],
    [{ cert: ca + cert, key }, "key"],
    [{ minVersion: "TLSv1.1" }, "minVersion"],
  ];
  for (const [table, path] of wrong) {
    const { error } = tlsSchema.safeParse(table);
    assert.deepEqual(error?.issues.map((issue) => issue.path.join(".")), [path]);
    assert.doesNotMatch(JSON.stringify(error?.issues), /SECRET|BEGIN/);
  }
});

Deno.test("tlsFailure() tells certificates from everything else that fails", () => {
  for (
    const code of ["CERT_HAS_EXPIRED", "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_GET_ISSUER_CERT"]
  ) {
    assert.match(tlsFailure(code)?.message ?? "", /not trusted/);
  }
  assert.match(tlsFailure("ERR_TLS_CERT_ALTNAME_INVALID")?.hint ?? "", /tls\.serverName/);
  assert.match(tlsFailure("ERR_SSL_WRONG_VERSION_NUMBER")?.hint ?? "", /tls\.cert/);
  for (const code of ["", "ECONNREFUSED", "UND_ERR_SOCKET", "ERR_TLS_HANDSHAKE_TIMEOUT"]) {
    assert.equal(tlsFailure(code), undefined);
  }
});
