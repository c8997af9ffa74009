/**
 * Topics in control: tells the storage thread who owns what, and keeps in the store what that says.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import { keys } from "../../protocol/keys.ts";
import type { DeadLetter } from "../../protocol/messaging/values.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { TopicOptions } from "../../protocol/slice/topics.ts";
import type { Operation } from "../../protocol/store/command.ts";
import type { InternalCall, InternalOutcome } from "../../protocol/thread/internal_calls.ts";
import {
  type KnownPartition,
  type KnownSubscription,
  type OffsetCommit,
  type OffsetsQuestion,
  type PartitionFigures,
  type PublishAnswer,
  type PublishQuestion,
  type SeekQuestion,
  type SettleReport,
  type StoredOffset,
  topicLines,
  type TopicsHello,
  type TopicsState,
} from "../../protocol/thread/topics.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { storedValue, storedValues } from "../control/views.ts";
import { DeadLetters } from "./dead_letters.ts";
import { declaredSubscriptions, deployedManifests, type FindManifest } from "./declared.ts";
import { TopicDuty } from "./topic_duty.ts";

const helloRetryMs = 300;
const quietMs = 1_000;
/** A change of one of these may change what the storage thread must know. */
const watched = [
  keys.topic,
  keys.partition,
  keys.partitionState,
  keys.target,
  keys.blueprint,
  keys.rollout,
  keys.artifact,
].map(({ prefix }) => prefix);

/** What topics need of control. */
export interface TopicsOptions {
  readonly config: { readonly node: { readonly id: string } };
  readonly cluster: Pick<Cluster, "store" | "isAlive">;
  /** The line to the storage thread. */
  readonly storage: ThreadLine;
  readonly gateway: {
    readonly calls: { call(call: InternalCall): Promise<InternalOutcome> };
  };
  readonly catalog: { manifest(artifact: string): Manifest | undefined };
  readonly clock: Clock;
  readonly log: Logger;
}

/** A topic as the store has it. */
export interface StoredTopic {
  readonly name: string;
  readonly options: TopicOptions;
  readonly partitions: readonly KnownPartition[];
}

/** Control's part in topics; see the module. */
export class Topics {
  readonly deadLetters: DeadLetters;
  /** What the leader does for them. */
  readonly duty: TopicDuty;
  readonly #options: TopicsOptions;
  readonly #line: ThreadLine;
  readonly #findManifest: FindManifest;
  #life = "";
  #isSending = false;
  #sent = "";
  #isClosed = false;

  constructor(options: TopicsOptions) {
    this.#options = options;
    const { cluster, log, catalog, clock, storage: line, gateway } = options;
    const { store } = cluster;
    this.#line = line;
    this.#findManifest = (artifact) => catalog.manifest(artifact);
    this.deadLetters = new DeadLetters({ store, call: (call) => gateway.calls.call(call) });
    this.duty = new TopicDuty({
      store,
      log,
      findManifest: this.#findManifest,
      isAlive: (node) => cluster.isAlive(node),
      wallMs: () => clock.wallMs(),
    });
    store.onChange(({ events }) => {
      if (events.some(({ key }) => watched.some((prefix) => key.startsWith(prefix)))) this.#send();
    }, "system");
    line.handle(topicLines.hello, ({ life }: TopicsHello) => this.#onHello(life));
    line.handle(topicLines.settle, (report: SettleReport) => this.#settle(report));
    line.handle(topicLines.offsets, (question: OffsetsQuestion) => this.#offsets(question));
    line.handle(topicLines.commit, (commits: OffsetCommit[]) => this.#commit(commits));
    line.handle(topicLines.bury, (letter: DeadLetter) => this.deadLetters.add(letter));
  }

  /** Lets the storage thread note how far subscriptions are, while the store still takes it. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = clock.setTimer(quietMs, resolve);
    await Promise.race([promise, this.#line.ask(topicLines.quiet, undefined).catch(() => {})]);
    timer.cancel();
  }

  /** All topics, as far as this node knows. */
  list(): StoredTopic[] {
    const partitions = Map.groupBy(this.#partitions(), ({ topic }) => topic);
    return storedValues(this.#state, keys.topic).map(({ key, value: { options } }) => {
      const [name = ""] = keys.topic.parts(key);
      return { name, options, partitions: partitions.get(name) ?? [] };
    });
  }

  /**
   * One topic.
   *
   * @throws {AetherError} TOPIC_NOT_FOUND
   */
  get(name: string): StoredTopic {
    const found = this.list().find((topic) => topic.name === name);
    if (found !== undefined) return found;
    throw new AetherError("TOPIC_NOT_FOUND", `There is no topic "${name}"`);
  }

  /** Who subscribes to what. */
  subscriptions(): KnownSubscription[] {
    return declaredSubscriptions(deployedManifests(this.#state, this.#findManifest));
  }

  /** What the partitions' leaders know of them, as far as they answer. */
  figures(): Promise<PartitionFigures[]> {
    return this.#line.ask(topicLines.figures, undefined);
  }

  /** Publishes messages. */
  publish(question: PublishQuestion): Promise<PublishAnswer> {
    return this.#line.ask(topicLines.publish, question);
  }

  /** Lets a subscription go on from another place; answers in how many partitions it does. */
  seek(question: SeekQuestion): Promise<number> {
    return this.#line.ask(topicLines.seek, question);
  }

  get #state() {
    return this.#options.cluster.store.state;
  }

  /** A new storage thread: what it had in memory is gone, so it needs new epochs to lead. */
  #onHello(life: string): void {
    this.#life = life;
    this.#sent = "";
    this.#send();
    this.#register(life);
  }

  async #register(life: string): Promise<void> {
    const { config: { node }, cluster: { store }, clock } = this.#options;
    if (this.#isClosed || life !== this.#life) return;
    const key = keys.topicHost.key(node.id);
    try {
      await this.#propose([keys.topicHost.put(key, { life })]);
      await store.readBarrier();
      if (storedValue(store.state, keys.topicHost, key)?.value.life === life) return;
    } catch {
      // Without a majority, or before the node is a member: again.
    }
    clock.setTimer(helloRetryMs, () => {
      this.#register(life);
    });
  }

  /** Tells the storage thread everything, once for all changes of a turn. */
  #send(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    queueMicrotask(() => {
      this.#isSending = false;
      const subscriptions = this.subscriptions();
      const state: TopicsState = { partitions: this.#partitions(), subscriptions };
      const text = JSON.stringify(state);
      if (text === this.#sent || !this.#line.isConnected) return;
      this.#sent = text;
      this.#line.tell(topicLines.state, state);
    });
  }

  #partitions(): KnownPartition[] {
    const state = this.#state;
    const settled = new Map(
      storedValues(state, keys.partitionState).map(({ key, value }) => [
        keys.partitionState.parts(key).join("/"),
        value.settledEpoch,
      ]),
    );
    return storedValues(state, keys.partition).flatMap(({ key, value, revision }) => {
      const [topic = "", number = ""] = keys.partition.parts(key);
      const options = storedValue(state, keys.topic, keys.topic.key(topic))?.value.options;
      if (options === undefined) return [];
      const settledEpoch = settled.get(`${topic}/${number}`) ?? 0;
      return [{ ...value, topic, number: Number(number), options, settledEpoch, revision }];
    });
  }

  async #settle({ topic, number, epoch, revision }: SettleReport): Promise<void> {
    const key = keys.partitionState.key(topic, number);
    await this.#propose(
      [keys.partitionState.put(key, { settledEpoch: epoch })],
      [{ key: keys.partition.key(topic, number), revision }],
    );
  }

  /** How far subscriptions are, as every earlier owner has noted it. */
  async #offsets({ topic, number }: OffsetsQuestion): Promise<StoredOffset[]> {
    const { store } = this.#options.cluster;
    await store.readBarrier();
    const prefix = `${keys.offset.key(topic, number)}/`;
    return storedValues(store.state, keys.offset, prefix).map(({ key, value: { next } }) => {
      const [, , contract = "", name = ""] = keys.offset.parts(key);
      return { contract, name, next };
    });
  }

  /** Only of the owners who own: of all others nothing is noted. */
  async #commit(commits: readonly OffsetCommit[]): Promise<boolean> {
    let isDone = true;
    const byPartition = Map.groupBy(commits, ({ topic, number }) => `${topic}/${number}`);
    const owned = [...byPartition.values()].filter(([first]) => {
      if (first === undefined) return false;
      const key = keys.partition.key(first.topic, first.number);
      return this.#state.get(key)?.revision === first.revision;
    });
    if (owned.length < byPartition.size) isDone = false;
    const then = owned.flat().map(({ topic, number, contract, name, next }) =>
      keys.offset.put(keys.offset.key(topic, number, contract, name), { next })
    );
    if (then.length === 0) return isDone;
    const compare = owned.flatMap(([first]) =>
      first === undefined
        ? []
        : [{ key: keys.partition.key(first.topic, first.number), revision: first.revision }]
    );
    const { succeeded } = await this.#propose(then, compare);
    return isDone && succeeded;
  }

  async #propose(
    then: readonly Operation[],
    compare: readonly { readonly key: string; readonly revision: number }[] = [],
  ) {
    try {
      return await this.#options.cluster.store.propose("node", { compare, then, otherwise: [] });
    } catch (error) {
      throw toAetherError(error);
    }
  }
}
