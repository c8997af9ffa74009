import assert from "node:assert/strict";
import { dayMs, newAuthority, newCredentials } from "./certified_fixture_test.ts";
import type { CertificateInfo, Identity } from "./identity.ts";
import { certifiedNode } from "./peer_certificate.ts";

const own: Identity = { cluster: "test", role: "node", id: "n1" };
const authority = await newAuthority();
const { info } = await newCredentials(authority, "n2");
const nowMs = Date.now();

function judge(certificate: CertificateInfo | undefined, isAuthorized = true, atMs = nowMs) {
  const found = certifiedNode({ certificate, isAuthorized }, own, atMs);
  return "node" in found ? found.node : `${found.kind}: ${found.reason}`;
}

Deno.test("certifiedNode() is the node of a certificate that holds", () => {
  assert.equal(judge(info), "n2");
});

Deno.test("certifiedNode() tells why a certificate does not hold", async () => {
  const client = await newCredentials(authority, "ci", {}, { role: "client" });
  const foreign = await newCredentials(authority, "n2", {}, { cluster: "other" });
  assert.match(judge(undefined), /^no certificate: /);
  assert.match(judge(info, false), /^unknown authority: .* node n2 was issued by "CN=Aether test/);
  assert.match(
    judge(info, true, nowMs + 2 * dayMs),
    /^time: .* node n2 has expired at .*clock says/,
  );
  assert.match(judge(info, false, nowMs - 2 * dayMs), /^time: .* is not valid before /);
  assert.match(judge(client.info), /^identity: The certificate of client ci is of cluster "test"/);
  assert.match(
    judge(foreign.info),
    /^identity: .* is of cluster "other", not of a node of cluster "test"/,
  );
});
