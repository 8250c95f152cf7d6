import { beforeEach, describe, expect, it, vi } from "vitest";
import { open, see, sees, tap, text, type, waitFor } from "../testing/app";
import { NOW } from "../testing/data";
import { MemoryBackend } from "../testing/memory";

beforeEach(() => {
  vi.spyOn(Date, "now").mockReturnValue(NOW);
});

describe("while nobody is chosen", () => {
  function nobody(): MemoryBackend {
    const backend = new MemoryBackend();
    backend.state.operator = null;
    return backend;
  }

  it("asks who is working before any form, and then leads to where one was", async () => {
    const backend = open(nobody(), "inspection/rec-open");
    await see("who-page");
    expect(sees("record-page") || sees("new-gate-in")).toBe(false);
    await tap("operator-op-luis");
    await see("record-page");
    expect(backend.state.operator?.id).toBe("op-luis");
  });

  it("leads to the choice when a record cannot be begun by nobody, and says why", async () => {
    const backend = open();
    await see("work-list");
    // Somebody was chosen when the page was drawn, and no longer is.
    backend.state = { ...backend.state, operator: null };
    await tap("new-gate-in");
    await see("who-page");
    expect(await text("failure")).toContain("Choose who is working first");
    const records = backend.records.size;
    await tap("operator-op-ana");
    await tap("new-gate-in");
    await see("record-page");
    expect(backend.records.size).toBe(records + 1);
  });

  it("saves what was typed meanwhile as soon as somebody is chosen", async () => {
    const backend = open(new MemoryBackend(), "gate_event/rec-rejected");
    await see("record-page");
    backend.state = { ...backend.state, operator: null };
    await type("field-remarks", "Seal looks new");
    await see("save-error");
    backend.emitChange();
    await see("who-page");
    await tap("operator-op-maria");
    await waitFor(() => {
      const { body, operator_name } = backend.records.get("rec-rejected")!;
      expect([(body.body as { remarks?: string }).remarks, operator_name]).toEqual(["Seal looks new", "Maria Torres"]);
    });
    expect(sees("save-error")).toBe(false);
  });
});

describe("a record that names nobody", () => {
  function unsigned(): MemoryBackend {
    const backend = new MemoryBackend();
    backend.leaveUnsigned();
    return backend;
  }
  const author = (backend: MemoryBackend) => backend.records.get("rec-nobody")?.operator_name;

  it("is marked in the list", async () => {
    open(unsigned());
    expect(await text("work-item-rec-nobody")).toContain("Say who it was");
    expect(await text("work-item-rec-nobody")).not.toContain("Needs a correction");
  });

  it("is one's own by one tap in the inbox, which is done with it then", async () => {
    const backend = open(unsigned(), "inbox/rec-nobody");
    await tap("it-was-me");
    await waitFor(() => expect(author(backend)).toBe("Ana Ruiz"));
    await waitFor(() => expect(backend.state.place).toBe("inbox"));
    expect(sees("inbox-item-rec-nobody")).toBe(false);
  });

  it("is somebody else's by picking them", async () => {
    const backend = open(unsigned(), "inbox/rec-nobody");
    await tap("it-was-another");
    await see("who-was-it");
    expect(sees("operator-op-ana")).toBe(false);
    await tap("operator-op-maria");
    await waitFor(() => expect(author(backend)).toBe("Maria Torres"));
  });

  it("asks on its own page as well, instead of telling a rejection", async () => {
    const backend = open(unsigned(), "inspection/rec-nobody");
    await see("unsigned-banner");
    expect(sees("rejection-banner")).toBe(false);
    await tap("it-was-me");
    await waitFor(() => expect(sees("unsigned-banner")).toBe(false));
    expect(author(backend)).toBe("Ana Ruiz");
  });
});
