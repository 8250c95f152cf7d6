import { fireEvent, render, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";
import { see, sees, tap, text, type } from "../testing/app";
import { rowsInMemory } from "../testing/rows";
import { csv } from "./csv";
import { limited, MOST, type Rows } from "./source";
import SupportWindow from "./SupportWindow.svelte";

function open(answers: Record<string, Rows> = {}) {
  const source = rowsInMemory(answers);
  render(SupportWindow, { props: { source } });
  return source;
}

describe("the support window", () => {
  it("says of when its copy is, and makes another when asked", async () => {
    const source = open();
    await waitFor(async () => expect(await text("as-of")).toMatch(/^A copy as of 20:03 UTC,/));
    expect(await text("table-records")).toBe("records1,204");
    await tap("look-again");
    await waitFor(() => expect(source.looks).toBe(2));
  });

  it("answers ready questions", async () => {
    const source = open({ "rejection IS NOT NULL": [{ kind: "gate_event", reason: "Not your yard" }] });
    await waitFor(() => expect(sees("table-records")).toBe(true));
    await tap("question-rejected");
    expect(await text("result")).toContain("Not your yard");
    expect(source.asked[0]).toContain(`LIMIT ${MOST + 1}`);
  });

  it("shows no more rows than anybody reads, and says so", async () => {
    open({ many: Array.from({ length: MOST + 1 }, (_, at) => ({ at })) });
    await waitFor(() => expect(sees("table-records")).toBe(true));
    await type("sql", "SELECT many");
    await tap("run");
    await waitFor(async () => expect(await text("result-note")).toContain("The first 500 rows; there are more."));
    expect((await see("result")).querySelectorAll("tbody tr").length).toBe(MOST);
  });

  it("says what was refused", async () => {
    open();
    await waitFor(() => expect(sees("table-records")).toBe(true));
    await type("sql", "DELETE FROM records");
    await tap("run");
    expect(await text("sql-problem")).toContain("Only reading is possible here");
    expect(sees("result")).toBe(false);
  });

  it("copies what it shows", async () => {
    const writeText = vi.fn().mockResolvedValue(undefined);
    Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });
    open({ one: [{ a: 'say "x"', b: null }] });
    await waitFor(() => expect(sees("table-records")).toBe(true));
    await fireEvent.keyDown(await type("sql", "SELECT one"), { key: "Enter", ctrlKey: true });
    await see("result");
    await tap("copy-csv");
    await waitFor(() => expect(writeText).toHaveBeenCalledWith('a,b\r\n"say ""x""",\r\n'));
  });
});

describe("a statement", () => {
  it("gets its limit behind whatever it ends with", () => {
    expect(limited("SELECT 1; ")).toBe(`SELECT * FROM (\nSELECT 1\n) LIMIT ${MOST + 1}`);
    expect(limited("SELECT 1 -- all")).toContain("-- all\n) LIMIT");
    expect(limited("-- all\nWITH a AS (SELECT 1) SELECT * FROM a")).toContain("LIMIT");
  });

  it("that is no SELECT goes as it is, to be refused for what it is", () => {
    expect(limited("DELETE FROM records")).toBe("DELETE FROM records");
  });
});

describe("a table for a spreadsheet", () => {
  it("holds no formula", () => {
    expect(csv([{ a: "=1+1", b: -5, c: "-cmd", d: "x,y" }])).toBe(`a,b,c,d\r\n'=1+1,-5,'-cmd,"x,y"\r\n`);
  });

  const cell = (value: string | number) => csv([{ a: value }]).slice("a\r\n".length, -"\r\n".length);

  it("holds nothing that a spreadsheet may run, whatever stands before it", () => {
    for (const formula of ["-2+3+cmd", "=1", "+1", "@SUM(1)", "-cmd", "--1", "-1-1", "＝1", "＋1", "−2+3", "%0", "|x"]) {
      expect(cell(formula)).toBe(`'${formula}`);
      for (const before of ["\n", "\r\n", "\t", " ", "\u00a0", "\u200b", "\ufeff", "\0"]) {
        expect(cell(before + formula).replace(/^"/, "")).toMatch(/^'/);
      }
    }
  });

  it("does not begin a cell with a line break or a tab, nor is it split in one by another separator", () => {
    expect(cell("\nx")).toBe(`"'\nx"`);
    expect(cell("\tx")).toBe(`"'\tx"`);
    expect(cell("a;=1+1")).toBe(`"a;=1+1"`);
    expect(cell("a\t=1+1")).toBe(`"a\t=1+1"`);
  });

  it("keeps numbers and texts as they are", () => {
    for (const plain of ["-5", "5", "-5.25", "-1e-7", "PX-20931", "a=b", "", "2026-03-04T20:05:00Z"]) {
      expect(cell(plain)).toBe(plain);
    }
    expect(cell(-1e-7)).toBe("-1e-7");
  });

  it("is as careful with the names of its columns", () => {
    expect(csv([{ "=1+1": 1 }])).toBe(`'=1+1\r\n1\r\n`);
  });
});
