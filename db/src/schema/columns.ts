import { bigint } from "drizzle-orm/pg-core";

/** Terms, epochs and seqs grow one by one and stay far below 2^53. */
export const counter = (name: string) => bigint(name, { mode: "number" });
