import { cpSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The isolation application is three plain files with nothing to compile: it is copied as it stands. */
function isolation(): Plugin {
  return {
    name: "gatebook-isolation",
    apply: "build",
    closeBundle() {
      mkdirSync(at("ui/dist/isolation"), { recursive: true });
      cpSync(at("ui/isolation"), at("ui/dist/isolation"), { recursive: true });
    },
  };
}

export default defineConfig({
  root: at("ui/field"),
  base: "./",
  cacheDir: at("node_modules/.vite"),
  plugins: [svelte({ configFile: false }), isolation()],
  build: {
    outDir: at("ui/dist/field"),
    emptyOutDir: true,
    // The app's page, and the support window's.
    rollupOptions: { input: [at("ui/field/index.html"), at("ui/field/support.html")] },
    target: ["es2022", "chrome108", "safari16"],
    // The content security policy allows neither inline scripts nor data: addresses.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: { host: "127.0.0.1", port: 1420, strictPort: true },
  preview: { host: "127.0.0.1", port: 1421, strictPort: true },
});
