/**
 * Rules about writes that look at keys and values: which change of a state is legal, whoever writes
 * it, and what a full store still takes.
 *
 * The store asks before it executes a command. A guard reads nothing but the two values, so every
 * node answers the same.
 *
 * @module
 */
import { judge, type Verdict } from "../protocol/instance_state.ts";
import { keys, type KeyType, leaderKey } from "../protocol/keys.ts";
import { judgeLifecycle } from "../protocol/node_lifecycle.ts";
import type { Compare, KeyOperation, Operation, PutOperation } from "../protocol/store/command.ts";

const { assignment, instance, leader, member, cluster, roster } = keys;
/** The control loop must go on in a full store; what it writes is bounded by the instances. */
const unlimitedPrefixes = [assignment, instance, leader, member, cluster, roster]
  .map(({ prefix }) => prefix);
/** The leader ends here what users began; how much there is of it is limited when they begin. */
const unlimitedOfLeader = [keys.target, keys.blueprint, keys.revision, keys.rollout]
  .map(({ prefix }) => prefix);

/**
 * What a put does to the stored value of its key: "apply" it, nothing at all ("same", "late"), or
 * "illegal". A key without a guard takes everything; a delete is always legal.
 */
export function verdictOf(put: PutOperation, stored: Uint8Array | undefined): Verdict {
  const { key, value } = put;
  if (key.startsWith(keys.instance.prefix)) {
    return compared(keys.instance, key, stored, value, judge);
  }
  if (key.startsWith(keys.member.prefix)) {
    return compared(keys.member, key, stored, value, judgeLifecycle);
  }
  return "apply";
}

/** Whether a key has a guard. */
export function isGuarded(key: string): boolean {
  return key.startsWith(keys.instance.prefix) || key.startsWith(keys.member.prefix);
}

/**
 * Whether guarded keys may change like this, one write after the other.
 *
 * @param valueOf the stored value of a key
 */
export function areLegal(
  writes: readonly KeyOperation[],
  valueOf: (key: string) => Uint8Array | undefined,
): boolean {
  const staged = new Map<string, Uint8Array | undefined>();
  for (const write of writes) {
    const { key } = write;
    if (!isGuarded(key)) continue;
    if (write.type === "delete") {
      staged.set(key, undefined);
      continue;
    }
    const verdict = verdictOf(write, staged.has(key) ? staged.get(key) : valueOf(key));
    if (verdict === "illegal") return false;
    if (verdict === "apply") staged.set(key, write.value);
  }
  return true;
}

function compared<Value>(
  type: KeyType<Value>,
  key: string,
  stored: Uint8Array | undefined,
  written: Uint8Array,
  judgement: (stored: Value | undefined, written: Value) => Verdict,
): Verdict {
  const next = decoded(type, key, written);
  if (next === undefined) return "illegal";
  return judgement(stored === undefined ? undefined : decoded(type, key, stored), next);
}

/** A value that cannot be read, of another release perhaps, is as good as none. */
function decoded<Value>(type: KeyType<Value>, key: string, bytes: Uint8Array): Value | undefined {
  try {
    return type.decode(key, bytes);
  } catch {
    return undefined;
  }
}

/** A put without a lease, or a deletion. */
export function isPlainWrite(operation: Operation): operation is KeyOperation {
  return operation.type === "delete" || operation.type === "put" && operation.lease === undefined;
}

/** Whether commands with these conditions are the leader's: they hold in no other term than its. */
export function isOfLeader(conditions: readonly Compare[]): boolean {
  return conditions.some((each) => each.key === leaderKey && "revision" in each);
}

/**
 * Whether a full store refuses writes of the key.
 *
 * @param byLeader whether the leader writes, see {@link isOfLeader}
 */
export function isLimited(key: string, byLeader: boolean): boolean {
  const isIn = (prefix: string) => key.startsWith(prefix);
  return !unlimitedPrefixes.some(isIn) && !(byLeader && unlimitedOfLeader.some(isIn));
}
