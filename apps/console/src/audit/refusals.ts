import type { Caller } from "../access/access.ts";
import type { Problem } from "../wire/commands.ts";
import type { Role } from "../wire/roles.ts";

const refused = { retryable: false, executed: "no" } as const;

/** Why somebody may not: not signed in, not any more, or not with this role. */
export function accessProblem(caller: Caller, needs: Role): Problem {
  if (caller.tag === "actor") {
    return {
      title: `The role ${caller.actor.role} may not do this.`,
      status: 403,
      code: "ROLE_REQUIRED",
      detail: `It needs the role ${needs}.`,
      ...refused,
    };
  }
  if (caller.state === "expired") {
    const title = "Your session has ended.";
    const detail = "Sign in again; what you asked for was not done.";
    return { title, status: 401, code: "SESSION_EXPIRED", detail, ...refused };
  }
  const title = "Nobody is signed in.";
  return { title, status: 401, code: "SIGN_IN_REQUIRED", detail: "Sign in first.", ...refused };
}

export const tooMany = (waitMs: number): Problem => ({
  title: "That was too much at once.",
  status: 429,
  code: "RATE_LIMITED",
  detail: `Try again in ${Math.ceil(waitMs / 1000)} s.`,
  retryable: true,
  executed: "no",
});

export const keyReused: Problem = {
  title: "The action's key was used for something else.",
  status: 422,
  code: "ACTION_KEY_REUSED",
  detail: "Make a new key for each action.",
  ...refused,
};

export const underWay: Problem = {
  title: "Another console is carrying this out.",
  status: 409,
  code: "ACTION_UNDER_WAY",
  detail: "Its outcome will be in the audit.",
  retryable: true,
  executed: "unknown",
};

export const answerTooLong: Problem = {
  title: "It was done already; the answer was too long to be kept.",
  status: 409,
  code: "ACTION_DONE",
  detail: "The audit says what came of it.",
  retryable: false,
  executed: "yes",
};
