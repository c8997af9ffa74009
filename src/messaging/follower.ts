/**
 * What a replica does when the leader of its partition asks.
 *
 * @module
 */
import type { PartitionLog } from "./log.ts";
import type { ReplicaReply, ReplicaRequest } from "../protocol/messaging/replica_codec.ts";
import { batchBytesMax } from "./log.ts";

/**
 * Does what the leader asks; the answer may be sent once the log has what it holds durable, as far
 * as the topic asks for that.
 */
export function followLeader(log: PartitionLog, request: ReplicaRequest): ReplicaReply {
  if (request.epoch < log.promised) return { kind: "stale", epoch: log.promised };
  if (request.epoch > log.promised) log.promise(request.epoch);
  switch (request.kind) {
    case "recover":
      return stateOf(log);
    case "fetch":
      return fetch(log, request);
    case "append":
      return append(log, request);
  }
}

/** What a replica has, for a leader that takes over. */
export function stateOf(log: PartitionLog): Extract<ReplicaReply, { kind: "state" }> {
  const { isBlank, end } = log;
  return { kind: "state", isBlank, end, lastEpoch: log.epochAt(end - 1) };
}

function fetch(
  log: PartitionLog,
  { from, formerEpoch }: Extract<ReplicaRequest, { kind: "fetch" }>,
): ReplicaReply {
  const { first } = log;
  // What was dropped had been handled everywhere, so nobody needs it.
  if (from < first) return { kind: "entries", first, entries: log.read(first, batchBytesMax) };
  if (!fits(log, from, formerEpoch)) return mismatch(log, from);
  return { kind: "entries", first, entries: log.read(from, batchBytesMax) };
}

function append(
  log: PartitionLog,
  request: Extract<ReplicaRequest, { kind: "append" }>,
): ReplicaReply {
  const { from, formerEpoch, entries, commit, first } = request;
  if (!fits(log, from, formerEpoch)) {
    // The leader keeps nothing older: what is here and different is of no use.
    if (from > first) return mismatch(log, from);
    log.reset(from);
  }
  const fresh = entries.findIndex(({ offset, epoch }) =>
    offset >= log.first && (offset >= log.end || log.epochAt(offset) !== epoch)
  );
  if (fresh >= 0) {
    const added = entries.slice(fresh);
    const [next] = added;
    if (next !== undefined && next.offset < log.end) log.truncate(next.offset);
    log.append(added);
  }
  const end = from + entries.length;
  if (log.isBlank && end >= commit) log.fill();
  if (first > log.first) log.dropBefore(Math.min(first, end));
  return { kind: "kept", end };
}

/** Whether the entry before an offset is the leader's. */
function fits(log: PartitionLog, from: number, formerEpoch: number): boolean {
  if (from > log.end) return false;
  return from <= log.first || log.epochAt(from - 1) === formerEpoch;
}

/** Goes back a run of epochs at a time: entry by entry would take too long. */
function mismatch(log: PartitionLog, from: number): ReplicaReply {
  if (from > log.end) return { kind: "mismatch", end: log.end };
  return { kind: "mismatch", end: Math.max(log.first, log.epochStart(from - 1)) };
}
