/**
 * A publisher and a consumer of a JetStream with three replicas in files, in a process of its own.
 *
 * `PORT` is that of one of the servers. It makes the stream and a consumer with explicit
 * acknowledgement, prints "ready", reads runs as JSON lines and answers each with one.
 *
 * @module
 */
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { closedLoop } from "../invoke/loop.ts";
import { Latencies, preciseMs } from "./latencies.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function ask(connection: NatsConnection, subject: string, body: object): Promise<void> {
  for (let attempt = 0;; attempt++) {
    const answer = await connection.request(subject, encoder.encode(JSON.stringify(body)), {
      timeout: 10_000,
    }).then(({ data }) => JSON.parse(decoder.decode(data)), (error) => ({ error: String(error) }));
    if (answer.error === undefined) return;
    if (attempt >= 100) throw new Error(`${subject}: ${JSON.stringify(answer.error)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function main(port: number): Promise<void> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  await ask(connection, "$JS.API.STREAM.CREATE.BENCH", {
    name: "BENCH",
    subjects: ["bench.ticks"],
    storage: "file",
    num_replicas: 3,
    retention: "limits",
  });
  const latencies = new Latencies();
  connection.subscribe("bench.deliver", {
    callback: (_error, message) => {
      const { sentAtMs } = JSON.parse(decoder.decode(message.data));
      latencies.note(sentAtMs);
      message.respond(encoder.encode("+ACK"));
    },
  });
  await ask(connection, "$JS.API.CONSUMER.DURABLE.CREATE.BENCH.bench", {
    stream_name: "BENCH",
    config: {
      durable_name: "bench",
      deliver_subject: "bench.deliver",
      ack_policy: "explicit",
      deliver_policy: "new",
      max_ack_pending: 1_000,
    },
  });
  console.log("ready");
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const { bytes, inFlight, durationMs } = JSON.parse(text);
    const data = "x".repeat(bytes);
    const publish = async () => {
      const body = encoder.encode(JSON.stringify({ sentAtMs: preciseMs(), data }));
      const { data: answer } = await connection.request("bench.ticks", body, { timeout: 30_000 });
      const { error } = JSON.parse(decoder.decode(answer));
      if (error !== undefined) throw new Error(JSON.stringify(error));
    };
    latencies.take();
    const published = await closedLoop(publish, inFlight, durationMs);
    await new Promise((resolve) => setTimeout(resolve, 500));
    console.log(JSON.stringify({ published, noted: latencies.take() }));
  }
  await connection.close();
}

await main(Number(Deno.args[0]));
