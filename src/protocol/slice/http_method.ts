/**
 * HTTP methods that a slice's method can be served under.
 *
 * @module
 */

/** The methods, in the order in which documents list them. */
export const httpMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;
/** One of {@link httpMethods}. */
export type HttpMethod = typeof httpMethods[number];
