/**
 * The store's part of the error catalogue, 3xxx; see `error_catalog.ts`.
 *
 * @module
 */
import { type ErrorInfo, row } from "./row.ts";

/** Errors of the store, its leases, watches and backups. */
export const storeErrors = {
  KEY_NOT_FOUND: row("E3001", 404, "The key does not exist", "List keys to see what is there"),
  KEY_INVALID: row(
    "E3002",
    400,
    "The key is not valid",
    "Use 1 to 512 bytes of printable text without control characters",
  ),
  PRECONDITION_FAILED: row(
    "E3003",
    412,
    "The stored revision is not the expected one",
    "Read the key again, decide again, and retry with its new ETag",
  ),
  VALUE_TOO_LARGE: row(
    "E3004",
    413,
    "The value is too large",
    "Keep values within the named limit",
  ),
  STORE_FULL: row(
    "E3005",
    503,
    "The store has reached its size limit",
    "Delete keys, or raise store.maxBytes",
  ),
  NOT_PROPOSED: row(
    "E3006",
    503,
    "The write was certainly not done",
    "Retry later: nothing was changed",
  ),
  OUTCOME_UNKNOWN: row(
    "E3007",
    504,
    "The outcome of the write is unknown",
    "Read the key to see whether it was done before writing again",
  ),
  STORAGE_FAILED: row(
    "E3008",
    503,
    "The data directory failed",
    "Check the disk; the node stops rather than lose data",
  ),
  STORAGE_CORRUPT: row(
    "E3009",
    500,
    "The data directory is damaged",
    "Restore from a backup, or start with an empty directory to rejoin",
  ),
  STORAGE_FORMAT: row(
    "E3010",
    400,
    "The data directory has a format this version cannot read",
    "Use a version of aether that supports it",
  ),
  STORAGE_LOCKED: row(
    "E3011",
    409,
    "Another process uses the data directory",
    "Stop that process, or give this node a directory of its own with --data-dir",
  ),
  STORAGE_IDENTITY: row(
    "E3012",
    409,
    "The data directory belongs to another node",
    "Start with the node id that the directory has, or give another --data-dir",
  ),
  COMPACTED: row(
    "E3013",
    410,
    "The asked-for part of the history is gone",
    "List the keys again, then watch from the revision of that list",
  ),
  LEASE_NOT_FOUND: row(
    "E3014",
    404,
    "The lease does not exist, or its time is over",
    "Grant a new lease; the keys of the old one are gone",
  ),
  LOCK_HELD: row(
    "E3015",
    409,
    "Somebody else holds the lock",
    "Wait for it with --wait, or look at the holder with `aether lock list`",
  ),
  LOCK_LOST: row(
    "E3016",
    409,
    "The lock is not held with this token any more",
    "Stop what the lock protects, and acquire it again",
  ),
  IDEMPOTENCY_MISMATCH: row(
    "E3017",
    422,
    "The idempotency key was used for another request",
    "Use a new key for every new request, and the same key only to repeat it",
  ),
  LOCK_NOT_FOUND: row("E3018", 404, "Nobody holds the lock", "See `aether lock list`"),
  WATCHES_EXHAUSTED: row(
    "E3019",
    503,
    "The node serves as many watches as it may",
    "Close some, use another node, or raise management.maxWatches",
  ),
  BACKUP_NOT_FOUND: row(
    "E3020",
    404,
    "The backup does not exist",
    "See `aether backup list`",
  ),
  BACKUP_DAMAGED: row(
    "E3021",
    500,
    "The backup is damaged",
    "Use another backup, and check the disk or store that holds this one",
  ),
  BACKUP_FAILED: row(
    "E3022",
    503,
    "The backup target cannot be used",
    "Check the target of [backup], its permissions and its space",
  ),
  BACKUP_NOT_CONFIGURED: row(
    "E3023",
    409,
    "The node has no backup target",
    "Set backup.directory, or [backup.s3], in aether.toml",
  ),
} as const satisfies Record<string, ErrorInfo>;
