/**
 * WebSockets of clients: checks the upgrade, then carries messages between client and instance.
 *
 * Back-pressure: what a client does not read stops the instance; a client that sends faster than
 * the instance reads is closed, because a WebSocket cannot be told to wait.
 *
 * @module
 */
import { pause } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { systemClock } from "../../io/clock.ts";
import type { Message } from "../../io/flow.ts";
import type { OpenSocket } from "../call.ts";

/** Bytes that wait for a client before its instance is stopped. */
const bufferedBytesMax = 256 * 1024;
/** Messages of a client that wait for the instance. */
const waitingMax = 1_000;
const waitingBytesMax = 1024 * 1024;
const pollMs = 10;
const clock = systemClock();
/** A client that does not answer pings for this long has gone, in seconds. */
const pingTimeoutSeconds = 30;

/** Limits of sockets. */
export interface SocketLimits {
  /** Longest time in which a client reads nothing of what waits for it, in milliseconds. */
  readonly writeTimeoutMs: number;
}

/**
 * Checks that a request for a socket's route is one.
 *
 * @param isAllowed whether pages of an origin may connect
 * @throws {AetherError} UPGRADE_REQUIRED or ORIGIN_REFUSED.
 */
export function checkUpgrade(request: Request, isAllowed: (origin: string) => boolean): void {
  const { headers } = request;
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    throw new AetherError("UPGRADE_REQUIRED", "This route is a WebSocket");
  }
  const origin = headers.get("origin");
  if (origin === null || isAllowed(origin) || hostOf(origin) === headers.get("host")) return;
  // Browsers let any page connect, with the cookies of the user.
  throw new AetherError("ORIGIN_REFUSED", `Pages of ${origin} may not connect here`);
}

/** Upgrades the request and carries messages until one side has gone; `closed` resolves then. */
export function openSocket(
  request: Request,
  open: OpenSocket,
  limits: SocketLimits,
): { readonly response: Response; readonly closed: Promise<void> } {
  const closed = Promise.withResolvers<void>();
  const gone = new AbortController();
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: pingTimeoutSeconds });
  socket.binaryType = "arraybuffer";
  let waitingBytes = 0;
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    const message: Message = typeof data === "string" ? data : new Uint8Array(data);
    waitingBytes += message.length;
    if (waitingBytes > waitingBytesMax || open.sender.waiting >= waitingMax) {
      socket.close(sendable(1008), "Messages come faster than they are read");
      open.close({ code: 1008, reason: "Messages came faster than they were read" });
      return;
    }
    open.sender.send(message).finally(() => waitingBytes -= message.length);
  };
  socket.onclose = ({ code, reason }) => {
    open.close({ code, reason });
    gone.abort();
    closed.resolve();
  };
  // A close event follows.
  socket.onerror = () => {};
  socket.onopen = () => {
    deliver(socket, open, limits, gone.signal).catch(() => {
      if (socket.readyState === WebSocket.OPEN) socket.close(sendable(1011), "The service failed");
    });
  };
  return { response, closed: closed.promise };
}

async function deliver(
  socket: WebSocket,
  open: OpenSocket,
  { writeTimeoutMs }: SocketLimits,
  gone: AbortSignal,
): Promise<void> {
  for await (const message of open.messages) {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(typeof message === "string" ? message : message as Uint8Array<ArrayBuffer>);
    if (socket.bufferedAmount <= bufferedBytesMax) continue;
    if (await hasRoom(socket, writeTimeoutMs, gone)) continue;
    open.close({ code: 1008, reason: "The client does not read" });
    socket.close(sendable(1008), "Messages are not read");
    return;
  }
  const { code, reason } = open.ended() ?? { code: 1011, reason: "" };
  if (socket.readyState === WebSocket.OPEN) socket.close(sendable(code), reason);
}

/** Waits until a client has read some of what waits for it. */
async function hasRoom(
  socket: WebSocket,
  timeoutMs: number,
  gone: AbortSignal,
): Promise<boolean> {
  let least = socket.bufferedAmount;
  let readAt = performance.now();
  while (socket.readyState === WebSocket.OPEN && socket.bufferedAmount > bufferedBytesMax) {
    if (socket.bufferedAmount < least) {
      least = socket.bufferedAmount;
      readAt = performance.now();
    } else if (performance.now() - readAt > timeoutMs) return false;
    await pause(clock, pollMs, gone);
  }
  return true;
}

/**
 * Deno sends 1000 and 3000 to 4999 only; what the standard has below 1015 is sent as 4000 plus its
 * last two digits, such as 4001 for 1001, going away.
 */
function sendable(code: number): number {
  if (code > 1000 && code < 1015) return code + 3000;
  return code >= 3000 && code <= 4999 ? code : 1000;
}

function hostOf(origin: string): string | undefined {
  return URL.parse(origin)?.host;
}
