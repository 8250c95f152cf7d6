import type { Rows, Source } from "../support/source";

/** A support window's answers without a database. */
export function rowsInMemory(answers: Record<string, Rows> = {}): Source & { asked: string[]; looks: number } {
  const rows: Rows = Array.from({ length: 24 }, (_, at) => ({
    kind: at % 3 === 0 ? "inspection" : "gate_event",
    title: `Gate in · CSQU 305438 ${at}`,
    changed_at: "2026-03-04T20:00:00Z",
    size: at * 1311,
    rejection: null,
  }));
  return {
    asked: [],
    looks: 0,
    async lookAgain() {
      this.looks += 1;
      const tables = [
        { name: "records", rows: 1204 },
        { name: "photos", rows: 14 },
        { name: "settings", rows: 11 },
      ];
      return { database: "sqlite:support", taken_at: "2026-03-04T20:03:00Z", tables };
    },
    async select(_, sql) {
      this.asked.push(sql);
      const known = Object.entries(answers).find(([part]) => sql.includes(part));
      if (sql.includes("DELETE")) throw new Error("Only reading is possible here.");
      return known ? known[1] : rows;
    },
  };
}
