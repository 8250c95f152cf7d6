import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  cacheDir: "node_modules/.vite",
  plugins: [svelte({ configFile: false }), svelteTesting()],
  test: {
    root: "ui",
    include: ["**/*.test.ts"],
    environment: "jsdom",
    setupFiles: ["field/testing/setup.ts"],
    restoreMocks: true,
    // No page shows a time by the clock of the device: here it would be of another day.
    env: { TZ: "Pacific/Kiritimati" },
  },
});
