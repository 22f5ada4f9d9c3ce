"use client";
import { usePathname } from "next/navigation";
import { Fragment, type ReactNode, useEffect } from "react";
import { Toaster } from "sonner";
import { session } from "../../live/session.ts";
import { live, useLive } from "../../live/use-live.ts";
import { RunNote } from "../lab/run-note.tsx";
import { SignInDialog } from "../session/sign-in-dialog.tsx";
import { TimeBar } from "../time/time-bar.tsx";
import { useMomentUrl } from "../time/use-moment-url.ts";
import { Ease } from "./ease.tsx";
import { type Environment, EnvironmentContext } from "./environment.ts";
import { EnvironmentBanner } from "./environment-banner.tsx";
import { Nav } from "./nav.tsx";
import { NoteBar } from "./note-bar.tsx";
import { pageOf } from "./pages.ts";
import { TopBar } from "./top-bar.tsx";

/** What stands around every page. Around the sign-in nothing does: there is nothing to say to nobody. */
export function Frame(props: { readonly environment: Environment; readonly children: ReactNode }) {
  const isSignIn = usePathname() === "/sign-in";
  return (
    <EnvironmentContext value={props.environment}>
      {isSignIn ? <div className="frame">{props.children}</div> : <Around>{props.children}</Around>}
    </EnvironmentContext>
  );
}

/** Where one is, how current it is, what is broken on purpose. */
function Around({ children }: { readonly children: ReactNode }) {
  const state = useLive((it) => it.connection.state);
  const seq = useLive((it) => it.connection.seq);
  const appliedSeq = useLive((it) => it.connection.appliedSeq);
  const moment = useLive((it) => it.moment);
  const page = pageOf(usePathname());
  const conn = moment === null ? state : "historical";
  useMomentUrl();
  useEffect(() => {
    live.start();
    session.start();
    return () => {
      session.stop();
      live.stop();
    };
  }, []);
  return (
    <div className="frame" data-conn={conn}>
      <div className="frame-grid">
        <EnvironmentBanner />
        <TopBar />
        <div className="notes">
          <NoteBar />
          <RunNote page={page} />
        </div>
        <Nav page={page} />
        <main
          className="main"
          id="main"
          data-page={page}
          data-conn={conn}
          data-seq={seq}
          data-applied-seq={appliedSeq}
          data-at={moment?.pos ?? ""}
        >
          {/* What a page has gathered of the present, such as earlier entries of the log, is none of the past. */}
          <Fragment key={moment?.visit ?? 0}>{children}</Fragment>
        </main>
        <TimeBar />
      </div>
      <Ease />
      <Toaster
        position="bottom-right"
        // Above the time bar: an outcome must not cover the way back to the present.
        offset={{ bottom: 68 }}
        mobileOffset={{ bottom: 116 }}
        toastOptions={{
          style: {
            background: "var(--bg-2)",
            color: "var(--fg-0)",
            border: "1px solid var(--line-2)",
            borderRadius: "var(--r-3)",
            boxShadow: "var(--shadow)",
            font: "12px/16px var(--font-sans)",
          },
        }}
      />
      <SignInDialog />
    </div>
  );
}
