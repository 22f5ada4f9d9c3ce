import { GeistMono } from "geist/font/mono";
import { GeistSans } from "geist/font/sans";
import type { Metadata, Viewport } from "next";
import { connection } from "next/server";
import type { ReactNode } from "react";
import { Frame } from "../features/frame/frame.tsx";
import { themeScript } from "../features/frame/theme.ts";
import "./globals.css";

export const metadata: Metadata = { title: { default: "Leasehold", template: "%s · Leasehold" } };
export const viewport: Viewport = { width: "device-width", initialScale: 1 };

export default async function Layout({ children }: { readonly children: ReactNode }) {
  // The environment is known when the server runs, not when it is built.
  await connection();
  const environment = {
    name: process.env["LEASEHOLD_ENV"] || "LOCAL",
    cluster: process.env["LEASEHOLD_CLUSTER"] || "default",
  };
  return (
    <html
      lang="en"
      data-theme="dark"
      className={`${GeistSans.variable} ${GeistMono.variable}`}
      suppressHydrationWarning
    >
      <head>
        <script dangerouslySetInnerHTML={{ __html: themeScript }} />
      </head>
      <body>
        <Frame environment={environment}>{children}</Frame>
      </body>
    </html>
  );
}
