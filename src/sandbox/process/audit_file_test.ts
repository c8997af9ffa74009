import assert from "node:assert/strict";
import { createLogger } from "../../sdk/logger.ts";
import { AuditFile } from "./audit_file.ts";

function line(value: string): string {
  return `${JSON.stringify({ permission: "env", value })}\n`;
}

async function open(): Promise<{ readonly audit: AuditFile; readonly logs: string[] }> {
  const logs: string[] = [];
  const log = createLogger((_level, message, fields) => {
    logs.push(`${message} ${fields["allow"] ?? ""}`);
  });
  return { audit: await AuditFile.open({ permissions: { env: ["TZ"] } }, log), logs };
}

Deno.test("AuditFile.close() logs what is left in the record, and removes it", async () => {
  const { audit, logs } = await open();
  const text = line("TZ") + line("HÖME").repeat(3_000) + line("PATH") + '{"permission":"en';
  await Deno.writeTextFile(audit.path, text);
  audit.close();
  assert.deepEqual(logs, [
    'Audit: env "HÖME" would be denied [permissions] env = ["TZ", "HÖME"]',
    'Audit: env "PATH" would be denied [permissions] env = ["TZ", "PATH"]',
  ]);
  await assert.rejects(Deno.stat(audit.path), Deno.errors.NotFound);
});

Deno.test("AuditFile.close() is not concerned when somebody has removed the record", async () => {
  const { audit, logs } = await open();
  await Deno.remove(audit.path);
  audit.close();
  assert.match(logs.join(), /^The record of the audit cannot be removed/);
});
