import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { ThreadLine, Transferred } from "./thread_line.ts";

function connected(): { here: ThreadLine; there: ThreadLine } & Disposable {
  const { port1, port2 } = new MessageChannel();
  const here = new ThreadLine("there");
  const there = new ThreadLine("here");
  here.connect(port1);
  there.connect(port2);
  return {
    here,
    there,
    [Symbol.dispose]: () => {
      here.close();
      there.close();
    },
  };
}

Deno.test("ThreadLine carries questions both ways, and the errors of their handlers", async () => {
  using lines = connected();
  lines.there.handle("double", (value: number) => 2 * value);
  lines.here.handle("fail", () => {
    throw new AetherError("KEY_NOT_FOUND", "There is no such key");
  });
  assert.equal(await lines.here.ask("double", 21), 42);
  await assert.rejects(lines.there.ask("fail", null), { name: "KEY_NOT_FOUND" });
  await assert.rejects(lines.here.ask("other", null), /"other"/);
});

Deno.test("ThreadLine fails what is under way when the other end is replaced, and goes on", async () => {
  using lines = connected();
  lines.there.handle("never", () => new Promise(() => {}));
  lines.there.handle("stream", () => {
    const stream = new ReadableStream({ pull: () => new Promise(() => {}) });
    return new Transferred(stream, [stream]);
  });
  const never = lines.here.ask("never", null);
  const stream = lines.here.guard(await lines.here.ask<ReadableStream>("stream", null));
  const reading = stream.getReader().read();
  const { port1, port2 } = new MessageChannel();
  let connections = 0;
  lines.here.onConnect(() => connections++);
  lines.here.connect(port1);
  lines.there.connect(port2);
  for (const lost of [never, reading]) {
    await assert.rejects(lost, { name: "THREAD_LOST" });
  }
  lines.there.handle("one", () => 1);
  assert.equal(await lines.here.ask("one", null), 1);
  assert.equal(connections, 2);
  lines.here.close();
  await assert.rejects(lines.here.ask("one", null), /not there/);
});

Deno.test("ThreadLine.guard() passes a stream on at the pace of its reader", async () => {
  using lines = connected();
  let pulled = 0;
  lines.there.handle("stream", () => {
    const stream = new ReadableStream<number>({
      pull(controller) {
        if (pulled === 5) controller.close();
        else controller.enqueue(pulled++);
      },
    });
    return new Transferred(stream, [stream]);
  });
  const stream = lines.here.guard(await lines.here.ask<ReadableStream<number>>("stream", null));
  assert.deepEqual(await Array.fromAsync(stream), [0, 1, 2, 3, 4]);
});

Deno.test("ThreadLine.tell() reaches the handler, and nobody when there is no other end", async () => {
  const heard = Promise.withResolvers<string>();
  using lines = connected();
  lines.there.handle("news", heard.resolve);
  lines.here.tell("news", "hello");
  assert.equal(await heard.promise, "hello");
  new ThreadLine("nobody").tell("news", "lost");
});
