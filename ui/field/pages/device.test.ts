import { describe, expect, it, vi } from "vitest";
import { open, see, sees, tap, text, type, waitFor } from "../testing/app";
import { MemoryBackend } from "../testing/memory";

describe("the device's sheet", () => {
  it("tells what had to be put right by itself, and nothing where nothing had", async () => {
    open(new MemoryBackend());
    await tap("device-sheet-open");
    await see("device-sheet");
    expect(sees("sync-woken") || sees("sync-repairs")).toBe(false);
  });

  it("tells it in sentences", async () => {
    const backend = new MemoryBackend();
    backend.state.health = { scheduler_woken: 1, repairs: 2 };
    open(backend);
    await tap("device-sheet-open");
    expect(await text("sync-woken")).toContain("stopped once");
    expect(await text("sync-repairs")).toContain("2 times");
  });

  it("lets the app start with the computer where that is the app's to say", async () => {
    const phone = new MemoryBackend();
    open(phone);
    await tap("device-sheet-open");
    await see("device-sheet");
    expect(sees("autostart-yes")).toBe(false);
  });

  it("asks for that once, and shows it as it opens: nothing moves under a finger", async () => {
    const backend = new MemoryBackend();
    backend.startsWithComputer = false;
    const asks = vi.spyOn(backend, "autostart");
    open(backend);
    await see("device-sheet-open");
    await backend.chooseYard(backend.state.yards[1]!.id);
    await waitFor(() => expect(asks).toHaveBeenCalled());
    await tap("device-sheet-open");
    expect(sees("autostart-no")).toBe(true);
    await backend.chooseYard(backend.state.yards[0]!.id);
    await see("autostart-no");
    expect(asks).toHaveBeenCalledTimes(1);
  });

  it("has that off until it is switched on", async () => {
    const backend = new MemoryBackend();
    backend.startsWithComputer = false;
    open(backend);
    await tap("device-sheet-open");
    await tap("autostart-yes");
    await waitFor(() => expect(backend.startsWithComputer).toBe(true));
    await tap("autostart-no");
    await waitFor(() => expect(backend.startsWithComputer).toBe(false));
  });

  it("is told where the server has moved, and keeps what was typed if another answers there", async () => {
    const backend = new MemoryBackend();
    open(backend);
    await tap("device-sheet-open");
    expect(await text("server-address")).toBe(backend.state.enrolment!.server_url);
    await tap("server-move");
    await tap("server-submit");
    expect(await text("server-new-problem")).toBe("Type the new address.");
    await type("server-new", "https://other.example.com");
    await tap("server-submit");
    expect(await text("server-error")).toContain("Another server answers");
    expect(((await see("server-new")) as HTMLInputElement).value).toBe("https://other.example.com");
    await type("server-new", " https://new.example.com ");
    await type("server-ending", "6Q2NJ-SW29S-QBKGZ-58VEK");
    await tap("server-submit");
    await waitFor(() => expect(sees("server-submit")).toBe(false));
    expect(await text("server-address")).toBe("https://new.example.com");
    expect(backend.movedTo).toEqual([["https://new.example.com", "6Q2NJ-SW29S-QBKGZ-58VEK"]]);
  });
});
