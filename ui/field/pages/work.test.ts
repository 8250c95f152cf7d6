import { cleanup, fireEvent } from "@testing-library/svelte";
import { beforeEach, expect, it, vi } from "vitest";
import { open, see, sees, tap, text, waitFor } from "../testing/app";
import { NOW } from "../testing/data";
import { MemoryBackend } from "../testing/memory";

beforeEach(() => {
  vi.spyOn(Date, "now").mockReturnValue(NOW);
});

it("shows what is assigned, in progress and recent, with overdue work marked in words", async () => {
  open();
  expect(await text("work-assigned")).toContain("Overdue since 13:30");
  expect(await text("work-item-rec-as-2")).toContain("Due 16:00");
  expect(await text("work-in-progress")).toContain("TRL-2207");
  expect(await text("work-item-rec-rejected")).toContain("Needs a correction");
  expect(await text("work-recent")).toContain("T-204");
});

it("begins an assignment as the record it was made for", async () => {
  const backend = open();
  await tap("work-item-rec-as-1");
  await see("record-page");
  expect(backend.state.place).toBe("inspection/rec-as-1");
});

it("comes back to the item that was touched last after the app was killed", async () => {
  const backend = open(new MemoryBackend(), "inspection/rec-open/items");
  await tap("item-horn-pass");
  expect(backend.state.place).toBe("inspection/rec-open/items/horn");
  cleanup();
  open(backend);
  await waitFor(() => expect(sees("item-horn")).toBe(true));
  expect((await see("step-items")).getAttribute("aria-current")).toBe("step");
});

it("counts what is being synced, and then says nothing more", async () => {
  const backend = open();
  await see("work-list");
  await waitFor(() => {
    backend.emitSync({ running: true, items: 3 });
    expect(sees("sync-badge")).toBe(true);
  });
  expect(await text("sync-badge")).toBe("Syncing 3 items");
  backend.emitSync({ running: false, items: 0 });
  await waitFor(() => expect(sees("sync-badge")).toBe(false));
});

it("says nothing about being offline, and what to do about a network that asks for a sign-in", async () => {
  const backend = open();
  await see("work-list");
  backend.emitSync({ problem: { code: "offline", message: "No way to the server." } });
  await tap("device-sheet-open");
  expect(await text("sync-last")).toBe("Last sync 14:01");
  expect(document.body.textContent).not.toContain("No way to the server");
  backend.emitSync({ problem: { code: "captive_portal", message: "Sign in to this network." } });
  expect(await text("sync-problem-banner")).toContain("Sign in to this network.");
});

it("lets a revoked device enrol again without losing its place in the app", async () => {
  const backend = new MemoryBackend();
  if (backend.state.enrolment) backend.state.enrolment.revoked = true;
  open(backend);
  await tap("enrol-again");
  await see("enrol-page");
  await tap("enrol-back");
  await see("work-list");
});

it("says that the server does not recognize the device, and lets it join anew should that go on", async () => {
  const backend = open();
  await see("work-list");
  backend.emitSync({ problem: { code: "not_recognized", message: "It is tried by itself." } });
  expect(await text("sync-problem-banner")).toContain("It is tried by itself.");
  await tap("enrol-again");
  await see("enrol-page");
});

it("syncs on the button and by pulling the list down", async () => {
  const backend = open();
  await tap("sync-now");
  const scroller = (await see("work-list")).closest(".scroller") as HTMLElement;
  await fireEvent.touchStart(scroller, { touches: [{ clientY: 100 }] });
  await fireEvent.touchMove(scroller, { touches: [{ clientY: 160 }] });
  await fireEvent.touchEnd(scroller);
  expect(backend.syncs).toBe(1);
  await fireEvent.touchStart(scroller, { touches: [{ clientY: 100 }] });
  await fireEvent.touchMove(scroller, { touches: [{ clientY: 260 }] });
  await fireEvent.touchEnd(scroller);
  expect(backend.syncs).toBe(2);
});

it("passes on that the window is back, as a hint", async () => {
  const backend = open();
  await see("work-list");
  window.dispatchEvent(new Event("focus"));
  window.dispatchEvent(new Event("online"));
  expect(backend.hints).toEqual(["focus", "online"]);
});

it("shows what was salvaged until it was read", async () => {
  const backend = new MemoryBackend();
  backend.state.salvage = "3 records were saved.";
  open(backend);
  expect(await text("salvage")).toContain("3 records were saved.");
  expect((await see("salvage")).querySelectorAll("button")).toHaveLength(1);
  await tap("salvage-dismiss");
  await waitFor(() => expect(sees("salvage")).toBe(false));
});

it("tells why when the app cannot even begin, and tries again", async () => {
  const backend = new MemoryBackend();
  const bootstrap = vi.spyOn(backend, "bootstrap").mockRejectedValueOnce(new Error("The store is locked."));
  open(backend);
  expect(await text("broken")).toContain("The store is locked.");
  await tap("broken-retry");
  await see("work-list");
  expect(bootstrap).toHaveBeenCalledTimes(2);
});
