/**
 * The servers to which Aether is compared, as programs of their own: `peer_server.ts KIND PORT`.
 *
 * `bare` is what Deno can do at most: it looks at nothing and answers a constant. `hono` is what a
 * good service in one thread does: a router, zod for the input, an object written as JSON.
 *
 * @module
 */
import { zValidator } from "@hono/zod-validator";
import { Hono } from "hono";
import { z } from "zod";

const version = "1";

const constant = JSON.stringify({ text: "hello", version });

function bare(): Response {
  return new Response(constant, { headers: { "content-type": "application/json" } });
}

function hono(): (request: Request) => Response | Promise<Response> {
  const input = z.object({ text: z.string().max(10_000) });
  return new Hono()
    .get("/echo/:text", zValidator("param", input), (context) => {
      const { text } = context.req.valid("param");
      return context.json({ text, version });
    })
    .post("/echo", zValidator("json", input), (context) => {
      const { text } = context.req.valid("json");
      return context.json({ text, version });
    }).fetch;
}

const [kind, port] = Deno.args;
const handler = kind === "hono" ? hono() : bare;
Deno.serve({ hostname: "127.0.0.1", port: Number(port) }, (request) => handler(request));
// The benchmark holds the other end: its death is the end of this server.
for await (const chunk of Deno.stdin.readable) void chunk;
Deno.exit();
