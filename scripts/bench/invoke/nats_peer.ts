/**
 * One side of NATS request-reply for the benchmark of calls, in a process of its own.
 *
 * `responder PORT` echoes and prints "ready"; `caller PORT` reads runs as JSON lines from standard
 * input and answers each with one. Both parse and write JSON as slices do.
 *
 * @module
 */
import { connect } from "@nats-io/transport-node";
import { closedLoop } from "./loop.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const subject = "bench.echo";

async function respond(port: number): Promise<void> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  connection.subscribe(subject, {
    callback: (_error, message) => {
      const { data } = JSON.parse(decoder.decode(message.data));
      message.respond(encoder.encode(JSON.stringify({ data })));
    },
  });
  await connection.flush();
  console.log("ready");
  await connection.closed();
}

async function call(port: number): Promise<void> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  console.log("ready");
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const { bytes, inFlight, durationMs } = JSON.parse(text);
    const data = "x".repeat(bytes);
    const request = async () => {
      const input = encoder.encode(JSON.stringify({ data }));
      const answer = await connection.request(subject, input, { timeout: 30_000 });
      return JSON.parse(decoder.decode(answer.data));
    };
    console.log(JSON.stringify(await closedLoop(request, inFlight, durationMs)));
  }
  await connection.close();
}

const [role, port] = Deno.args;
await (role === "responder" ? respond : call)(Number(port));
