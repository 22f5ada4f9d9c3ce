import { type LinkName, links } from "./echo-links.ts";

/** The other process of echo.ts: counts per entity and answers. Ends with its parent. */
const counters = new Map<string, number>();

const port = await links[process.argv[2] as LinkName].serve((message, answer) => {
  const [, id, , entity, , input] = message as [
    number,
    number,
    string,
    string,
    string,
    { amount: number },
  ];
  const value = (counters.get(entity) ?? 0) + input.amount;
  counters.set(entity, value);
  answer([1, id, value]);
});
process.on("disconnect", () => process.exit(0));
process.send?.(port);
