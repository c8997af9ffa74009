import assert from "node:assert/strict";
import { listenError } from "./listen_error.ts";

Deno.test("listenError() names the port that is taken and the key that changes it", () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  try {
    Deno.listen({ hostname: "127.0.0.1", port });
    assert.fail("The port is free");
  } catch (cause) {
    const error = listenError(cause, "app", { host: "127.0.0.1", port });
    assert.equal(error.name, "PORT_TAKEN");
    assert.equal(error.message, `The app port 127.0.0.1:${port} is taken by another program`);
    assert.match(error.hint, /set app.port/);
    assert.equal(error.cause, cause);
  } finally {
    taken.close();
  }
});

Deno.test("listenError() tells any other reason", () => {
  const address = { host: "192.0.2.1", port: 80 };
  for (const thrown of [new Deno.errors.AddrNotAvailable("Not ours"), "Not ours"]) {
    const error = listenError(thrown, "management", address);
    assert.equal(error.name, "CONFIG_INVALID");
    assert.equal(error.message, "The management port 192.0.2.1:80 cannot be opened: Not ours");
    assert.match(error.hint, /management.host and management.port/);
  }
});
