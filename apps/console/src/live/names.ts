/** Orders names as people count: `node-9` before `node-10`. */
export const compareNames: (a: string, b: string) => number = new Intl.Collator("en", {
  numeric: true,
}).compare;
