import assert from "node:assert/strict";
import { openTarget } from "./open_target.ts";

Deno.test("openTarget() opens what the configuration names, or says what is missing", () => {
  const s3 = {
    endpoint: "https://s3.example.com",
    bucket: "b-1",
    prefix: "p/",
    accessKeyId: "id",
    secretAccessKey: "secret",
  };
  assert.equal(openTarget({ keep: 1, directory: "/b" }).location, "/b");
  assert.equal(openTarget({ keep: 1, s3 }).location, "https://s3.example.com/b-1/p/");
  assert.throws(() => openTarget({ keep: 1 }), { name: "BACKUP_NOT_CONFIGURED" });
});
