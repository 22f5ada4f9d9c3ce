/** Loaded before a node (`node --import`): plants the mistake that `LEASEHOLD_TEST_PLANT` names. */
import { plant } from "../../support/plant.ts";
import { planted } from "./mistakes.ts";

const name = process.env["LEASEHOLD_TEST_PLANT"] ?? "";
if (!Object.hasOwn(planted, name)) throw new Error(`There is no mistake "${name}".`);
plant(planted[name as keyof typeof planted]);
