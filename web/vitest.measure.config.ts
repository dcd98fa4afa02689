import { mergeConfig } from "vitest/config";
import browser from "./vitest.browser.config.ts";

// What the dashboard costs; nothing here passes or fails by a time.
const merged = mergeConfig(browser, { test: { testTimeout: 300_000, hookTimeout: 120_000 } });
export default { ...merged, test: { ...merged.test, include: ["**/*.measure.ts"] } };
