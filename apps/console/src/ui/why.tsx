"use client";
import { type ReactNode, useId, useState } from "react";
import { plain, type Sentence as Words } from "../live/say.ts";
import { Sentence } from "./sentence.tsx";

/**
 * "Why?" beside what raises the question: the answer is what nodes, log and planner said, never a guess of the page's.
 * The browser's own popover: Escape and a click elsewhere close it, and focus returns.
 */
export function Why(props: {
  /** What is asked about, for a reader: "node-2 is cut from Postgres". */
  readonly about: string;
  readonly sentences: readonly Words[];
  /** Where to look further. */
  readonly children?: ReactNode;
}) {
  const box = useId();
  const [isOpen, setOpen] = useState(false);
  if (props.sentences.length === 0) return null;
  return (
    <>
      <button
        type="button"
        className="why"
        data-testid="why"
        popoverTarget={box}
        aria-label={`Why? ${props.about}`}
        onClick={(event) => event.stopPropagation()}
      >
        Why?
      </button>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: it only keeps clicks from the row below it. */}
      <section
        id={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long answer scrolls, and keys must reach it.
        tabIndex={0}
        popover="auto"
        className="why-box"
        data-testid="why-answer"
        aria-label={`Why ${props.about}`}
        onToggle={(event) => setOpen(event.newState === "open")}
        onClick={(event) => event.stopPropagation()}
      >
        {isOpen && (
          <>
            <ul>
              {props.sentences.map((words) => (
                <li key={plain(words)}>
                  <Sentence words={words} />
                </li>
              ))}
            </ul>
            {props.children}
          </>
        )}
      </section>
    </>
  );
}
