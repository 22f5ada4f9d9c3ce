import type { Sentence as Words } from "../live/say.ts";

/** A sentence with its values in the mono face. */
export function Sentence({ words }: { readonly words: Words }) {
  return words.map((part, index) =>
    typeof part === "string" ? (
      <span key={index}>{part}</span>
    ) : (
      <span key={index} className="n text-fg-0">
        {part.value}
      </span>
    ),
  );
}
