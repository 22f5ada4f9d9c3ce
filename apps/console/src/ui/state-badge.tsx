import { Glyph } from "./glyph.tsx";
import { type Look, textClass } from "./tone.ts";

/** Glyph and word of a state: on a soft ground in headers, flat in tables. */
export function StateBadge(props: {
  readonly look: Look;
  readonly flat?: boolean;
  readonly word?: string | undefined;
}) {
  const { glyph, tone, word } = props.look;
  return (
    <span className="badge" data-tone={tone} data-flat={props.flat === true || tone === "stable"}>
      <Glyph name={glyph} tone={tone} />
      <span className={textClass[tone]}>{props.word ?? word}</span>
    </span>
  );
}
