import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import {
  cleanupPolicies,
  isEnded,
  type Rollout,
  rolloutStates,
  rolloutStrategies,
  type RolloutStrategy,
} from "../../protocol/rollout.ts";
import { advance, command, type RolloutCommand, rolloutCommands, withWeights } from "./engine.ts";
import { begun, called, sightOf } from "./rollout_fixture_test.ts";

/** A rollout in short: `state step new:old weights, new/old instances`. */
function text(rollout: Rollout): string {
  const { state, step, weights, newInstances, oldInstances } = rollout;
  return `${state} ${step} ${weights.new}:${weights.old} ${newInstances}/${oldInstances}`;
}

/** Goes on, with healthy calls and time enough, until nothing changes any more. */
function run(rollout: Rollout, elapsedMs = 10_000, requests = 100): string[] {
  const seen = [text(rollout)];
  let current = rollout;
  for (let round = 0; round < 40; round++) {
    const sight = sightOf(current, { elapsedMs, figures: called(requests) });
    const next = advance(current, { ...sight, oldPresent: current.oldInstances });
    if (next === undefined) return seen;
    current = next;
    seen.push(text(current));
  }
  throw new Error("It never ends");
}

Deno.test("advance() takes each strategy to its end by itself, or to where people decide", () => {
  const ends: Record<RolloutStrategy, string[]> = {
    immediate: [
      "DEPLOYING 0 0:1 2/2",
      "ROUTING 0 1:0 2/2",
      "COMPLETING 0 1:0 2/2",
      "COMPLETING 0 1:0 2/0",
      "COMPLETED 0 1:0 2/0",
    ],
    rolling: [
      "DEPLOYING 0 0:1 1/2",
      "ROUTING 0 1:1 1/1",
      "DEPLOYING 1 1:1 2/1",
      "ROUTING 1 2:0 2/1",
      "COMPLETING 1 1:0 2/1",
      "COMPLETING 1 1:0 2/0",
      "COMPLETED 1 1:0 2/0",
    ],
    canary: [
      "DEPLOYING 0 0:1 1/2",
      "ROUTING 0 10:90 1/2",
      "DEPLOYING 1 10:90 2/2",
      "ROUTING 1 100:0 2/2",
      "COMPLETING 1 1:0 2/2",
      "COMPLETING 1 1:0 2/0",
      "COMPLETED 1 1:0 2/0",
    ],
    "blue-green": ["DEPLOYING 0 0:1 2/2", "ROUTING 0 0:1 2/2"],
    ab: ["DEPLOYING 0 0:1 2/2", "ROUTING 0 30:70 2/2"],
  };
  const options = { stages: [{ percent: 10, observeMs: 1_000 }] };
  for (const [strategy, expected] of Object.entries(ends)) {
    assert.deepEqual(run(begun(strategy as RolloutStrategy, { options })), expected, strategy);
  }
});

Deno.test("advance() waits for instances, for time and for calls", () => {
  const rollout = begun("rolling");
  assert.equal(advance(rollout, sightOf(rollout, { active: { old: 2, new: 0 } })), undefined);
  const routed = advance(rollout, sightOf(rollout)) as Rollout;
  const early = sightOf(routed, { elapsedMs: 999, figures: called(100) });
  assert.equal(advance(routed, early), undefined);
  const few = sightOf(routed, { elapsedMs: 1_000, figures: called(9) });
  assert.equal(advance(routed, few), undefined);
  const enough = sightOf(routed, { elapsedMs: 1_000, figures: called(10) });
  assert.equal(advance(routed, enough)?.step, 1);
});

Deno.test("advance() rolls back by itself when too many calls fail or take too long", () => {
  const rollout = begun("canary", { options: { stages: [{ percent: 10, observeMs: 0 }] } });
  const routed = advance(rollout, sightOf(rollout)) as Rollout;
  for (const figures of [called(100, 5), called(100, 0, 501)]) {
    const back = advance(routed, sightOf(routed, { figures })) as Rollout;
    assert.equal(text(back), "ROLLING_BACK 0 10:90 1/2");
    assert.match(back.reason, /limit/);
    assert.deepEqual(run(back).slice(1), ["ROLLING_BACK 0 0:1 1/2", "ROLLED_BACK 0 0:1 0/2"]);
  }
  const paused = { ...routed, isPaused: true };
  assert.equal(
    advance(paused, sightOf(paused, { figures: called(100, 5) }))?.state,
    "ROLLING_BACK",
    "a pause does not keep what is broken",
  );
});

Deno.test("advance() rolls back when the new version never starts", () => {
  const rollout = begun("rolling");
  const back = advance(rollout, sightOf(rollout, { failure: "It throws" }));
  assert.deepEqual([back?.state, back?.reason], [
    "ROLLING_BACK",
    "The new version does not start: It throws",
  ]);
});

Deno.test("advance() gives calls back only to instances that are there", () => {
  const late: Rollout = { ...begun("rolling", { instances: 4, minAvailable: 2 }), step: 3 };
  const routed: Rollout = { ...late, state: "ROUTING", weights: { new: 4, old: 0 } };
  const back = command({ ...routed, oldInstances: 1, newInstances: 4 }, "rollback");
  assert.equal(text(back), "ROLLING_BACK 3 4:0 4/4");
  assert.equal(advance(back, sightOf(back, { active: { old: 1, new: 4 } })), undefined);
  const given = advance(back, sightOf(back, { active: { old: 2, new: 4 } })) as Rollout;
  assert.equal(text(given), "ROLLING_BACK 3 0:1 4/4");
  assert.equal(advance(given, sightOf(given, { active: { old: 3, new: 4 } })), undefined);
  const done = advance(given, sightOf(given, { active: { old: 4, new: 4 } })) as Rollout;
  assert.equal(text(done), "ROLLED_BACK 3 0:1 0/4");
});

Deno.test("advance() gives a rollback up when the old version does not start any more", () => {
  const back = command(
    { ...begun("rolling"), state: "ROUTING", weights: { new: 1, old: 1 } },
    "rollback",
  );
  const active = { old: 0, new: 1 };
  const failed = advance(back, sightOf(back, { active, oldFailure: "Its artifact is gone" }));
  assert.equal(failed?.state, "FAILED");
  assert.match(failed?.reason ?? "", /Its artifact is gone/);
  const given = { ...back, weights: { new: 0, old: 1 } };
  const some = { active: { old: 1, new: 1 }, oldFailure: "One of more than it needs" };
  assert.deepEqual(advance(back, sightOf(back, some))?.weights, { new: 0, old: 1 });
  assert.equal(advance(given, sightOf(given, some))?.state, "ROLLED_BACK");
});

Deno.test("advance() and command() go from state to state only as the table says", () => {
  const legal = new Set([
    "DEPLOYING>ROUTING",
    "DEPLOYING>ROLLING_BACK",
    "ROUTING>DEPLOYING",
    "ROUTING>COMPLETING",
    "ROUTING>ROLLING_BACK",
    "COMPLETING>COMPLETED",
    "COMPLETING>ROLLING_BACK",
    "ROLLING_BACK>ROLLED_BACK",
    "ROLLING_BACK>FAILED",
  ]);
  const seen = new Set<string>();
  const look = (before: Rollout, after: Rollout | undefined) => {
    if (after !== undefined && after.state !== before.state) {
      seen.add(`${before.state}>${after.state}`);
    }
  };
  const sights = (rollout: Rollout) =>
    [0, 1, 2].flatMap((old) =>
      [0, 1, 2].flatMap((fresh) =>
        [0, 10 ** 6].flatMap((elapsedMs) =>
          [called(0), called(100), called(100, 50)].flatMap((figures) =>
            [undefined, "It throws"].map((reason) =>
              sightOf(rollout, {
                active: { old, new: fresh },
                oldPresent: old,
                elapsedMs,
                figures,
                failure: reason,
                oldFailure: reason,
              })
            )
          )
        )
      )
    );
  for (const strategy of rolloutStrategies) {
    for (const cleanup of cleanupPolicies) {
      for (const state of rolloutStates) {
        for (const step of begun(strategy).steps.keys()) {
          for (const weights of [{ new: 0, old: 1 }, { new: 1, old: 0 }]) {
            const rollout: Rollout = { ...begun(strategy, { cleanup }), state, step, weights };
            for (const oldInstances of [0, 2]) {
              const each = { ...rollout, oldInstances };
              for (const sight of sights(each)) look(each, advance(each, sight));
            }
            for (const what of rolloutCommands) {
              try {
                look(rollout, command(rollout, what));
              } catch (error) {
                assert.ok(error instanceof AetherError && error.name === "ROLLOUT_STATE");
              }
            }
          }
        }
      }
    }
  }
  assert.deepEqual([...seen].sort(), [...legal].sort());
});

Deno.test("blue-green switches in one write, and back in one", () => {
  const rollout = begun("blue-green");
  const ready = advance(rollout, sightOf(rollout)) as Rollout;
  assert.equal(text(ready), "ROUTING 0 0:1 2/2");
  const promoted = command(ready, "promote");
  const switched = advance(promoted, sightOf(promoted)) as Rollout;
  assert.equal(text(switched), "ROUTING 1 1:0 2/2");
  const back = command(switched, "rollback");
  assert.equal(text(advance(back, sightOf(back)) as Rollout), "ROLLING_BACK 1 0:1 2/2");
});

Deno.test("each clean-up policy keeps the old version for another time", () => {
  const endsAfterMs: Record<typeof cleanupPolicies[number], number | undefined> = {
    IMMEDIATE: 0,
    GRACE_PERIOD: 5_000,
    MANUAL: undefined,
  };
  for (const cleanup of cleanupPolicies) {
    const completing: Rollout = {
      ...begun("immediate", { cleanup }),
      state: "COMPLETING",
      weights: { new: 1, old: 0 },
    };
    const ended = [0, 4_999, 5_000, 10 ** 9].find((elapsedMs) =>
      advance(completing, sightOf(completing, { elapsedMs }))?.oldInstances === 0
    );
    assert.equal(ended, endsAfterMs[cleanup], cleanup);
    const completed = command(completing, "complete");
    assert.equal(advance(completed, sightOf(completed))?.oldInstances, 0, cleanup);
    const back = command(completing, "rollback");
    assert.equal(back.state, "ROLLING_BACK");
  }
});

Deno.test("command() does what makes sense in each state, and refuses the rest", () => {
  const legal: Record<RolloutCommand, readonly string[]> = {
    promote: ["ROUTING"],
    pause: ["DEPLOYING", "ROUTING", "COMPLETING", "ROLLING_BACK"],
    resume: [],
    rollback: ["DEPLOYING", "ROUTING", "COMPLETING"],
    complete: ["COMPLETING"],
  };
  for (const state of rolloutStates) {
    const rollout: Rollout = { ...begun("rolling"), state };
    assert.equal(isEnded(rollout), ["COMPLETED", "ROLLED_BACK", "FAILED"].includes(state));
    for (const [what, states] of Object.entries(legal)) {
      const act = () => command(rollout, what as RolloutCommand);
      if (states.includes(state)) act();
      else {
        assert.throws(act, (error) => {
          assert.ok(error instanceof AetherError && error.name === "ROLLOUT_STATE");
          return error.message.includes(state);
        }, `${what} in ${state}`);
      }
    }
  }
  const paused = command(begun("rolling"), "pause");
  assert.equal(command(paused, "resume").isPaused, false);
  assert.throws(() => command(paused, "pause"));
  const last: Rollout = { ...begun("rolling"), state: "ROUTING", step: 1 };
  assert.deepEqual([command(last, "complete").state, command(last, "complete").cleanup], [
    "COMPLETING",
    "IMMEDIATE",
  ]);
});

Deno.test("advance() does nothing after the end, nor while it is paused", () => {
  for (const state of ["COMPLETED", "ROLLED_BACK", "FAILED"] as const) {
    const rollout: Rollout = { ...begun("rolling"), state };
    assert.equal(advance(rollout, sightOf(rollout)), undefined);
  }
  const routed: Rollout = { ...begun("rolling"), state: "ROUTING", isPaused: true };
  const sight = sightOf(routed, { elapsedMs: 10 ** 6, figures: called(1_000) });
  assert.equal(advance(routed, sight), undefined);
});

Deno.test("a pause holds the share of a step that deploys, and the clean-up", () => {
  const deploying = command(begun("canary"), "pause");
  assert.equal(advance(deploying, sightOf(deploying)), undefined);
  const resumed = command(deploying, "resume");
  assert.equal(advance(resumed, sightOf(resumed))?.state, "ROUTING");
  const failed = advance(deploying, sightOf(deploying, { failure: "It throws" }));
  assert.equal(failed?.state, "ROLLING_BACK", "a pause does not keep what is broken");
  const completing: Rollout = {
    ...begun("immediate"),
    state: "COMPLETING",
    weights: { new: 1, old: 0 },
  };
  const held = command(completing, "pause");
  assert.equal(advance(held, sightOf(held, { elapsedMs: 10 ** 9 })), undefined);
  const ended = command(held, "complete");
  assert.equal(advance(ended, sightOf(ended))?.oldInstances, 0);
});

Deno.test("a promoted step gets its share while the rollout is paused, and no other does", () => {
  const paused: Rollout = { ...begun("canary"), state: "ROUTING", isPaused: true };
  const promoted = command(paused, "promote");
  const routed = advance(promoted, sightOf(promoted)) as Rollout;
  assert.deepEqual([routed.state, routed.step, routed.isPaused], ["ROUTING", 1, true]);
  const sight = sightOf(routed, { elapsedMs: 10 ** 9, figures: called(1_000) });
  assert.equal(advance(routed, sight), undefined);
  const again = command(command(promoted, "resume"), "pause");
  assert.equal(advance(again, sightOf(again)), undefined);
});

Deno.test("advance() rolls back when the new version ends for good after it has started", () => {
  const failure = "It crashes";
  const routed: Rollout = { ...begun("canary"), state: "ROUTING", weights: { new: 1, old: 99 } };
  const none = { failure, active: { old: 2, new: 0 } };
  const back = advance(routed, sightOf(routed, none));
  assert.deepEqual([back?.state, back?.reason], [
    "ROLLING_BACK",
    "Instances of the new version have failed for good: It crashes",
  ]);
  assert.equal(advance(routed, sightOf(routed, { failure })), undefined, "others serve instead");
  const completing: Rollout = {
    ...begun("immediate", { cleanup: "MANUAL" }),
    state: "COMPLETING",
    weights: { new: 1, old: 0 },
  };
  for (const oldInstances of [2, 0]) {
    const each = { ...completing, oldInstances };
    const some = { failure, active: { old: oldInstances, new: 1 } };
    const returned = advance(each, sightOf(each, some)) as Rollout;
    assert.equal(text(returned), "ROLLING_BACK 0 1:0 2/2");
    assert.equal(advance(each, sightOf(each, { ...some, failure: undefined })), undefined);
  }
});

Deno.test("advance() waits for no more instances than there is room for", () => {
  const rollout = begun("immediate", { instances: 5, minAvailable: 5 });
  const some = { active: { old: 4, new: 4 }, room: 4 };
  const routed = advance(rollout, sightOf(rollout, some)) as Rollout;
  assert.equal(routed.state, "ROUTING");
  assert.equal(advance(rollout, sightOf(rollout, { ...some, room: 5 })), undefined);
  const completing: Rollout = { ...routed, state: "COMPLETING", oldInstances: 0 };
  const alone = { active: { old: 0, new: 4 }, oldPresent: 0, room: 4 };
  assert.equal(advance(completing, sightOf(completing, alone))?.state, "COMPLETED");
  const back = command(routed, "rollback");
  const given = advance(back, sightOf(back, some)) as Rollout;
  assert.equal(text(given), "ROLLING_BACK 0 0:1 5/5");
  assert.equal(advance(given, sightOf(given, some))?.state, "ROLLED_BACK");
  const nowhere = { active: { old: 0, new: 0 }, room: 0 };
  for (const each of [rollout, back, given]) {
    assert.equal(advance(each, sightOf(each, nowhere)), undefined, "somebody must serve");
  }
});

Deno.test("advance() judges the new version also while more of it starts", () => {
  const rollout: Rollout = { ...begun("rolling"), step: 1, weights: { new: 1, old: 1 } };
  const waiting = { active: { old: 1, new: 1 }, figures: called(100, 5) };
  assert.equal(advance(rollout, sightOf(rollout, waiting))?.state, "ROLLING_BACK");
  const first = begun("rolling");
  const idle = { active: { old: 2, new: 0 }, figures: called(100, 5) };
  assert.equal(advance(first, sightOf(first, idle)), undefined, "it has no calls of its own");
});

Deno.test("withWeights() sets the share and pauses", () => {
  const routed: Rollout = { ...begun("canary"), state: "ROUTING" };
  const set = withWeights(routed, { new: 1, old: 3 });
  assert.deepEqual([set.weights, set.isPaused], [{ new: 1, old: 3 }, true]);
  assert.throws(() => withWeights(begun("canary"), { new: 1, old: 3 }));
});
