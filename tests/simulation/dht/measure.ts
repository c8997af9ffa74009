/**
 * What a member that joins or leaves moves, beside the least that it could.
 *
 * @module
 */
import { isSameMember, Placement } from "../../../src/dht/placement.ts";
import { partitionCount } from "../../../src/protocol/dht/scope.ts";

const replicas = 3;
const clusters = 40;

/** One line per number of members: mean and worst of so many clusters with other names. */
export function measurePlacement(): string[] {
  return [3, 4, 5, 7, 9, 15].map((count) => {
    const factors = Array.from({ length: clusters }, (_, cluster) => move(count, `c${cluster}-`));
    const moved = factors.map((each) => each.moved);
    const mean = moved.reduce((sum, each) => sum + each, 0) / clusters;
    const share = Math.max(...factors.map((each) => each.share));
    return `${count} and ${count + 1} members: moved ${mean.toFixed(3)} of the ideal share, ` +
      `at most ${Math.max(...moved).toFixed(3)}; largest share ${share.toFixed(3)}`;
  });
}

/** Partitions that change hands between `count` members and one more, and the largest share. */
function move(count: number, prefix: string): { moved: number; share: number } {
  const members = Array.from({ length: count + 1 }, (_, i) => ({
    node: `${prefix}${i}`,
    storage: `s${i}`,
  }));
  const [before, after] = [new Placement(members.slice(0, count)), new Placement(members)];
  const shares = new Map<string, number>();
  let moved = 0;
  for (let partition = 0; partition < partitionCount; partition++) {
    const had = before.owners(partition, replicas);
    for (const owner of after.owners(partition, replicas)) {
      if (!had.some((other) => isSameMember(other, owner))) moved++;
      shares.set(owner.node, (shares.get(owner.node) ?? 0) + 1);
    }
  }
  const ideal = partitionCount * replicas / (count + 1);
  return { moved: moved / ideal, share: Math.max(...shares.values()) / ideal };
}
