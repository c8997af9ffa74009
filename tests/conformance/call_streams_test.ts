import assert from "node:assert/strict";
import { bytes, contract, events, method, slice, z } from "../../mod.ts";
import { SliceNodes } from "./slice_nodes.ts";

const count = z.object({ count: z.coerce.number() });
const item = z.object({ index: z.number(), text: z.string() });
const source = contract("org.example:source", {
  items: method({ input: count, output: events(item), http: "GET /items" }),
  raw: method({ input: count, output: bytes(), http: "GET /raw" }),
});
const reader = contract("org.example:reader", {
  read: method({ input: count, output: z.any() }),
});
const pieceBytes = 64 * 1024;

/** What happens inside the slices of a test. */
class Happened {
  made = 0;
  readonly ended: PromiseWithResolvers<void> = Promise.withResolvers();
}

function sourceOf(happened: Happened) {
  return slice(source, {
    create: () => ({
      async *items({ count }, { signal }) {
        signal.addEventListener("abort", () => happened.ended.resolve());
        for (let index = 0; index < count; index++) {
          happened.made++;
          // Beyond ASCII, so that characters are cut in two between pieces.
          yield { index, text: "ü".repeat(index % 100_000) };
        }
        if (count === 1) await new Promise((resolve) => signal.addEventListener("abort", resolve));
        if (count === 2) throw new Error("It broke");
      },
      async *raw({ count }, { signal }) {
        signal.addEventListener("abort", () => happened.ended.resolve());
        for (let index = 0; index < count; index++) {
          happened.made++;
          yield new Uint8Array(pieceBytes).fill(index);
        }
      },
    }),
  });
}

type Source = {
  items: (input: { count: number }) => Promise<AsyncIterable<z.output<typeof item>>>;
};
type Read = (
  source: Source & { raw: (input: { count: number }) => Promise<AsyncIterable<unknown>> },
  count: number,
) => unknown;

/** Where the slices run; a slice process has books between it and its gateway. */
interface Tier {
  readonly isRemote: boolean;
  readonly hasBooks: boolean;
}

/** The reading slice on one node, the other on the same or on another. */
async function start(read: Read, { isRemote, hasBooks }: Tier) {
  const happened = new Happened();
  const reading = slice(reader, {
    needs: { source },
    create: ({ source }) => ({ read: ({ count }) => read(source, count) }),
  });
  const slices = isRemote ? [[reading], [sourceOf(happened)]] : [[reading, sourceOf(happened)]];
  const nodes = await SliceNodes.start(slices, {}, hasBooks);
  const ask = async (count: number) => {
    const outcome = await nodes.call(reader.name, "read", { count });
    return outcome.kind === "output" ? JSON.parse(outcome.output) : outcome.problem;
  };
  return { nodes, happened, ask };
}

const tiers: Readonly<Record<string, Tier>> = {
  "the same node": { isRemote: false, hasBooks: false },
  "another node": { isRemote: true, hasBooks: false },
  "the same node, both in processes": { isRemote: false, hasBooks: true },
};
for (const [where, tier] of Object.entries(tiers)) {
  Deno.test(`A slice reads all the events of a slice on ${where}`, async () => {
    const { nodes, ask } = await start(async (source, count) => {
      const read: number[] = [];
      for await (const { index, text } of await source.items({ count })) {
        if (text === "ü".repeat(index)) read.push(index);
      }
      return read.length;
    }, tier);
    await using _ = nodes;
    assert.equal(await ask(700), 700);
    assert.equal(await ask(0), 0);
  });

  Deno.test(`A slice that stops reading stops the slice on ${where}`, async () => {
    const { nodes, happened, ask } = await start(async (source, count) => {
      for await (const piece of await source.raw({ count })) {
        assert.ok(piece instanceof Uint8Array);
        // Whoever does not read on lets nothing pile up; leaving the loop ends the other side.
        return piece.length;
      }
      return 0;
    }, tier);
    await using _ = nodes;
    assert.equal(await ask(10_000), pieceBytes);
    await happened.ended.promise;
    assert.ok(happened.made < 200, `${happened.made} pieces were made`);
  });

  Deno.test(`A stream of a slice on ${where} ends with the call that asked for it`, async () => {
    const { nodes, happened, ask } = await start(async (source, count) => {
      await source.items({ count });
      return "done";
    }, tier);
    await using _ = nodes;
    assert.equal(await ask(1), "done");
    await happened.ended.promise;
  });

  Deno.test(`Reading fails when the slice on ${where} does, or ends`, async () => {
    const reading = Promise.withResolvers<void>();
    const { nodes, ask } = await start(async (source, count) => {
      const read: number[] = [];
      try {
        for await (const { index } of await source.items({ count })) {
          read.push(index);
          if (count === 1) reading.resolve();
        }
        return read;
      } catch (error) {
        return [...read, error instanceof Error ? error.message : ""];
      }
    }, tier);
    await using _ = nodes;
    assert.deepEqual(await ask(2), [0, 1, "The slice failed while it answered"]);
    const waiting = ask(1);
    await reading.promise;
    nodes.kill(source.name);
    const ended = await waiting;
    assert.match(String(ended.at(-1)), /ended during the call/);
  });
}
