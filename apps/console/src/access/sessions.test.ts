import { SignJWT, UnsecuredJWT } from "jose";
import { expect, test } from "vitest";
import { Sessions } from "./sessions.ts";

const ana = { name: "ana", role: "operator" } as const;
const secret = "s".repeat(32);
const lifetimeMs = 60_000;

test("a session is read by every process with the secret, until it ends", async () => {
  let nowMs = 1_000_000;
  const options = { secrets: [secret], lifetimeMs, nowMs: () => nowMs };
  const { value } = await new Sessions(options).begin(ana);
  const other = new Sessions(options);
  expect(await other.read(value)).toMatchObject({ tag: "session", session: { actor: ana } });
  nowMs += lifetimeMs - 1;
  expect((await other.read(value)).tag).toBe("session");
  nowMs += 1;
  expect((await other.read(value)).tag).toBe("expired");
});

test("an old secret is still believed, and no longer signed with", async () => {
  const old = new Sessions({ secrets: [secret], lifetimeMs });
  const rotated = new Sessions({ secrets: ["n".repeat(32), secret], lifetimeMs });
  const before = await old.begin(ana);
  expect((await rotated.read(before.value)).tag).toBe("session");
  const after = await rotated.begin(ana);
  expect((await old.read(after.value)).tag).toBe("none");
  const retired = new Sessions({ secrets: ["n".repeat(32)], lifetimeMs });
  expect((await retired.read(before.value)).tag).toBe("none");
});

test("what was signed out is nobody's, though its signature still holds", async () => {
  const sessions = new Sessions({ secrets: [secret], lifetimeMs });
  const { session, value } = await sessions.begin(ana);
  sessions.end(session);
  expect((await sessions.read(value)).tag).toBe("none");
});

test("nothing but its own signature is believed", async () => {
  const sessions = new Sessions({ secrets: [secret], lifetimeMs });
  const { value } = await sessions.begin(ana);
  const [head, body, signature] = value.split(".");
  const asAdmin = Buffer.from(
    Buffer.from(body ?? "", "base64url")
      .toString()
      .replace("operator", "admin"),
  ).toString("base64url");
  const unsigned = new UnsecuredJWT({ role: "admin" })
    .setSubject("eve")
    .setJti("x")
    .setAudience("leasehold-console")
    .setExpirationTime("1h")
    .encode();
  const foreign = await new SignJWT({ role: "admin" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("eve")
    .setJti("x")
    .setAudience("leasehold-console")
    .setExpirationTime("1h")
    .sign(Buffer.from("another key"));
  const forged = [`${head}.${asAdmin}.${signature}`, unsigned, foreign, "x", "", undefined];
  for (const it of forged) expect((await sessions.read(it)).tag).toBe("none");
});

test("without a secret each process believes only itself", async () => {
  const { value } = await new Sessions({ secrets: [], lifetimeMs }).begin(ana);
  expect((await new Sessions({ secrets: [], lifetimeMs }).read(value)).tag).toBe("none");
});
