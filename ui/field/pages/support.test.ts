import { describe, expect, it } from "vitest";
import { open, see, sees, tap, text, type, waitFor } from "../testing/app";
import { MemoryBackend } from "../testing/memory";

describe("the support page", () => {
  it("is reached from the device's sheet and says what waits", async () => {
    open(new MemoryBackend(), "work");
    await tap("device-sheet-open");
    await tap("support-open");
    expect(await text("support-waits")).toBe("3 records wait here, 2 photos (1.8 MB).");
  });

  it("says where everything pending was saved, and what is in it", async () => {
    open(new MemoryBackend(), "support");
    await tap("export-pending");
    expect(await text("exported-pending")).toContain(
      "3 records and 2 photos are in it. Nothing on this device has changed. File: /exports/gatebook-pending.zip",
    );
  });

  it("warns when a photo could not be read", async () => {
    const backend = new MemoryBackend();
    backend.exported = { place: "", exported: { records: 1, offered: 0, photos: 0, missing: 1 } };
    open(backend, "support");
    await tap("export-pending");
    expect(await text("exported-pending")).toContain("1 photo could not be read");
  });

  it("says nothing when the person changed their mind", async () => {
    const backend = new MemoryBackend();
    backend.exported = null;
    open(backend, "support");
    await tap("export-diagnostics");
    await waitFor(async () => expect(((await see("export-diagnostics")) as HTMLButtonElement).disabled).toBe(false));
    expect(sees("exported-diagnostics")).toBe(false);
  });

  it("offers no support window on a phone", async () => {
    const backend = new MemoryBackend();
    backend.supportView = { ...backend.supportView, window: "none" };
    open(backend, "support");
    await see("export-diagnostics");
    expect(sees("support-window-open")).toBe(false);
  });

  it("asks a kiosk's code for the support window", async () => {
    const backend = new MemoryBackend();
    backend.supportView = { ...backend.supportView, window: "code" };
    open(backend, "support");
    expect(((await see("support-window-open")) as HTMLButtonElement).disabled).toBe(true);
    await type("support-code", "1234");
    await tap("support-window-open");
    expect(await text("failure")).toContain("not the kiosk’s code");
    await type("support-code", "4711");
    await tap("support-window-open");
    await waitFor(() => expect(backend.codes).toEqual(["1234", "4711"]));
  });

  it("tells when the system keeps the app from syncing by itself", async () => {
    const backend = new MemoryBackend();
    backend.supportView = { ...backend.supportView, background_restricted: true };
    open(backend, "support");
    expect(await text("support-restricted")).toContain("Open the app to sync");
  });
});
