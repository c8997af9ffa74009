/**
 * The faults of a run: a plan made before it starts, so that a failing run can be tried again with
 * fewer of them.
 *
 * @module
 */
import { SeededRandom } from "../../src/base/random.ts";
import type { SimulationOptions } from "./options.ts";

/** One fault. Nodes are numbers, taken modulo the nodes that exist. */
export type Fault =
  & { readonly atMs: number }
  & (
    | {
      readonly type: "partition";
      readonly forMs: number;
      /** Sides of the nodes by number; messages between different sides are lost. */
      readonly sides: readonly number[];
      /** Whether only messages from lower to higher sides are lost. */
      readonly isOneWay: boolean;
      /** A node that everybody can talk to; -1 for none. */
      readonly bridge: number;
    }
    | {
      readonly type: "crash";
      readonly node: number;
      readonly forMs: number;
      /** Whether the disk is lost too. */
      readonly wipes: boolean;
    }
    | { readonly type: "powerCut"; readonly forMs: number }
    | { readonly type: "pause"; readonly node: number; readonly forMs: number }
    | {
      readonly type: "slow";
      readonly node: number;
      readonly forMs: number;
      readonly extraMs: number;
    }
    | {
      readonly type: "clock";
      readonly node: number;
      readonly jumpMs: number;
      readonly rate: number;
    }
    | {
      readonly type: "configure";
      readonly change: "grow" | "growByTwo" | "shrink" | "replace";
      readonly node: number;
      /** How long a new node follows the log before it votes. */
      readonly learnMs: number;
    }
    | {
      readonly type: "members";
      readonly action: "follow" | "promote" | "swap" | "leave" | "return";
      readonly node: number;
      /** Whether two are promoted at once. */
      readonly isSecond: boolean;
      /** Whether a removed node that returns has lost its disk. */
      readonly wipes: boolean;
    }
    | { readonly type: "suspect"; readonly node: number; readonly suspected: readonly number[] }
  );

type FaultType = Fault["type"];

/** Draws the faults of a run. */
export function planFaults(options: SimulationOptions): Fault[] {
  const random = new SeededRandom(options.seed).split("faults");
  const { faults } = options;
  const kinds: [FaultType, number][] = [
    ["partition", faults.partitionMs],
    ["crash", faults.crashMs],
    ["powerCut", faults.powerCutMs],
    ["pause", faults.pauseMs],
    ["slow", faults.slowMs],
    ["clock", faults.clockMs],
    ["configure", faults.configureMs],
    ["suspect", faults.suspectMs],
    ["members", faults.membersMs],
  ];
  const plan: Fault[] = [];
  for (const [type, everyMs] of kinds) {
    if (everyMs === 0) continue;
    const own = random.split(type);
    let atMs = exponential(own, everyMs);
    while (atMs < options.safetyMs) {
      plan.push(draw(type, atMs, own, options));
      atMs += exponential(own, everyMs);
    }
  }
  return plan.sort((a, b) => a.atMs - b.atMs);
}

/** A time with this mean. */
export function exponential(random: SeededRandom, meanMs: number): number {
  return -Math.log(1 - random.nextFloat()) * meanMs;
}

function draw(
  type: FaultType,
  atMs: number,
  random: SeededRandom,
  options: SimulationOptions,
): Fault {
  const node = random.nextBelow(16);
  const forMs = exponential(random, random.nextBelow(3) === 0 ? 2_000 : 200);
  const flip = () => random.nextBelow(2) === 0;
  switch (type) {
    case "partition":
      return {
        type,
        atMs,
        forMs,
        sides: Array.from({ length: 16 }, () => random.nextBelow(random.nextBelow(4) + 1)),
        isOneWay: random.nextBelow(3) === 0,
        bridge: flip() ? -1 : node,
      };
    case "crash":
      return { type, atMs, node, forMs, wipes: !options.durable || random.nextBelow(3) === 0 };
    case "powerCut":
      return { type, atMs, forMs: forMs / 4 };
    case "pause":
      return { type, atMs, node, forMs };
    case "slow":
      return { type, atMs, node, forMs, extraMs: exponential(random, 20) };
    case "clock":
      return {
        type,
        atMs,
        node,
        jumpMs: flip() ? exponential(random, 5_000) : 0,
        rate: 0.5 + random.nextFloat(),
      };
    case "configure": {
      const changes = ["grow", "growByTwo", "shrink", "replace"] as const;
      const change = changes[random.nextBelow(4)] ?? "grow";
      return { type, atMs, node, change, learnMs: flip() ? 0 : exponential(random, 200) };
    }
    case "members": {
      const actions = [
        "follow",
        "follow",
        "promote",
        "promote",
        "swap",
        "leave",
        "return",
      ] as const;
      const action = actions[random.nextBelow(actions.length)] ?? "follow";
      return { type, atMs, action, node, isSecond: flip(), wipes: random.nextBelow(3) === 0 };
    }
    case "suspect":
      return {
        type,
        atMs,
        node,
        suspected: Array.from({ length: 16 }, (_, index) => index).filter(() =>
          random.nextBelow(4) === 0
        ),
      };
  }
}
