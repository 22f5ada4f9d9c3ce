import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { onFreePort } from "./port.ts";

const host = "127.0.0.1";
const taken: Server[] = [];
afterEach(() => {
  for (const server of taken.splice(0)) server.close();
});

async function take(port: number): Promise<void> {
  const server = createServer().listen({ host, port });
  taken.push(server);
  await once(server, "listening");
}

describe("any free port", () => {
  test("is another one when the first was taken between the look and the use", async () => {
    const told: number[] = [];
    const used = await onFreePort(host, async (port) => {
      told.push(port);
      if (told.length > 1) return port;
      await take(port);
      throw new Error(`could not bind IPv4 address "${host}": Address already in use`);
    });
    expect(used).toBe(told[1]);
    expect(told[1]).not.toBe(told[0]);
  });

  test("is looked for five times and then given up, with the last words of who used it", async () => {
    let times = 0;
    const never = onFreePort(host, async (port) => {
      throw new Error(`${++times}: Address already in use (${port})`);
    });
    await expect(never).rejects.toThrow(/^5: Address already in use/);
  });

  test("is not looked for again where something else is in the way", async () => {
    let times = 0;
    const fails = onFreePort(host, async () => {
      times++;
      throw new Error("no space left on device");
    });
    await expect(fails).rejects.toThrow("no space left on device");
    expect(times).toBe(1);
  });
});
