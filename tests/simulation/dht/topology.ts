/**
 * The simulated replicated store: the view, who should be a member, and who has settled what.
 *
 * @module
 */
import { nextView } from "../../../src/dht/topology.ts";
import { isSameMember, Placement } from "../../../src/dht/placement.ts";
import { partitionCount } from "../../../src/protocol/dht/scope.ts";
import type { Member, View } from "../../../src/protocol/dht/view.ts";
import type { DhtNode } from "./node.ts";
import type { DhtWorld } from "./world.ts";

const decideMs = 100;
const ownersMax = 3;

/** The store. */
export class Topology {
  readonly #world: DhtWorld;
  readonly #settled = new Map<string, number>();
  readonly #lost = new Set<string>();
  /** Storages that nodes have told; what is not told is not wanted. */
  readonly #storages = new Map<string, string>();
  view: View | undefined;
  /** Views decided. */
  views = 0;

  constructor(world: DhtWorld) {
    this.#world = world;
  }

  /** Whether no transition is open, and none is due. */
  get isSettled(): boolean {
    return this.view !== undefined && this.view.next === undefined &&
      nextView(this.view, this.#facts()) === undefined;
  }

  /** A node says which storage it has. */
  announce(node: DhtNode): void {
    this.#storages.set(node.id, node.storageName);
  }

  /** A storage is gone for good, and its node is not wanted any more. */
  lose(node: DhtNode): void {
    this.#lost.add(node.storageName);
  }

  /** Whether a storage is gone for good. */
  isLost(storage: string): boolean {
    return this.#lost.has(storage);
  }

  /** A node has settled a transition. */
  settle(node: DhtNode, revision: number): void {
    this.#settled.set(node.id, Math.max(revision, this.#settled.get(node.id) ?? 0));
  }

  /** Decides now and then. */
  start(): void {
    this.decide();
    this.#world.queue.after(decideMs, () => this.start());
  }

  /** Decides, and tells all nodes sooner or later. */
  decide(): void {
    const next = nextView(this.view, this.#facts());
    if (next !== undefined) {
      this.#checkMovement(this.view, next);
      this.view = next;
      this.views++;
    }
    for (const node of this.#world.nodes) this.#tell(node, next !== undefined);
  }

  #facts() {
    const wanted = this.#world.nodes.filter(({ isLeaving }) => !isLeaving)
      .flatMap(({ id }) => {
        const storage = this.#storages.get(id);
        return storage === undefined ? [] : [{ node: id, storage }];
      });
    return { wanted, settled: this.#settled, lost: this.#lost };
  }

  #tell(node: DhtNode, isNew: boolean): void {
    const { queue, random, options: { viewMs }, network } = this.#world;
    const { view } = this;
    if (view === undefined || !node.isUp || !isNew && random.network.nextFloat() > 0.1) return;
    // Who is cut off hears nothing from the store either, but perhaps from a neighbour.
    if (!network.isOpen(-1, node.number)) return;
    queue.after(random.network.nextFloat() * viewMs, () => node.give({ type: "view", view }));
  }

  /** One member more or less moves no more than it must, and nobody holds much more than others. */
  #checkMovement(before: View | undefined, after: View): void {
    if (after.next !== undefined) return;
    const { members } = after;
    if (members.length > ownersMax) this.#checkBalance(members);
    const old = this.#before;
    this.#before = members;
    if (before === undefined || old === undefined || Math.min(old.length, members.length) < 3) {
      return;
    }
    const changed = [
      ...old.filter((each) => !members.some((other) => isSameMember(each, other))),
      ...members.filter((each) => !old.some((other) => isSameMember(each, other))),
    ];
    if (changed.length !== 1) return;
    const [from, to] = [new Placement(old), new Placement(members)];
    let moved = 0;
    for (let partition = 0; partition < partitionCount; partition++) {
      const had = from.owners(partition, ownersMax);
      moved += to.owners(partition, ownersMax)
        .filter((each) => !had.some((other) => isSameMember(each, other))).length;
    }
    const ideal = partitionCount * ownersMax / Math.max(old.length, members.length);
    const factor = moved / ideal;
    if (factor <= 1.3) return;
    this.#world.fail("movement", `${old.length} to ${members.length} members moved ${factor}`);
  }

  #before: readonly Member[] | undefined;

  #checkBalance(members: readonly Member[]): void {
    const placement = new Placement(members);
    const shares = new Map<string, number>();
    for (let partition = 0; partition < partitionCount; partition++) {
      for (const { node } of placement.owners(partition, ownersMax)) {
        shares.set(node, (shares.get(node) ?? 0) + 1);
      }
    }
    const factor = Math.max(...shares.values()) * members.length / partitionCount / ownersMax;
    if (factor > 1.35) this.#world.fail("balance", `A member holds ${factor} times its share`);
  }
}
