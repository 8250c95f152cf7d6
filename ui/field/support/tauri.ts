import { invoke } from "@tauri-apps/api/core";
import { commands } from "../../shared/bindings";
import type { Rows, Source } from "./source";

/** What tauri-plugin-sql or the gate before it said. */
function said(error: unknown): Error {
  const text = typeof error === "string" ? error : error instanceof Error ? error.message : JSON.stringify(error);
  return new Error(text.includes("interrupted") ? "This takes too long. Ask for less." : text);
}

export const tauriSource: Source = {
  async lookAgain() {
    const answer = await commands.lookAgain();
    if (answer.status === "error") throw new Error(answer.error.message ?? String(answer.error));
    return answer.data;
  },
  async select(database, sql) {
    try {
      return await invoke<Rows>("plugin:sql|select", { db: database, query: sql, values: [] });
    } catch (error) {
      throw said(error);
    }
  },
};
