import assert from "node:assert/strict";
import { dayMs, newAuthority } from "./certified_fixture_test.ts";
import { issueCertificate } from "./certificates.ts";
import {
  type CertificateInfo,
  type Identity,
  identityUri,
  readCertificate,
  splitPem,
  timeProblem,
} from "./identity.ts";

const authority = await newAuthority();

Deno.test("readCertificate() reads the identity that issueCertificate() wrote", async () => {
  for (const role of ["node", "client"] as const) {
    const identity: Identity = { cluster: "prod-1", role, id: "n1" };
    const options = { authority, identity, nowMs: Date.now(), validMs: dayMs };
    const { certificate } = await issueCertificate(options);
    assert.deepEqual(readCertificate(certificate).identity, identity);
  }
  assert.equal(identityUri({ cluster: "c", role: "node", id: "n" }), "aether://c/node/n");
});

Deno.test("readCertificate() refuses what is none", () => {
  for (const text of ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
    assert.throws(() => readCertificate(text), { name: "CERTIFICATE_INVALID" });
  }
});

Deno.test("timeProblem() tells what is wrong, and what the clock says", () => {
  const times = { notBeforeMs: Date.UTC(2030, 0, 2), notAfterMs: Date.UTC(2030, 0, 4) };
  const certificate = times as CertificateInfo;
  assert.equal(timeProblem(certificate, Date.UTC(2030, 0, 3)), undefined);
  assert.equal(
    timeProblem(certificate, Date.UTC(2030, 0, 5)),
    "has expired at 2030-01-04T00:00:00Z; this machine's clock says 2030-01-05T00:00:00Z",
  );
  assert.match(
    timeProblem(certificate, Date.UTC(2030, 0, 1)) ?? "",
    /^is not valid before 2030-01-02/,
  );
});

Deno.test("splitPem() finds each certificate of a bundle and nothing else", async () => {
  const other = await newAuthority();
  const text = `A comment\n${authority.certificate}\n${authority.key}${other.certificate}`;
  assert.deepEqual(
    splitPem(text),
    [authority.certificate, other.certificate].map((pem) => pem.trim()),
  );
  assert.deepEqual(splitPem(""), []);
});
