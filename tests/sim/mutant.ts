/**
 * Loaded before anything else (`node --import`), in each thread: changes places of the source as they are
 * loaded, so that a run shows whether the simulation notices. `MUTANT` names the mistake.
 */
import { registerHooks } from "node:module";
import { mutants } from "./mutants.ts";

const mutant = mutants.find(({ name }) => name === process.env["MUTANT"]);
if (mutant === undefined) throw new Error(`There is no mutant "${process.env["MUTANT"]}".`);
const { edits } = mutant;

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    const here = edits.filter(({ file }) => url.endsWith(`/packages/sharding/src/${file}`));
    if (here.length === 0) return loaded;
    const source = here.reduce((before, { file, from, to }) => {
      if (before.split(from).length !== 2) {
        throw new Error(`${file} does not have this once, so nothing would be planted: ${from}`);
      }
      return before.replace(from, to);
    }, String(loaded.source));
    return { ...loaded, source };
  },
});
