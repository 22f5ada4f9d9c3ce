import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Bench, quantile, type Row } from "./support/bench.ts";
import { type LinkName, links } from "./support/echo-links.ts";

const program = fileURLToPath(new URL("./support/echo-server.ts", import.meta.url));
const roundMs = 500;
const note = "x".repeat(24);

interface Echo {
  /** Keeps `inFlight` calls under way for a while. */
  run(inFlight: number, ms: number): Promise<{ perSecond: number; latenciesUs: number[] }>;
  close(): void;
}

/** One process asks, the other answers. */
async function openEcho(name: LinkName): Promise<Echo> {
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
  const ask = (entity: string): Promise<void> =>
    new Promise((resolve) => {
      const id = ++lastId;
      pending.set(id, resolve);
      client.send([1, id, "counter", entity, "add", { amount: 1, note }]);
    });
  return {
    async run(inFlight, ms) {
      const latenciesUs: number[] = [];
      const startMs = performance.now();
      const caller = async (index: number): Promise<void> => {
        for (let turn = index; performance.now() < startMs + ms; turn++) {
          const sentMs = performance.now();
          await ask(`user-${turn % 1_000}`);
          latenciesUs.push((performance.now() - sentMs) * 1_000);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, (_, index) => caller(index)));
      return {
        perSecond: (latenciesUs.length / (performance.now() - startMs)) * 1_000,
        latenciesUs,
      };
    },
    close() {
      client.close();
      child.disconnect();
    },
  };
}

/** The best rounds of a machine that others use, too: noise only ever takes away. */
const best = (values: readonly number[]): number => quantile(values, 1 - 1 / values.length);

export const bench: Bench = {
  title: "remote asks per second over the mesh, as a share of bare ws + msgpackr in the same run",
  async run({ rounds = 7, progress }) {
    const [bare, mesh] = [await openEcho("bare"), await openEcho("mesh")];
    for (const echo of [bare, mesh]) await echo.run(64, roundMs);
    const rows: Row[] = [];
    for (const inFlight of [1, 64, 256]) {
      const found = {
        bare: [] as number[],
        mesh: [] as number[],
        p50Us: [] as number[],
        p99Us: [] as number[],
      };
      for (let round = 1; round <= rounds; round++) {
        found.bare.push((await bare.run(inFlight, roundMs)).perSecond);
        const { perSecond, latenciesUs } = await mesh.run(inFlight, roundMs);
        found.mesh.push(perSecond);
        found.p50Us.push(quantile(latenciesUs, 0.5));
        found.p99Us.push(quantile(latenciesUs, 0.99));
        progress(
          `${inFlight} in flight, round ${round}/${rounds}: mesh/bare ${(perSecond / (found.bare.at(-1) ?? 1)).toFixed(2)}`,
        );
      }
      rows.push({
        "in flight": inFlight,
        "bare/s": Math.round(best(found.bare)),
        "mesh/s": Math.round(best(found.mesh)),
        ratio: Number((best(found.mesh) / best(found.bare)).toFixed(3)),
        "median ratio": Number((quantile(found.mesh, 0.5) / quantile(found.bare, 0.5)).toFixed(3)),
        "mesh p50 us": Math.round(quantile(found.p50Us, 0.5)),
        "mesh p99 us": Math.round(quantile(found.p99Us, 0.5)),
      });
    }
    bare.close();
    mesh.close();
    return rows;
  },
};
