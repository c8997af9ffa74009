/**
 * The call for which code under test runs, so that calls inside it inherit its id and deadline.
 *
 * The twin of what the sandbox's shell does; only `test_cluster.ts` uses it. The one place in the
 * SDK that needs more than the language: it follows a call through `await`, and reads no clock.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { TestCall } from "./test_call.ts";

/** The call of the present code, if any. */
export const currentTestCall: AsyncLocalStorage<TestCall | undefined> = new AsyncLocalStorage();
