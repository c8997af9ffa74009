/**
 * Errors of topics, subscriptions and dead letters: rows of the error catalogue.
 *
 * @module
 */
import { type ErrorInfo, row } from "./row.ts";

/** See `error_catalog.ts`. */
export const messagingErrors = {
  TOPIC_BUSY: row(
    "E5070",
    503,
    "The topic takes no more messages now",
    "Try again in a second; if it lasts, add instances of the slowest subscription",
  ),
  TOPIC_UNAVAILABLE: row(
    "E5071",
    503,
    "The partition's owners cannot take the message now",
    "Try again: another owner takes over. `aether topic status` shows the owners",
  ),
  TOPIC_NOT_FOUND: row(
    "E5072",
    404,
    "No deployed slice declares the topic",
    "`aether topic list` shows the topics there are",
  ),
  TOPIC_CONFLICT: row(
    "E4070",
    409,
    "Slices declare a topic differently",
    "Share one topic() value between publishers and subscribers",
  ),
  MESSAGE_TOO_LARGE: row(
    "E5073",
    413,
    "The message is too large",
    "Publish a reference to the data instead",
  ),
  PUBLISH_UNKNOWN: row(
    "E5074",
    504,
    "Whether the message was published is unknown",
    "Publish it again if handling it twice does no harm",
  ),
  DEAD_LETTER_NOT_FOUND: row(
    "E5075",
    404,
    "There is no such dead letter",
    "`aether deadletter list` shows those there are",
  ),
  DEAD_LETTER_REFUSED: row(
    "E5076",
    422,
    "The slice failed again",
    "Look at the cause and the slice's log; deploy a version that handles it",
  ),
  DEAD_LETTERS_FULL: row(
    "E5077",
    507,
    "There is no room for more dead letters",
    "Retry or purge some: `aether deadletter list`",
  ),
} as const satisfies Record<string, ErrorInfo>;
