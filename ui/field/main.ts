import "../shared/tokens.css";
import "../shared/base.css";
import { mount } from "svelte";
import type { Backend } from "../shared/backend/backend";
import App from "./App.svelte";

/** The store in memory is for looking at pages in a plain browser; builds for release do not contain it. */
async function backend(): Promise<Backend> {
  if (import.meta.env.DEV || import.meta.env.MODE === "memory") {
    const query = new URLSearchParams(location.search);
    if (query.has("memory")) {
      const { memoryFromQuery } = await import("./testing/fromQuery");
      return memoryFromQuery(query);
    }
  }
  return (await import("../shared/backend/tauri")).tauriBackend;
}

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no element #app");
mount(App, { target, props: { backend: await backend() } });
