/**
 * Which schedules should be registered: those of the versions that are served, as the blueprints
 * change them.
 *
 * @module
 */
import { artifactBase } from "../../protocol/coordinates.ts";
import { keys } from "../../protocol/keys.ts";
import {
  type EffectiveSchedule,
  type ScheduleChanges,
  withChange,
} from "../../protocol/schedule/schedule.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { RoutedService, RouteSnapshot } from "../../protocol/thread/threads.ts";
import type { StoreState } from "../../store/state.ts";
import { storedBlueprints } from "../control/views.ts";

/** A schedule as it should be in force. */
export interface WantedSchedule extends EffectiveSchedule {
  readonly contract: string;
  readonly name: string;
  readonly artifact: string;
  /** Whether an instance of the slice is active. */
  readonly isServed: boolean;
}

/**
 * The wanted schedules by the keys of their records. While two versions share the calls, the one
 * with more of them says how its schedules are.
 */
export function wantedSchedules(
  state: StoreState,
  routes: Pick<RouteSnapshot, "services">,
  manifestOf: (artifact: string) => Manifest | undefined,
): Map<string, WantedSchedule> {
  const wanted = new Map<string, WantedSchedule>();
  const changes = changesByBase(state);
  for (const [contract, versions] of Map.groupBy(routes.services, (each) => each.contract)) {
    const [main] = versions.toSorted((left, right) => right.weight - left.weight);
    const artifact = main?.artifact ?? "";
    const declared = manifestOf(artifact)?.definition.schedules ?? {};
    for (const [name, schedule] of Object.entries(declared)) {
      wanted.set(keys.schedule.key(contract, name), {
        ...withChange(schedule, changes.get(contract)?.[name]),
        contract,
        name,
        artifact,
        isServed: versions.some(hasInstance),
      });
    }
  }
  return wanted;
}

function hasInstance({ instances, remotes }: RoutedService): boolean {
  return instances.length > 0 || remotes.length > 0;
}

function changesByBase(state: StoreState): Map<string, ScheduleChanges> {
  return new Map(
    storedBlueprints(state).flatMap(({ slices }) =>
      slices.flatMap(({ artifact, schedules }) =>
        schedules === undefined ? [] : [[artifactBase(artifact), schedules] as const]
      )
    ),
  );
}
