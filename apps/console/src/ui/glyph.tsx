import clsx from "clsx";
import { type GlyphName, type GlyphPath, glyphPaths } from "./glyph-paths.ts";
import { markClass, type Tone } from "./tone.ts";

/** A state's shape. Decorative: the word beside it is what is read. */
export function Glyph(props: {
  readonly name: GlyphName;
  readonly tone?: Tone | undefined;
  readonly className?: string | undefined;
}) {
  const paths: readonly GlyphPath[] = glyphPaths[props.name];
  return (
    <svg
      viewBox="0 0 12 12"
      aria-hidden="true"
      className={clsx(
        "inline-block size-3 flex-none overflow-visible",
        props.tone && markClass[props.tone],
        props.className,
      )}
    >
      {paths.map(([kind, d]) =>
        kind === "fill" ? (
          <path key={d} d={d} fill="currentColor" />
        ) : (
          <path
            key={d}
            d={d}
            fill="none"
            stroke="currentColor"
            strokeWidth="1.4"
            strokeLinecap="round"
            strokeLinejoin="round"
            strokeDasharray={kind === "dash" ? "2.1 1.9" : undefined}
          />
        ),
      )}
    </svg>
  );
}
