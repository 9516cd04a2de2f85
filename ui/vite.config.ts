import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const hub = "http://127.0.0.1:8787";

export default defineConfig({
  // The hub serves the console at "/", the desktop under its own scheme: relative paths suit both.
  base: "./",
  plugins: [react()],
  build: { target: "es2022", chunkSizeWarningLimit: 900 },
  server: { proxy: { "/v1": hub, "/healthz": hub, "/readyz": hub } },
  test: { include: ["src/**/*.test.{ts,tsx}"], setupFiles: ["src/kit/test-globals.ts"] },
});
