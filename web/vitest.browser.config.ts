import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The browser tests lie in tests/browser; what they need is installed here, with the dashboard.
export default defineConfig({
  root: here("../tests/browser"),
  resolve: {
    alias: {
      "playwright-core": here("node_modules/playwright-core"),
      "@axe-core/playwright": here("node_modules/@axe-core/playwright"),
      vitest: here("node_modules/vitest"),
    },
  },
  server: { fs: { allow: [here("..")] } },
  test: {
    include: ["**/*.test.ts"],
    testTimeout: 60_000,
    // As with the other tests of real processes: one that fails once and then passes is reported, and is to be mended.
    retry: 1,
    hookTimeout: 60_000,
    // Each file has servers and a browser of its own, which mostly wait.
    maxWorkers: 2,
  },
});
