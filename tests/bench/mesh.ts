import { p50Us, p99Us } from "./support/asking.ts";
import { benchOf } from "./support/bench-of.ts";
import { openEcho } from "./support/echo.ts";
import { type Figure, figureOf } from "./support/figures.ts";
import { pairsOf, takeTurns } from "./support/turns.ts";

const roundMs = 500;
const name = "bare ws + msgpackr";

export const bench = benchOf({
  title: "remote asks per second over the mesh, as a share of bare ws + msgpackr in the same run",
  async figures({ rounds = 7, progress }) {
    const [bare, mesh] = [await openEcho("bare"), await openEcho("mesh")];
    const figures: Figure[] = [];
    for (const inFlight of [1, 64, 256]) {
      const turns = await takeTurns(
        rounds,
        { mesh: () => mesh.run(inFlight, roundMs), bare: () => bare.run(inFlight, roundMs) },
        (line) => progress(`${inFlight} in flight, ${line}`),
      );
      const figure = (
        what: string,
        measure: typeof p50Us,
        judged: Pick<Figure, "better" | "isUnsteady">,
      ): Figure =>
        figureOf(
          `${what}, ${inFlight} in flight`,
          name,
          pairsOf(turns.mesh, turns.bare, measure),
          judged,
        );
      figures.push(
        // With one in flight a single pause weighs much: its p50 says the same, and steadier.
        figure("asks/s", ({ perSecond }) => perSecond, { isUnsteady: inFlight === 1 }),
        figure("p50 us", p50Us, { better: "less" }),
        figure("p99 us", p99Us, { better: "less", isUnsteady: true }),
      );
    }
    bare.close();
    mesh.close();
    return figures;
  },
});
