import { ResourcePort } from "./port.ts";

/** A resources port whose requests are answered by this; undefined gives no answer. */
export async function withPort(
  answer: (request: Record<string, unknown>) => unknown,
  run: (port: ResourcePort, requests: Record<string, unknown>[]) => Promise<void>,
): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const requests: Record<string, unknown>[] = [];
  port1.onmessage = ({ data }) => {
    requests.push(data);
    const reply = answer(data);
    if (reply !== undefined) port1.postMessage({ id: data.id, ...reply });
  };
  const port = new ResourcePort(port2);
  try {
    await run(port, requests);
  } finally {
    port.close();
    port1.close();
  }
}
