import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

/** Who signs in next, as their issuer knows them. */
export type Claims = Readonly<Record<string, unknown>> & { readonly sub: string };

/** An issuer of OpenID Connect that asks nobody for a password, and checks everything else. */
export interface Issuer extends AsyncDisposable {
  readonly url: string;
  next: Claims;
  /** What it answers with, instead of what it was asked with. */
  forges: "state" | "nonce" | null;
}

export const clientId = "leasehold-console";
export const clientSecret = "a-secret-of-the-client";

interface Begun {
  readonly claims: Claims;
  readonly nonce: string | null;
  readonly challenge: string | null;
  readonly redirectUri: string | null;
}

export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "1", alg: "RS256", use: "sig" };
  const begun = new Map<string, Begun>();

  const authorize = (url: URL, response: ServerResponse): void => {
    const { searchParams: query } = url;
    const code = randomUUID();
    begun.set(code, {
      claims: issuer.next,
      nonce: issuer.forges === "nonce" ? "another" : query.get("nonce"),
      challenge: query.get("code_challenge"),
      redirectUri: query.get("redirect_uri"),
    });
    const back = new URL(query.get("redirect_uri") ?? "");
    const state = issuer.forges === "state" ? "another" : (query.get("state") ?? "");
    back.search = new URLSearchParams({ code, state }).toString();
    response.writeHead(302, { location: back.href }).end();
  };

  const redeem = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(await textOf(request));
    const code = form.get("code") ?? "";
    const it = begun.get(code);
    begun.delete(code);
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const isRight =
      it !== undefined &&
      it.challenge === challenge &&
      it.redirectUri === form.get("redirect_uri") &&
      form.get("client_secret") === clientSecret;
    if (!isRight) return json(response, 400, { error: "invalid_grant" });
    const idToken = await new SignJWT({ ...it.claims, nonce: it.nonce })
      .setProtectedHeader({ alg: "RS256", kid: "1" })
      .setIssuer(issuer.url)
      .setAudience(clientId)
      .setIssuedAt()
      .setExpirationTime("1m")
      .sign(privateKey);
    json(response, 200, { access_token: "x", token_type: "Bearer", id_token: idToken });
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", issuer.url);
    if (url.pathname === "/.well-known/openid-configuration") {
      json(response, 200, descriptionOf(issuer.url));
    } else if (url.pathname === "/jwks") json(response, 200, { keys: [jwk] });
    else if (url.pathname === "/authorize") authorize(url, response);
    else if (url.pathname === "/token") {
      redeem(request, response).catch((error: unknown) => json(response, 500, String(error)));
    } else json(response, 404, {});
  });
  const issuer: { url: string } & Issuer = {
    url: "",
    next: { sub: "nobody" },
    forges: null,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The issuer has no port.");
  issuer.url = `http://127.0.0.1:${address.port}`;
  return issuer;
}

const descriptionOf = (url: string) => ({
  issuer: url,
  authorization_endpoint: `${url}/authorize`,
  token_endpoint: `${url}/token`,
  jwks_uri: `${url}/jwks`,
  response_types_supported: ["code"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["RS256"],
  code_challenge_methods_supported: ["S256"],
});

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
