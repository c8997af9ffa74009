/**
 * The leader's duty for topics: makes those that slices declare, and sees that every partition has
 * owners that live.
 *
 * @module
 */
import {
  assignPartitions,
  type PartitionHost,
  type WantedPartition,
} from "../../messaging/assign.ts";
import { keys, leaderKey } from "../../protocol/keys.ts";
import type { TopicOptions } from "../../protocol/slice/topics.ts";
import type { Operation } from "../../protocol/store/command.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { Leadership } from "../cluster/cluster.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import type { LeaderTask } from "../control/leader.ts";
import { storedValue, storedValues } from "../control/views.ts";
import { declaredTopics, deployedManifests, type FindManifest } from "./declared.ts";

const operationsMax = 500;

/** What the duty needs. */
export interface TopicDutyOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose">;
  readonly log: Logger;
  readonly findManifest: FindManifest;
  isAlive(node: string): boolean;
  wallMs(): number;
}

/** See the module. */
export class TopicDuty implements LeaderTask {
  readonly name = "topics";
  readonly #options: TopicDutyOptions;

  constructor(options: TopicDutyOptions) {
    this.#options = options;
  }

  reset(): void {}

  async step({ term }: Leadership): Promise<undefined> {
    const { store, log } = this.#options;
    const topics = this.#topics();
    const operations: Operation[] = [...topics.operations];
    for (const { topic, number, value } of assignPartitions(this.#wanted(topics), this.#hosts())) {
      if (operations.length >= operationsMax) break;
      operations.push(keys.partition.put(keys.partition.key(topic, number), value));
      log.info("A partition has other owners", { topic, partition: number, ...value });
    }
    if (operations.length === 0) return undefined;
    const compare = [{ key: leaderKey, revision: term }];
    await store.propose("leader", { compare, then: operations, otherwise: [] });
    return undefined;
  }

  /** All topics, and what is to be written of them. */
  #topics(): { options: Map<string, TopicOptions>; operations: Operation[] } {
    const { store: { state }, findManifest, wallMs } = this.#options;
    const options = new Map(
      storedValues(state, keys.topic).map(({ key, value }) => [
        keys.topic.parts(key)[0] ?? "",
        value.options,
      ]),
    );
    const operations: Operation[] = [];
    for (const [name, declared] of declaredTopics(deployedManifests(state, findManifest))) {
      const has = options.get(name);
      // Where its messages are is decided once; how long they are kept may change.
      const { durability, partitions } = has ?? declared.options;
      const wanted = { ...declared.options, durability, partitions };
      if (has !== undefined && JSON.stringify(has) === JSON.stringify(wanted)) continue;
      options.set(name, wanted);
      const key = keys.topic.key(name);
      const createdAtMs = storedValue(state, keys.topic, key)?.value.createdAtMs ?? wallMs();
      operations.push(keys.topic.put(key, { options: wanted, createdAtMs }));
    }
    return { options, operations };
  }

  #wanted({ options }: { readonly options: ReadonlyMap<string, TopicOptions> }): WantedPartition[] {
    const { state } = this.#options.store;
    return [...options].flatMap(([topic, { durability, partitions }]) =>
      Array.from({ length: partitions }, (_, number) => {
        const assigned = storedValue(state, keys.partition, keys.partition.key(topic, number));
        const stateKey = keys.partitionState.key(topic, number);
        const settled = storedValue(state, keys.partitionState, stateKey);
        return {
          topic,
          number,
          durability,
          assigned: assigned?.value,
          settledEpoch: settled?.value.settledEpoch ?? 0,
        };
      })
    );
  }

  #hosts(): PartitionHost[] {
    const { store: { state }, isAlive } = this.#options;
    return storedValues(state, keys.topicHost).flatMap(({ key, value: { life } }) => {
      const [node = ""] = keys.topicHost.parts(key);
      if (state.get(keys.member.key(node)) === undefined) return [];
      return [{ node, life, isAlive: isAlive(node) }];
    });
  }
}
