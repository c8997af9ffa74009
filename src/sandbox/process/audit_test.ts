import assert from "node:assert/strict";
import { Audit } from "./audit.ts";

const permissions = { net: ["api.example.com:443", "b.example.com"], read: ["/data"], env: ["TZ"] };

function line(permission: string, value: string): string {
  return JSON.stringify({ v: 1, datetime: "2026-01-01T00:00:00Z", permission, value });
}

Deno.test("Audit.read() finds what the manifest does not ask for, once each", () => {
  const audit = new Audit(permissions, "/opt/aether/");
  const finding = audit.read(line("env", "HOME"));
  assert.deepEqual(finding, {
    kind: "env",
    value: "HOME",
    allow: '[permissions] env = ["TZ", "HOME"]',
  });
  assert.equal(audit.read(line("env", "HOME")), undefined);
  assert.equal(audit.read(line("net", "other.example.com:80"))?.kind, "net");
  assert.equal(audit.read(line("read", "/database"))?.kind, "read");
  assert.equal(audit.read(line("run", "sh"))?.kind, "run");
});

Deno.test("Audit.read() passes over what is covered, the host's own files and broken lines", () => {
  const audit = new Audit(permissions, "/opt/aether/");
  const lines = [
    line("env", "TZ"),
    line("net", "api.example.com:443"),
    line("net", "b.example.com:8443"),
    line("net", "http://other.example.com/"),
    line("read", "/data/a.txt"),
    line("read", "/opt/aether/shell.js"),
    line("import", "x"),
    '{"v":1,"permission":"env"',
    "",
    "null",
    '{"permission":"env","value":5}',
  ];
  for (const each of lines) assert.equal(audit.read(each), undefined, each);
});
