import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { keepAsking, type Measured } from "./asking.ts";
import { type LinkName, links } from "./echo-links.ts";

const program = fileURLToPath(new URL("./echo-server.ts", import.meta.url));

/** What is asked: about 100 bytes of 1,000 entities, unless a benchmark says otherwise. */
export interface Questions {
  /** @default 1000 */
  readonly entities?: number;
  /** How long the text beside the number is. @unit characters @default 24 */
  readonly noteLength?: number;
}

export const usual = { entities: 1_000, noteLength: 24 } as const satisfies Required<Questions>;

export interface Echo {
  /** Keeps `inFlight` calls under way for a while. */
  run(inFlight: number, ms: number, questions?: Questions): Promise<Measured>;
  close(): void;
}

/** One process asks, the other answers. */
export async function openEcho(name: LinkName): Promise<Echo> {
  const child = fork(program, [name]);
  const [port] = (await once(child, "message")) as [number];
  const pending = new Map<number, () => void>();
  const client = await links[name].connect(port, (message) => {
    const [, id] = message as [number, number, number];
    const resolve = pending.get(id);
    pending.delete(id);
    resolve?.();
  });
  let lastId = 0;
  const ask = (entity: string, note: string): Promise<void> =>
    new Promise((resolve) => {
      const id = ++lastId;
      pending.set(id, resolve);
      client.send([1, id, "counter", entity, "add", { amount: 1, note }]);
    });
  return {
    run(inFlight, ms, { entities, noteLength } = usual) {
      const ids = idsOf(entities);
      const note = "x".repeat(noteLength ?? usual.noteLength);
      return keepAsking((turn) => ask(ids[turn % ids.length] as string, note), inFlight, ms);
    },
    close() {
      client.close();
      child.disconnect();
    },
  };
}

export const idsOf = (entities: number = usual.entities): readonly string[] =>
  Array.from({ length: entities }, (_, index) => `user-${index}`);
