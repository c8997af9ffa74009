/**
 * Handlers of the rows about the DHT: the storage thread knows.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { dhtRows } from "../../protocol/api/data/dht.ts";
import {
  type DhtLocationView,
  type DhtRepair,
  type DhtStatusView,
  dhtTopics,
} from "../../protocol/storage/dht.ts";
import type { Handlers } from "../handler.ts";

/** See `protocol/api/data/dht.ts`. */
export const dhtHandlers: Handlers<keyof typeof dhtRows> = {
  dhtStatus: async (_request, { control }) => ({
    body: await control.storage.ask<DhtStatusView>(dhtTopics.status, null),
  }),
  dhtLocate: async ({ query }, { control }) => {
    if (query.key === "") {
      throw new AetherError("DHT_INVALID", "The key is empty: name one with key=");
    }
    const place = await control.storage.ask<DhtLocationView | undefined>(dhtTopics.locate, query);
    if (place !== undefined) return { body: place };
    throw new AetherError("DHT_NOT_READY", "The node does not know the members of the DHT yet");
  },
  dhtRepair: async (_request, { control }) => ({
    body: await control.storage.ask<DhtRepair>(dhtTopics.repair, null),
  }),
};
