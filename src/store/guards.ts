/**
 * Keys whose values may only change in certain ways, whoever writes them: states of instances and
 * of nodes.
 *
 * The store asks before it executes a command. A guard reads nothing but the two values, so every
 * node answers the same.
 *
 * @module
 */
import { judge, type Verdict } from "../protocol/instance_state.ts";
import { keys, type KeyType } from "../protocol/keys.ts";
import { judgeLifecycle } from "../protocol/node_lifecycle.ts";
import type { PutOperation } from "../protocol/store/command.ts";

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
