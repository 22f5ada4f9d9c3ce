"use client";
import { useState } from "react";
import { signIn } from "../../live/send-command.ts";
import { Button } from "../../ui/button.tsx";
import { oidcPath, type SessionView } from "../../wire/session-view.ts";

/** The ways in that this console has: an operator's token, an issuer, or both. */
export function SignInForm(props: {
  readonly ways: SessionView["ways"];
  /** Where the issuer's way leads afterwards. */
  readonly to: string;
  /** Keeps the page as it is: the issuer gets a window of its own. */
  readonly isInPlace?: boolean;
  signedIn(): void;
}) {
  const [token, setToken] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (): Promise<void> => {
    setBusy(true);
    const outcome = await signIn(token.trim());
    setBusy(false);
    if (outcome.ok) props.signedIn();
    else setProblem(`${outcome.problem.title} ${outcome.problem.detail ?? ""}`.trim());
  };
  const { ways } = props;
  return (
    <div className="space-y-4">
      {ways.oidc && <IssuerLink to={props.to} isInPlace={props.isInPlace === true} />}
      {ways.oidc && ways.token && (
        <div className="text-1 flex items-center gap-3 text-fg-2 before:h-px before:flex-1 before:bg-line-1 after:h-px after:flex-1 after:bg-line-1">
          or with a token
        </div>
      )}
      {ways.token && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <label className="text-2 block text-fg-1" htmlFor="sign-in-token">
            Your operator token
          </label>
          <input
            id="sign-in-token"
            className="inp mt-1.5 h-9 w-full font-mono"
            type="password"
            autoComplete="current-password"
            spellCheck={false}
            value={token}
            aria-describedby="sign-in-problem"
            ref={props.isInPlace === true ? focus : undefined}
            aria-invalid={problem !== null}
            onChange={(event) => setToken(event.target.value)}
          />
          <p id="sign-in-problem" role="alert" className="text-2 mt-1.5 min-h-4 text-danger-text">
            {problem}
          </p>
          <Button
            kind={ways.oidc ? "plain" : "primary"}
            className="mt-1 h-9! w-full"
            submits
            disabled={isBusy || token.trim() === ""}
            testId="sign-in-submit"
          >
            {isBusy ? "Signing in" : "Sign in"}
          </Button>
        </form>
      )}
    </div>
  );
}

/** The dialog below it would keep the focus. */
const focus = (input: HTMLInputElement | null): void => input?.focus();

function IssuerLink({ to, isInPlace }: { readonly to: string; readonly isInPlace: boolean }) {
  const place = isInPlace ? "/sign-in?done=1" : to;
  return (
    <a
      className="btn h-9! w-full"
      data-kind="primary"
      data-testid="sign-in-oidc"
      href={`${oidcPath}?${new URLSearchParams({ to: place })}`}
      // The window that opens tells this one by itself when it is done.
      {...(isInPlace ? { target: "_blank", rel: "opener" } : {})}
    >
      Sign in with your organisation
    </a>
  );
}
