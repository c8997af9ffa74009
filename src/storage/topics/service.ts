/**
 * Topics in the storage thread: the partitions of this node, publishing, and what others ask.
 *
 * Control says which partitions there are, who owns them and who subscribes; everything else is in
 * the modules beside this one.
 *
 * @module
 */
import type { Timer } from "../../base/clock.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import { decodePublish, decodeRequest } from "../../protocol/messaging/replica_codec.ts";
import {
  type PartitionFigures,
  type PublishAnswer,
  type PublishQuestion,
  type SeekQuestion,
  topicLines,
  type TopicsHello,
  type TopicsState,
} from "../../protocol/thread/topics.ts";
import type { StorageHost, StorageService } from "../service.ts";
import { ControlLine } from "./control_line.ts";
import { Partition } from "./partition.ts";
import { encodePlace, Publisher } from "./publisher.ts";

const tickMs = 50;
const commitMs = 250;
const flushMs = 500;
const retainMs = 5_000;
const greetMs = 200;
const askTimeoutMs = 3_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Opens the service. */
export function openTopics(host: StorageHost): Promise<StorageService> {
  return Promise.resolve(new Topics(host));
}

class Topics implements StorageService {
  readonly #host: StorageHost;
  /** This life of the thread. */
  readonly #life: string;
  readonly #control: ControlLine;
  readonly #publisher: Publisher;
  readonly #partitions = new Map<string, Partition>();
  #state: TopicsState = { partitions: [], subscriptions: [] };
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #isCommitting = false;
  /** The last note of offsets: one waits for the other. */
  #commits: Promise<void> = Promise.resolve();
  #greetTimer: Timer | undefined;
  #isClosed = false;

  constructor(host: StorageHost) {
    this.#host = host;
    this.#life = host.random.bytes(8).toHex();
    this.#control = new ControlLine(host.lines.control);
    this.#publisher = new Publisher({
      host,
      partitions: (topic) => this.#state.partitions.filter((each) => each.topic === topic),
      owned: (topic, number) => this.#partitions.get(idOf(topic, number)),
    });
    this.#answerLines();
    this.#answerPeers();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#rest();
    this.#greetTimer?.cancel();
    for (const partition of this.#partitions.values()) await partition.close();
    this.#partitions.clear();
  }

  /** A node without partitions costs nothing. */
  #work(): void {
    if (this.#timers.length > 0) return;
    this.#every(tickMs, (partition) => partition.tick());
    this.#every(flushMs, (partition) => partition.flush());
    this.#every(retainMs, (partition) => partition.retain());
    this.#timers.push(setInterval(() => {
      if (!this.#isCommitting) this.#commitOffsets();
    }, commitMs));
  }

  #rest(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  #every(periodMs: number, run: (partition: Partition) => unknown): void {
    this.#timers.push(setInterval(() => {
      for (const partition of this.#partitions.values()) run(partition);
    }, periodMs));
  }

  #answerLines(): void {
    const { control, resources } = this.#host.lines;
    control.onConnect(() => this.#greet());
    control.handle(topicLines.state, (state: TopicsState) => this.#follow(state));
    for (const line of [control, resources]) {
      line.handle(topicLines.publish, (question: PublishQuestion) => this.#publish(question));
    }
    control.handle(topicLines.quiet, () => this.#quiet());
    control.handle(topicLines.figures, () => this.#allFigures());
    control.handle(topicLines.seek, (question: SeekQuestion) => this.#seek(question));
  }

  /** Control may have begun to listen and not yet be built. */
  #greet(): void {
    const { lines: { control }, clock } = this.#host;
    control.ask(topicLines.hello, { life: this.#life } satisfies TopicsHello).catch(() => {
      if (this.#isClosed || !control.isConnected) return;
      this.#greetTimer?.cancel();
      this.#greetTimer = clock.setTimer(greetMs, () => this.#greet());
    });
  }

  #answerPeers(): void {
    const { peers } = this.#host;
    peers.handle(topicLines.replica, (bytes) => {
      const { place: { topic, partition }, request } = decodeRequest(bytes);
      return this.#owned(topic, partition).answer(request);
    });
    peers.handle(topicLines.publish, async (bytes) => {
      const { place: { topic, partition }, messages } = decodePublish(bytes);
      return encodePlace(await this.#owned(topic, partition).publish(messages));
    });
    peers.handle(topicLines.figures, () => encoder.encode(JSON.stringify(this.#figures())));
    peers.handle(topicLines.seek, (bytes) => {
      return encoder.encode(String(this.#seekHere(JSON.parse(decoder.decode(bytes)))));
    });
  }

  #owned(topic: string, number: number): Partition {
    const partition = this.#partitions.get(idOf(topic, number));
    if (partition !== undefined) return partition;
    throw new AetherError(
      "TOPIC_UNAVAILABLE",
      `Node ${this.#host.node} does not own partition ${number} of topic "${topic}" yet`,
    );
  }

  #follow(state: TopicsState): void {
    this.#state = state;
    const { node, log } = this.#host;
    const byTopic = Map.groupBy(state.subscriptions, ({ topic }) => topic);
    for (const known of state.partitions) {
      const id = idOf(known.topic, known.number);
      // A former owner is asked for what it has until the new ones have it.
      const isOwner = known.replicas.includes(node) || known.former.includes(node);
      let partition = this.#partitions.get(id);
      if (!isOwner) {
        this.#partitions.delete(id);
        partition?.close();
        continue;
      }
      try {
        if (partition === undefined) this.#partitions.set(id, partition = this.#open(known));
        else partition.own(known);
        partition.deliveries.follow(byTopic.get(known.topic) ?? []);
      } catch (error) {
        const { topic, number } = known;
        log.error("A partition cannot be served", { topic, number, error: String(error) });
      }
    }
    if (this.#partitions.size === 0) this.#rest();
    else this.#work();
  }

  #open(known: TopicsState["partitions"][number]): Partition {
    const { dataDir } = this.#host.config().node;
    return new Partition({
      host: this.#host,
      control: this.#control,
      life: this.#life,
      folder: dataDir === undefined
        ? undefined
        : `${dataDir}/topics/${known.topic}/${known.number}`,
      known,
    });
  }

  async #publish({ topic, keys, values }: PublishQuestion): Promise<PublishAnswer> {
    const messages = values.map((value, i) => ({ key: keys[i], value }));
    const settled = await Promise.allSettled(this.#publisher.publish(topic, messages));
    return settled.map((each) =>
      each.status === "fulfilled" ? each.value : { problem: toAetherError(each.reason).toProblem() }
    );
  }

  #figures(): PartitionFigures[] {
    return [...this.#partitions.values()].filter(({ isLeading }) => isLeading).map((partition) => {
      const { topic, number } = partition.known;
      const subscriptions = partition.deliveries.figures();
      return { topic, number, ...partition.figures(), subscriptions };
    });
  }

  /** Of all nodes that answer. */
  async #allFigures(): Promise<PartitionFigures[]> {
    const answers = await this.#askOthers(topicLines.figures, new Uint8Array());
    return [
      ...this.#figures(),
      ...answers.flatMap((answer) => JSON.parse(decoder.decode(answer)) as PartitionFigures[]),
    ];
  }

  /** How many partitions go on from the new place. */
  async #seek(question: SeekQuestion): Promise<number> {
    const answers = await this.#askOthers(
      topicLines.seek,
      encoder.encode(JSON.stringify(question)),
    );
    const others = answers.reduce((sum, answer) => sum + Number(decoder.decode(answer)), 0);
    return this.#seekHere(question) + others;
  }

  #seekHere({ topic, partition: wanted, position, ...subscription }: SeekQuestion): number {
    let count = 0;
    for (const partition of this.#partitions.values()) {
      const { known, isLeading, deliveries } = partition;
      if (!isLeading || known.topic !== topic) continue;
      if (wanted !== undefined && known.number !== wanted) continue;
      if (deliveries.seek(subscription, position)) count++;
    }
    return count;
  }

  async #askOthers(topic: string, body: Uint8Array): Promise<Uint8Array[]> {
    const { topology, peers, node } = this.#host;
    const others = topology().members.filter(({ id, isAlive }) => isAlive && id !== node);
    const answers = await Promise.allSettled(
      others.map(({ id }) => peers.ask(id, topic, body, askTimeoutMs)),
    );
    return answers.flatMap((answer) => answer.status === "fulfilled" ? [answer.value] : []);
  }

  /** Control is about to stop: what is handled now is noted, and nothing more is handed out. */
  async #quiet(): Promise<void> {
    const all = [...this.#partitions.values()].map(({ deliveries }) => deliveries);
    for (const deliveries of all) deliveries.pause();
    // Control waits for a while only, and a handler may take longer.
    await this.#commitOffsets();
    await Promise.all(all.map((deliveries) => deliveries.settled()));
    await this.#commitOffsets();
  }

  /** Notes in the store how far all subscriptions are, one note after the other. */
  #commitOffsets(): Promise<void> {
    return this.#commits = this.#commits.then(() => this.#commitNow());
  }

  async #commitNow(): Promise<void> {
    this.#isCommitting = true;
    await this.#noteOffsets();
    this.#isCommitting = false;
  }

  async #noteOffsets(): Promise<void> {
    const partitions = [...this.#partitions.values()].filter(({ isLeading }) => isLeading);
    const commits = partitions.map((partition) => partition.deliveries.takeCommits());
    if (commits.every(({ length }) => length === 0)) return;
    try {
      const isDone = await this.#control.commit(commits.flat());
      if (!isDone) return;
      for (const [i, { deliveries }] of partitions.entries()) {
        deliveries.onCommitted(commits[i] ?? []);
      }
    } catch (error) {
      this.#host.log.debug("How far subscriptions are could not be noted", {
        reason: toAetherError(error).message,
      });
    }
  }
}

function idOf(topic: string, number: number): string {
  return `${topic}/${number}`;
}
