/**
 * What a fake of a resource learns about the place where it is used.
 *
 * A fake can be made before the slice is; the testing kit then says which need it stands for, so
 * that it checks values by the slice's schemas and tells the time of the test.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../logger.ts";
import type { ResourceSpec } from "../resource/spec.ts";

/** The place of a fake. */
export interface FakePlace {
  /** Its name in `needs`. */
  readonly name: string;
  readonly need: ResourceSpec<unknown>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether a lock of the slice is held with this token. */
  holds(name: string, token: number): boolean;
}

/** A fake that wants to know its place. */
export interface Placed {
  /** Called once, before `create`. */
  place(at: FakePlace): void;
}

/** Whether a fake wants to know its place. */
export function isPlaced(fake: unknown): fake is Placed {
  return typeof fake === "object" && fake !== null && "place" in fake &&
    typeof fake.place === "function";
}
