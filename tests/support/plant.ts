import { registerHooks } from "node:module";

/** One place of the source, and what stands there instead. */
export interface Edit {
  /** Under packages/sharding/src. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Plants a mistake: from now on these places of the source are loaded changed, so that a run shows whether a test
 * notices. Only before anything else is loaded (`node --import`), in each thread.
 */
export function plant(edits: readonly Edit[]): void {
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
}
