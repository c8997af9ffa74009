import { MemoryStorage } from "../../src/base/storage.ts";
import { FileStorage } from "../../src/io/file_storage.ts";
import { testStorage } from "./storage_suite.ts";

testStorage("MemoryStorage", async (test) => {
  const storage = new MemoryStorage();
  await test(storage);
  await storage.close();
});

testStorage("FileStorage", async (test) => {
  const directory = await Deno.makeTempDir();
  const storage = await FileStorage.open(directory);
  try {
    await test(storage);
  } finally {
    await storage.close();
    await Deno.remove(directory, { recursive: true });
  }
});
