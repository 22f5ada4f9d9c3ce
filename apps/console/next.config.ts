import type { NextConfig } from "next";

/**
 * `tsc -b` checks the types of this app together with the rest of the workspace, so the build does not
 * do it again. Next.js gets a tsconfig of its own: it rewrites the file that it is pointed at.
 */
const config: NextConfig = {
  transpilePackages: ["@leasehold/sharding"],
  typescript: { ignoreBuildErrors: true, tsconfigPath: "tsconfig.next.json" },
  reactStrictMode: true,
  poweredByHeader: false,
  devIndicators: false,
};

export default config;
