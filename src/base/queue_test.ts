import assert from "node:assert/strict";
import fc from "fast-check";
import { InvariantError } from "./assert.ts";
import { BoundedQueue } from "./queue.ts";

fc.configureGlobal({ seed: 34 });

Deno.test("BoundedQueue does what a plain array with a limit does", () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.integer() },
    { weight: 4, arbitrary: fc.constant("shift" as const) },
    { weight: 1, arbitrary: fc.constantFrom("drain" as const, "clear" as const) },
  );
  fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step), (capacity, steps) => {
    const queue = new BoundedQueue<number>(capacity);
    let model: number[] = [];
    for (const next of steps) {
      if (typeof next === "number") {
        const isAccepted = model.length < capacity;
        assert.equal(queue.push(next), isAccepted);
        if (isAccepted) model.push(next);
      } else if (next === "shift") assert.equal(queue.shift(), model.shift());
      else {
        if (next === "drain") assert.deepEqual(queue.drain(), model);
        else queue.clear();
        model = [];
      }
      assert.equal(queue.length, model.length);
      assert.equal(queue.isFull, model.length === capacity);
      assert.equal(queue.peek(), model[0]);
      assert.deepEqual([...queue], model);
    }
  }));
});

Deno.test("BoundedQueue refuses a capacity below one", () => {
  for (const capacity of [0, -1, 1.5, Number.POSITIVE_INFINITY]) {
    assert.throws(() => new BoundedQueue(capacity), InvariantError);
  }
});
