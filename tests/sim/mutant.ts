/**
 * Loaded before anything else (`node --import`), in each thread: plants the mistake that `MUTANT` names, so that
 * a run shows whether the simulation notices.
 */
import { plant } from "../support/plant.ts";
import { mutants } from "./mutants.ts";

const mutant = mutants.find(({ name }) => name === process.env["MUTANT"]);
if (mutant === undefined) throw new Error(`There is no mutant "${process.env["MUTANT"]}".`);
plant(mutant.edits);
