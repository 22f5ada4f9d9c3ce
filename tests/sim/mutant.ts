/**
 * Loaded before anything else (`node --import`): changes one place of the source as it is loaded, so that
 * a run shows whether the simulation notices. `MUTANT` names it.
 */
import { registerHooks } from "node:module";
import { mutants } from "./mutants.ts";

const mutant = mutants.find(({ name }) => name === process.env["MUTANT"]);
if (mutant === undefined) throw new Error(`There is no mutant "${process.env["MUTANT"]}".`);
const { file, from, to } = mutant;

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith(`/packages/sharding/src/${file}`)) return loaded;
    const source = String(loaded.source);
    if (source.split(from).length !== 2) {
      throw new Error(`${file} does not have this once, so nothing would be planted: ${from}`);
    }
    return { ...loaded, source: source.replace(from, to) };
  },
});
