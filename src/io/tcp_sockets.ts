/**
 * What the kernel knows of this process's TCP connections, and closing one of them.
 *
 * Deno.serve gives no hold on a connection: no time limit, no way to close it, and a header
 * `connection: close` is sent but not followed. So the gateway asks Linux, through three functions
 * of libc, about the sockets that Deno has opened. Nothing is read or written; where this is not
 * possible there is no {@link TcpSockets} and no guard.
 *
 * @module
 */

/** One connection to a port of this process. */
export interface TcpConnection {
  readonly fd: number;
  /** Address of the other end, `host:port`; IPv6 in its canonical form. */
  readonly remote: string;
  /** Bytes that the other end has sent. */
  readonly receivedBytes: bigint;
  /** Bytes that the other end has acknowledged. */
  readonly ackedBytes: bigint;
  /** Whether some of what was sent is not acknowledged. */
  readonly isSending: boolean;
}

/** The connections of this process. */
export interface TcpSockets {
  /** Established connections that came in on a port. */
  incoming(port: number): TcpConnection[];
  /** Ends a connection both ways at once; answers whether it was still the same one. */
  close(connection: TcpConnection): boolean;
  /** Lets the kernel find out, within a minute or so, when the other end has vanished. */
  watch(connection: TcpConnection, unacknowledgedMs: number): void;
  [Symbol.dispose](): void;
}

const af = { inet: 2, inet6: 10 } as const;
const tcp = 6;
const tcpInfo = 11;
const solSocket = 1;
const option = { keepAlive: 9, idle: 4, interval: 5, count: 6, userTimeout: 18 } as const;
/** Places in struct tcp_info, which only ever grows at its end. */
const info = { unacked: 24, acked: 120, received: 128, notSent: 144, bytes: 148 } as const;
const established = 1;
const bothWays = 2;
const keepAliveSeconds = { idle: 30, interval: 10 } as const;
const keepAliveProbes = 3;

const symbols = {
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
} as const;

/** The connections of this process; undefined where the system does not show them. */
export function tcpSockets(): TcpSockets | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return new LinuxSockets(Deno.dlopen("libc.so.6", symbols));
  } catch {
    // Another libc, or no permission for native libraries.
    return undefined;
  }
}

class LinuxSockets implements TcpSockets {
  readonly #libc: Deno.DynamicLibrary<typeof symbols>;
  readonly #address = new Uint8Array(28);
  readonly #info = new Uint8Array(256);
  readonly #view = new DataView(this.#info.buffer);
  readonly #length = new Uint32Array(1);

  constructor(libc: Deno.DynamicLibrary<typeof symbols>) {
    this.#libc = libc;
  }

  incoming(port: number): TcpConnection[] {
    const found: TcpConnection[] = [];
    for (const { name } of Deno.readDirSync("/proc/self/fd")) {
      const connection = this.#read(Number(name), port);
      if (connection !== undefined) found.push(connection);
    }
    return found;
  }

  close({ fd, remote }: TcpConnection): boolean {
    // The number may belong to another file by now.
    if (this.#remoteOf(fd) !== remote) return false;
    return this.#libc.symbols.shutdown(fd, bothWays) === 0;
  }

  watch({ fd }: TcpConnection, unacknowledgedMs: number): void {
    this.#set(fd, solSocket, option.keepAlive, 1);
    this.#set(fd, tcp, option.idle, keepAliveSeconds.idle);
    this.#set(fd, tcp, option.interval, keepAliveSeconds.interval);
    this.#set(fd, tcp, option.count, keepAliveProbes);
    this.#set(fd, tcp, option.userTimeout, unacknowledgedMs);
  }

  [Symbol.dispose](): void {
    this.#libc.close();
  }

  #read(fd: number, port: number): TcpConnection | undefined {
    const { getsockname, getsockopt } = this.#libc.symbols;
    this.#length[0] = this.#address.length;
    if (getsockname(fd, this.#address, this.#length) !== 0) return undefined;
    const [family = 0] = this.#address;
    if ((family !== af.inet && family !== af.inet6) || portOf(this.#address) !== port) {
      return undefined;
    }
    const remote = this.#remoteOf(fd);
    if (remote === undefined) return undefined;
    this.#length[0] = this.#info.length;
    if (getsockopt(fd, tcp, tcpInfo, this.#info, this.#length) !== 0) return undefined;
    // Kernels older than 4.6 know less.
    if ((this.#length[0] ?? 0) < info.bytes || this.#info[0] !== established) return undefined;
    return {
      fd,
      remote,
      receivedBytes: this.#view.getBigUint64(info.received, true),
      ackedBytes: this.#view.getBigUint64(info.acked, true),
      isSending: this.#view.getUint32(info.unacked, true) > 0 ||
        this.#view.getUint32(info.notSent, true) > 0,
    };
  }

  #remoteOf(fd: number): string | undefined {
    this.#length[0] = this.#address.length;
    const failed = this.#libc.symbols.getpeername(fd, this.#address, this.#length) !== 0;
    return failed ? undefined : remoteText(this.#address);
  }

  #set(fd: number, level: number, name: number, value: number): void {
    this.#libc.symbols.setsockopt(fd, level, name, new Uint32Array([value]), 4);
  }
}

function portOf(address: Uint8Array): number {
  return (address[2] ?? 0) * 256 + (address[3] ?? 0);
}

function remoteText(address: Uint8Array): string {
  if (address[0] === af.inet) return `${address.slice(4, 8).join(".")}:${portOf(address)}`;
  const words = Array.from({ length: 8 }, (_, index) => {
    const at = 8 + 2 * index;
    return ((address[at] ?? 0) * 256 + (address[at + 1] ?? 0)).toString(16);
  });
  return remoteOf(words.join(":"), portOf(address));
}

/** Address and port in the form of {@link TcpConnection.remote}. */
export function remoteOf(hostname: string, port: number): string {
  if (!hostname.includes(":")) return `${hostname}:${port}`;
  return `${URL.parse(`http://[${hostname}]`)?.hostname ?? hostname}:${port}`;
}
