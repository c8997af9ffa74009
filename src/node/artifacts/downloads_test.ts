import assert from "node:assert/strict";
import { type FileProgress, progressTopic } from "../../protocol/storage/artifacts.ts";
import { Downloads } from "./downloads.ts";

Deno.test("Downloads knows what is under way, until it is over or its thread is", () => {
  let tell: (progress: FileProgress) => void = () => {};
  let connect = () => {};
  const downloads = new Downloads({
    handle: (topic, handler) => {
      assert.equal(topic, progressTopic);
      tell = handler;
    },
    onConnect: (listener) => connect = listener,
  });
  const progress = { sha256: "a", bytes: 10, sizeBytes: 30, isOver: false };
  assert.equal(downloads.of("a"), undefined);
  tell(progress);
  tell({ ...progress, bytes: 20 });
  assert.equal(downloads.of("a")?.bytes, 20);
  tell({ ...progress, isOver: true });
  assert.equal(downloads.of("a"), undefined);
  tell(progress);
  connect();
  assert.equal(downloads.of("a"), undefined);
});
