import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Body, RecordView } from "../../shared/model";
import { MemoryBackend } from "../testing/memory";
import { RecordSession } from "./session.svelte";

/** A store whose saves wait until the test lets them go. */
class SlowBackend extends MemoryBackend {
  waiting: (() => void)[] = [];
  bodies: Body[] = [];

  override async save(id: string, body: Body, shown: string): Promise<RecordView> {
    this.bodies.push(body);
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    return super.save(id, body, shown);
  }
}

const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

let backend: SlowBackend;

async function open(id: string): Promise<RecordSession> {
  return new RecordSession(backend, await backend.record(id));
}

async function release(): Promise<void> {
  backend.waiting.shift()?.();
  await settled();
}

beforeEach(() => {
  backend = new SlowBackend();
});

describe("an open record", () => {
  it("is not overwritten by the answer to an older edit", async () => {
    const session = await open("rec-open");
    session.set("/remarks", "a");
    session.set("/remarks", "ab");
    await release();
    expect(session.text("/remarks")).toBe("ab");
    await release();
    expect(session.text("/remarks")).toBe("ab");
    expect(backend.bodies.map((body) => (body.body as { remarks: string }).remarks)).toEqual(["a", "ab"]);
    expect(session.dirty).toBe(false);
  });

  it("takes over the tidied spelling once nothing newer was typed", async () => {
    const session = await open("rec-open");
    session.set("/equipment/number", "trl 9");
    expect(session.text("/equipment/number")).toBe("trl 9");
    await release();
    expect(session.text("/equipment/number")).toBe("TRL9");
  });

  it("shows a change of the server when there are no edits of its own, and says by whom", async () => {
    const session = await open("rec-open");
    const stored = backend.records.get("rec-open");
    if (!stored || stored.body.kind !== "inspection") throw new Error("no such record");
    const body: Body = { ...stored.body, body: { ...stored.body.body, remarks: "seen" } };
    backend.records.set("rec-open", { ...stored, body, operator_name: "Maria Torres", changed_at: "2026-03-04T20:04:00Z" });
    await session.refresh();
    expect([session.text("/remarks"), session.updatedBy]).toEqual(["seen", "Maria Torres"]);
    session.set("/remarks", "mine");
    expect(session.updatedBy).toBeNull();
  });

  it("is saved on the state that it shows, and then on what that save made of it", async () => {
    const session = await open("rec-open");
    const drawn = session.view.write_id;
    session.set("/remarks", "a");
    session.set("/remarks", "ab");
    await release();
    await release();
    expect(backend.shown[0]).toBe(drawn);
    expect(backend.shown[1]).not.toBe(drawn);
    expect(session.view.write_id).not.toBe(backend.shown[1]);
  });

  it("says what is to be kept of two changes that met, once everything is saved", async () => {
    const session = await open("rec-open");
    session.set("/remarks", "mine");
    const keeping = session.keep("mine");
    await settled();
    expect(backend.kept).toEqual([]);
    await release();
    await keeping;
    expect(backend.kept).toEqual(["mine"]);
  });

  it("keeps edits that are not saved yet when the store changes", async () => {
    const session = await open("rec-open");
    session.set("/remarks", "mine");
    await session.refresh();
    expect(session.text("/remarks")).toBe("mine");
  });

  it("keeps an edit made while the newer state was being read", async () => {
    const session = await open("rec-open");
    const reading = session.refresh();
    session.set("/remarks", "mine");
    await reading;
    expect(session.text("/remarks")).toBe("mine");
  });

  it("does not take its own save for somebody else's change", async () => {
    const session = await open("rec-open");
    session.set("/remarks", "mine");
    await release();
    await session.refresh();
    expect(session.updatedBy).toBeNull();
  });

  it("keeps everything typed when a save fails, and is saved by the next one", async () => {
    const session = await open("rec-open");
    backend.saveFails = { code: "disk_full", message: "This device is out of space.", retry: true };
    session.set("/remarks", "kept");
    await release();
    expect([session.error?.code, session.text("/remarks"), session.dirty]).toEqual(["disk_full", "kept", true]);
    backend.saveFails = null;
    session.set("/remarks", "kept on");
    await release();
    expect([session.error, session.dirty]).toEqual([null, false]);
  });

  it("is not handed in before its last edit is saved", async () => {
    const session = await open("rec-open");
    backend.saveFails = { code: "disk_full", message: "This device is out of space.", retry: true };
    session.set("/remarks", "kept");
    const submitting = session.submit();
    await release();
    expect(await submitting).toBeNull();
  });

  it("hands in what was typed while it was being handed in", async () => {
    const session = await open("rec-open");
    const handedIn: string[] = [];
    vi.spyOn(backend, "submit").mockImplementation(async (id) => {
      if (handedIn.length === 0) session.set("/remarks", "late");
      const record = await backend.record(id);
      handedIn.push((record.body.body as { remarks?: string }).remarks ?? "");
      return { submitted: true, record };
    });
    const submitting = session.submit();
    await settled();
    expect(session.text("/remarks")).toBe("late");
    await release();
    expect((await submitting)?.submitted).toBe(true);
    expect([handedIn.at(-1), session.text("/remarks"), session.dirty]).toEqual(["late", "late", false]);
  });

  it("is read only once handed in, until it is to be corrected", async () => {
    const session = await open("rec-done");
    session.set("/remarks", "no");
    expect([session.editable, backend.bodies.length]).toEqual([false, 0]);
    session.correcting = true;
    session.set("/remarks", "yes");
    expect(session.editable).toBe(true);
    await release();
    expect(session.draft.body).not.toHaveProperty("signatures");
    expect(session.view.stage).toBe("filled");
  });

  it("stays read only when struck out, whatever happens", async () => {
    const session = await open("rec-void");
    session.correcting = true;
    session.set("/remarks", "no");
    expect([session.editable, backend.bodies.length]).toEqual([false, 0]);
  });

  it("tells what is missing at the fields only after submitting was tried", async () => {
    const session = await open("rec-open");
    expect(session.problem("/items/5/result")).toBeUndefined();
    await session.submit();
    expect(session.problem("/items/5/result")?.message).toBe('Answer "Horn".');
  });
});
