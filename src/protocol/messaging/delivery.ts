/**
 * A message as its handler gets it: JSON that `deliverySchema` of the SDK reads.
 *
 * @module
 */

/** What is told of a message beside its value. */
export interface DeliveredMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key?: string | undefined;
  readonly publishedAtMs: number;
  /** From 1. */
  readonly attempt: number;
}

/** The input of a handler; the value is JSON already. */
export function deliveryInput(message: DeliveredMessage, value: string): string {
  const { topic, partition, offset, key, publishedAtMs, attempt } = message;
  const head = JSON.stringify({ topic, partition, offset, key, publishedAtMs, attempt });
  return `${head.slice(0, -1)},"value":${value}}`;
}
