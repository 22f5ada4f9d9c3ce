"use client";
import { useSearchParams } from "next/navigation";
import { useEffect, useState } from "react";
import { readSession } from "../../live/send-command.ts";
import { session } from "../../live/session.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { type SessionView, signInProblems } from "../../wire/session-view.ts";
import { environmentKind, useEnvironment } from "../frame/environment.ts";
import { SignInForm } from "./sign-in-form.tsx";

/** Before the console: who are you? Whoever is signed in already goes on at once. */
export function SignInPage() {
  const { name, cluster } = useEnvironment();
  const query = useSearchParams();
  const to = ownPlace(query.get("to"));
  const isWindow = query.get("done") !== null;
  const { view, problem, read } = useSessionView(to, isWindow);
  const given = query.get("problem");
  const sent = given !== null && given in signInProblems ? signInProblems[given as "late"] : null;
  return (
    <main className="flex min-h-dvh flex-col" data-page="sign-in">
      <div className="env h-7">
        <span className="env-tag w-auto!" data-env={environmentKind(name)}>
          {name.toUpperCase()}
        </span>
        <span>
          <b>{cluster}</b>
        </span>
      </div>
      <div className="mx-auto w-full max-w-[360px] px-5 pt-[16vh] pb-10">
        <h1 className="text-5 tracking-[-.015em]">Sign in to {cluster}</h1>
        <p className="mt-1 mb-6 text-fg-2">
          {view?.state === "expired"
            ? "Your session has ended. Nothing was changed."
            : "What you do here is written down under your name."}
        </p>
        {sent !== null && (
          <p role="alert" className="mb-5 flex gap-2 bg-warning-soft px-3 py-2">
            <Glyph name="tri" tone="warning" className="mt-1 flex-none" />
            <span>{sent}</span>
          </p>
        )}
        {problem !== null && (
          <div role="alert" className="flex items-center gap-2">
            <span className="flex-1">{problem}</span>
            <button type="button" className="btn" onClick={read}>
              Try again
            </button>
          </div>
        )}
        {view !== null && view.actor === null && (
          <SignInForm ways={view.ways} to={to} signedIn={() => goOn(to, isWindow)} />
        )}
        {view !== null && view.actor !== null && (
          <p role="status">
            Signed in as {view.actor.name}. {isWindow && "You can close this window."}
          </p>
        )}
      </div>
    </main>
  );
}

function useSessionView(to: string, isWindow: boolean) {
  const [view, setView] = useState<SessionView | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let isHere = true;
    session.start();
    // Asked again from here, because a link on another site brings no cookie of this one along.
    void readSession().then((outcome) => {
      if (!isHere) return;
      setProblem(outcome.ok ? null : outcome.problem.title);
      if (!outcome.ok) return;
      setView(outcome.body);
      if (outcome.body.actor !== null && tries >= 0) goOn(to, isWindow);
    });
    return () => {
      isHere = false;
      session.stop();
    };
  }, [to, isWindow, tries]);
  return { view, problem, read: () => setTries(tries + 1) };
}

/** A whole page, not a part of one: the server gives it only now. */
function goOn(to: string, isWindow: boolean): void {
  session.signedIn();
  if (isWindow) window.close();
  else window.location.replace(to);
}

/** Only a place of our own, whatever the address says. */
const ownPlace = (to: string | null): string =>
  to !== null && /^\/(?![/\\])/.test(to) && !to.startsWith("/sign-in") ? to : "/";
