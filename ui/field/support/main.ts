import "../../shared/tokens.css";
import "../../shared/base.css";
import { mount } from "svelte";
import SupportWindow from "./SupportWindow.svelte";
import type { Source } from "./source";

/** The rows in memory are for looking at the page in a plain browser; builds for release do not contain them. */
async function source(): Promise<Source> {
  if (import.meta.env.DEV || import.meta.env.MODE === "memory") {
    if (new URLSearchParams(location.search).has("memory")) return (await import("../testing/rows")).rowsInMemory();
  }
  return (await import("./tauri")).tauriSource;
}

const target = document.getElementById("app");
if (!target) throw new Error("support.html has no element #app");
mount(SupportWindow, { target, props: { source: await source() } });
