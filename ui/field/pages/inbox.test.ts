import { expect, it } from "vitest";
import { open, see, sees, tap, text, waitFor } from "../testing/app";

it("counts what is unread, and a message that is opened is read", async () => {
  open();
  expect(await text("inbox-unread")).toBe("2");
  await tap("tab-inbox");
  await tap("inbox-item-notice-1");
  expect(await text("inbox-detail")).toContain("Nothing is lost");
  await tap("back");
  await waitFor(async () => expect(await text("inbox-unread")).toBe("1"));
});

it("shows side by side what was kept and what was set aside", async () => {
  open(undefined, "inbox/notice-1");
  const table = await see("inbox-difference");
  const cells = [...table.querySelectorAll("tr")].map((row) => [...row.children].map((cell) => cell.textContent));
  expect(cells[0]).toEqual(["Field", "Kept", "Set aside"]);
  expect(cells[1]).toEqual(["Lights and reflectors", "Fail major", "Pass"]);
  expect(await text("inbox-detail")).toContain("and 2 more fields");
});

const heads = (table: Element) => [...table.querySelectorAll("thead th")].map((head) => head.textContent);

it("says in state and reason what each did, against what is in force now", async () => {
  open(undefined, "inbox/notice-3");
  const table = await see("inbox-difference");
  expect(heads(table)).toEqual(["Field", "In force now", "Set aside"]);
  expect(table.querySelector("tbody tr")?.textContent).toContain("Voided (entered twice)");
  expect(await text("inbox-detail")).toContain("What differs now");
});

it("keeps what was settled readable, and says that it is", async () => {
  open(undefined, "inbox");
  expect(await text("inbox-item-notice-2")).toContain("Settled");
  await tap("inbox-item-notice-2");
  const table = await see("inbox-difference");
  expect(heads(table)).toEqual(["Field", "Kept", "Set aside"]);
  expect(await text("inbox-detail")).toContain("Settled by the office");
});

it("leads to the record it is about", async () => {
  const backend = open(undefined, "inbox/rec-rejected");
  await tap("open-record");
  await see("rejection-banner");
  expect(backend.state.place).toBe("gate_event/rec-rejected");
});

it("goes back to the list when the message is no more", async () => {
  const backend = open(undefined, "inbox/gone");
  await see("inbox-list");
  await waitFor(() => expect(backend.state.place).toBe("inbox"));
  expect(sees("inbox-detail")).toBe(false);
  expect(sees("tab-work")).toBe(true);
});
