/**
 * What an API handler is: a function from a validated request to an answer.
 *
 * @module
 */
import type { Row, RowRequest, RowResponse } from "../protocol/api/row.ts";
import type { ApiTable } from "../protocol/api/table.ts";
import type { Control } from "../node/control/control.ts";
import type { Principal } from "./access.ts";
import type { EventStreams } from "./events.ts";
import type { Watches } from "./watches.ts";

/** Surroundings of a request. */
export interface HandlerContext {
  readonly control: Control;
  readonly principal: Principal;
  readonly watches: Watches;
  readonly eventStreams: EventStreams;
}

/** An answer; the status is the row's unless given. */
export interface Reply<R extends Row> {
  readonly body: RowResponse<R>;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** For raw answers: opens what is sent instead of the bytes of `body`. */
  readonly open?: () => Promise<ReadableStream<Uint8Array>>;
}

/** Answers the requests of one row. */
export type Handler<R extends Row> = (
  request: RowRequest<R>,
  context: HandlerContext,
) => Reply<R> | Promise<Reply<R>>;

/** Handlers of some rows of the table. */
export type Handlers<Names extends keyof ApiTable> = {
  readonly [Name in Names]: Handler<ApiTable[Name]>;
};
