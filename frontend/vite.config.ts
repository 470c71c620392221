import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const server = process.env.HEIMDALLR_SERVER ?? "http://127.0.0.1:8001";

/** Programs and styles also as the server sends them to browsers: compressed once, not each time. */
function gzipped(): Plugin {
  return {
    name: "gzipped",
    apply: "build",
    generateBundle: {
      // When Vite has put the last word into them.
      order: "post",
      handler(_options, bundle) {
        for (const file of Object.values(bundle)) {
          if (!/\.(js|css)$/.test(file.fileName)) continue;
          const source = gzipSync(file.type === "chunk" ? file.code : file.source, { level: 9 });
          this.emitFile({ type: "asset", fileName: `${file.fileName}.gz`, source });
        }
      },
    },
  };
}

export default defineConfig({
  plugins: [react(), gzipped()],
  resolve: {
    alias: {
      "@": fileURLToPath(new URL("src", import.meta.url)),
      // One table of words for the dashboard and for what the pipeline writes.
      "@words": fileURLToPath(new URL("../src/heimdallr/domain/words", import.meta.url)),
    },
  },
  // The server puts a fresh nonce in its place with every page it sends (web/api/pages.py).
  html: { cspNonce: "HEIMDALLR_CSP_NONCE" },
  build: {
    outDir: "../src/heimdallr/web/static/dashboard",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    rolldownOptions: {
      output: {
        // What the worklist needs comes in one file: dozens of small ones take longer.
        advancedChunks: {
          groups: [{ name: "worklist", test: /src\/(main|pages\/worklist\/WorklistPage)\.tsx$/ }],
        },
      },
    },
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
