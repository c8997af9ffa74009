/**
 * The operations of a node that are under way: started here, ended with a result each.
 *
 * @module
 */
import { utf8Bytes } from "../../base/text/utf8_bytes.ts";
import { dhtLimits } from "../../protocol/dht/entry.ts";
import type { ReadOutcome, WriteOutcome } from "../../protocol/dht/message.ts";
import type { DhtFailure } from "../../protocol/dht/result.ts";
import { dhtScopes } from "../../protocol/dht/scope.ts";
import type { Core } from "../core.ts";
import type { DhtInput } from "../types.ts";
import type { PlacedView } from "../views.ts";
import { ChunkRead } from "./chunk_read.ts";
import { Read } from "./read.ts";
import { Write } from "./write.ts";

/** What starts an operation. */
export type OperationInput = Extract<DhtInput, { operationId: number }>;

/** Operations under way. */
export class Operations {
  readonly #core: Core;
  readonly #running = new Set<Read | Write>();
  readonly #byMessage = new Map<number, Read | Write>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** How many are under way. */
  get count(): number {
    return this.#running.size;
  }

  /** Starts one; it waits for a view if there is none. */
  begin(input: OperationInput, view: PlacedView | undefined): void {
    const failure = this.#objection(input);
    if (failure !== undefined) {
      const { operationId } = input;
      return this.#core.push({ type: "done", operationId, result: { type: "failed", failure } });
    }
    const operation = this.#make(input);
    this.#running.add(operation);
    if (view !== undefined) this.#follow(operation, () => operation.begin(view));
  }

  /** Another view is in force: everything begins again. */
  adopted(view: PlacedView): void {
    for (const operation of [...this.#running]) {
      this.#follow(operation, () => operation.begin(view));
    }
  }

  /** An owner has answered a write. */
  wrote(from: string, id: number, answer: { storage: string; outcome: WriteOutcome }): void {
    const operation = this.#byMessage.get(id);
    if (!(operation instanceof Write)) return;
    this.#follow(operation, () => operation.receive(from, answer.storage, answer.outcome));
  }

  /** An owner has answered a read. */
  told(from: string, id: number, answer: { storage: string; outcome: ReadOutcome }): void {
    const operation = this.#byMessage.get(id);
    if (!(operation instanceof Read)) return;
    this.#follow(operation, () => operation.receive(from, answer.storage, answer.outcome));
  }

  /** Time has passed. */
  tick(): void {
    for (const operation of [...this.#running]) this.#follow(operation, () => operation.tick());
  }

  #make(input: OperationInput): Read | Write {
    if (input.type === "put") return new Write(this.#core, input, input);
    if (input.type === "remove") {
      return new Write(this.#core, input, { value: undefined, copies: "quorum" });
    }
    const isChunk = dhtScopes[input.scope].kind === "chunks";
    return isChunk ? new ChunkRead(this.#core, input) : new Read(this.#core, input);
  }

  /** Lets an operation go on, and looks what has become of it. */
  #follow(operation: Read | Write, step: () => void): void {
    const before = operation.messageId;
    step();
    const { messageId, result, start: { operationId } } = operation;
    if (messageId !== before || result !== undefined) this.#byMessage.delete(before);
    if (result === undefined) {
      if (messageId !== before) this.#byMessage.set(messageId, operation);
      return;
    }
    this.#running.delete(operation);
    this.#core.push({ type: "done", operationId, result });
  }

  #objection(input: OperationInput): DhtFailure | undefined {
    const { operationsMax, valueBytesMax, isChunk } = this.#core.options;
    if (this.#running.size >= operationsMax) return { reason: "busy", limit: operationsMax };
    const bytes = utf8Bytes(input.key);
    if (bytes < 1 || bytes > dhtLimits.keyBytes) {
      const detail = `The key has ${bytes} bytes; 1 to ${dhtLimits.keyBytes} are possible`;
      return { reason: "invalid", detail };
    }
    if (input.type !== "put") return undefined;
    if (input.value.length > valueBytesMax) {
      const detail = `The value has ${input.value.length} bytes; ${valueBytesMax} are possible`;
      return { reason: "invalid", detail };
    }
    if (dhtScopes[input.scope].kind !== "chunks" || isChunk(input.key, input.value)) {
      return undefined;
    }
    return { reason: "invalid", detail: `"${input.key}" is not the SHA-256 of the value` };
  }
}
