import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.HEIMDALLR_SERVER ?? "http://127.0.0.1:8001";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  // The server puts a fresh nonce in its place with every page it sends (web/api/pages.py).
  html: { cspNonce: "HEIMDALLR_CSP_NONCE" },
  build: {
    outDir: "../src/heimdallr/web/static/dashboard",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    // The viewer is one large library, loaded when a study is opened.
    chunkSizeWarningLimit: 2500,
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/upload", "/docs", "/openapi.json", "/healthz", "/readyz"].map((path) => [
        path,
        { target: server, changeOrigin: true },
      ]),
    ),
  },
  test: { include: ["src/**/*.test.{ts,tsx}"], environment: "node" },
});
