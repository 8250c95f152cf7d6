import { describe, expect, it } from "vitest";
import type { Body, Inspection } from "../../shared/model";
import { open, see, sees, tap, text, type, value, waitFor } from "../testing/app";
import { SCRIBBLE } from "../testing/data";
import { MemoryBackend } from "../testing/memory";

const saved = (backend: MemoryBackend, id = "rec-open") => backend.records.get(id)?.body.body as Inspection;
const results = (backend: MemoryBackend) => saved(backend).items.map(({ result }) => result ?? "–");

describe("an inspection", () => {
  it("is begun from a template", async () => {
    const backend = open();
    await tap("new-inspection");
    await tap("template-us_dvir");
    await type("field-equipment-number", "t-7");
    await waitFor(() => expect(saved(backend, "rec-new-1").equipment).toMatchObject({ class: "tractor", number: "T-7" }));
  });

  it("leads back to the list once it is begun, not to choosing again", async () => {
    open();
    await tap("new-inspection");
    await tap("template-us_dvir");
    await see("record-page");
    await tap("back");
    await see("work-list");
  });

  it("keeps every answer the moment it is given", async () => {
    const backend = open(new MemoryBackend(), "inspection/rec-open/items");
    await tap("item-horn-fail_major");
    expect(results(backend)[5]).toBe("fail_major");
    await see("major-note");
    await type("item-horn-note", "silent");
    await waitFor(() => expect(saved(backend).items[5]?.note).toBe("silent"));
  });

  it("asks for a note where something failed, and nowhere else", async () => {
    open(new MemoryBackend(), "inspection/rec-open/items");
    await see("item-tires-note");
    expect(sees("item-horn-note")).toBe(false);
    await tap("item-horn-fail_minor");
    await see("item-horn-note");
    await tap("item-horn-pass");
    await waitFor(() => expect(sees("item-horn-note")).toBe(false));
  });

  it("marks the rest as pass, and takes exactly that back", async () => {
    const backend = open(new MemoryBackend(), "inspection/rec-open/items");
    const before = (await see("items-progress")).textContent;
    await tap("rest-pass");
    await waitFor(() => expect(results(backend).filter((it) => it === "pass")).toHaveLength(10));
    expect(results(backend)[4]).toBe("fail_minor");
    await tap("rest-pass-undo");
    await waitFor(() => expect(results(backend).filter((it) => it === "–")).toHaveLength(6));
    expect((await see("items-progress")).textContent).toBe(before);
  });

  it("does not move what is being typed when the tidied answer comes back", async () => {
    const backend = open(new MemoryBackend(), "inspection/rec-open/vehicle");
    const field = await type("field-equipment-number", "trl 9");
    await waitFor(() => expect(saved(backend).equipment.number).toBe("TRL9"));
    expect(field.value).toBe("trl 9");
    field.blur();
    await waitFor(() => expect(field.value).toBe("TRL9"));
  });

  it("lists what is missing; each line leads to its field", async () => {
    const backend = open(new MemoryBackend(), "inspection/rec-open/review");
    expect(await text("missing-list")).toContain("7 things are still missing");
    const line = [...(await see("missing-list")).querySelectorAll("button")].find((it) => it.textContent?.includes("Horn"));
    line?.click();
    await see("item-horn");
    await waitFor(() => expect(backend.state.place).toBe("inspection/rec-open/items/horn"));
  });

  it("is not handed in while something is missing", async () => {
    const backend = open(new MemoryBackend(), "inspection/rec-open/review");
    await tap("submit");
    await see("missing-list");
    expect(saved(backend).submitted).toBeUndefined();
  });

  it("is handed in when all is there, and the list says so", async () => {
    const backend = new MemoryBackend();
    const record = backend.records.get("rec-open");
    if (record?.body.kind !== "inspection") throw new Error("no such record");
    const items = record.body.body.items.map((item) => (item.result ? item : { ...item, result: "pass" as const }));
    const body: Body = {
      kind: "inspection",
      body: {
        ...record.body.body,
        items,
        signatures: [{ role: "author_driver", name: "Ana Ruiz", signed_at: "2026-03-04T20:00:00Z", strokes: SCRIBBLE }],
      },
    };
    backend.records.set("rec-open", { ...record, body });
    open(backend, "inspection/rec-open/review");
    await tap("submit");
    expect(await text("confirmation")).toContain("Handed in");
    expect(saved(backend).submitted).toBeDefined();
    expect(backend.state.place).toBe("work");
  });

  it("says calmly who else has it open", async () => {
    open(new MemoryBackend(), "inspection/rec-open/items");
    expect(await text("also-open")).toBe("Maria Torres has this open since 14:05");
    expect(((await see("item-horn-pass")) as HTMLButtonElement).disabled).toBe(false);
  });

  it("offers the operator's name as the driver's, and keeps another that is typed", async () => {
    const backend = open(new MemoryBackend(), "inspection/rec-open/sign");
    expect(await value("signature-name-author_driver")).toBe("Ana Ruiz");
    await type("signature-name-author_driver", "Luis Vega");
    await waitFor(() => expect(saved(backend).signatures?.[0]).toMatchObject({ name: "Luis Vega", strokes: [] }));
    expect(saved(backend).signatures?.[0]?.operator_id).toBeUndefined();
  });
});

describe("an inspection that was handed in", () => {
  it("is for reading, and is unlocked only with a warning about its signatures", async () => {
    const backend = open(new MemoryBackend(), "inspection/rec-done");
    await see("correct");
    expect(sees("step-items")).toBe(false);
    await tap("correct");
    expect(await text("correct-sheet")).toContain("must be given again");
    await tap("correct-confirm");
    await type("field-remarks", "odometer read again");
    await waitFor(() => expect(saved(backend, "rec-done").signatures).toBeUndefined());
  });

  it("is struck out with a reason, and only with one", async () => {
    const backend = open(new MemoryBackend(), "inspection/rec-done");
    await tap("record-menu");
    await tap("void-open");
    expect(((await see("void-confirm")) as HTMLButtonElement).disabled).toBe(true);
    await type("void-reason", "Wrong vehicle");
    await tap("void-confirm");
    expect(await text("voided-note")).toBe("Struck out: Wrong vehicle");
    expect(backend.records.get("rec-done")?.state).toBe("voided");
    expect(sees("correct")).toBe(false);
  });
});

it("follows a change of the server and says whose it is", async () => {
  const backend = open(new MemoryBackend(), "inspection/rec-open/vehicle");
  await see("field-remarks");
  const record = backend.records.get("rec-open");
  if (!record) throw new Error("no such record");
  const body = { ...record.body, body: { ...record.body.body, remarks: "Seen at gate 4" } } as Body;
  backend.records.set("rec-open", { ...record, body, operator_name: "Maria Torres", changed_at: "2026-03-04T20:06:00Z" });
  backend.emitChange();
  expect(await text("updated-by")).toBe("Updated by Maria Torres");
  expect(await value("field-remarks")).toBe("Seen at gate 4");
});

it("tells when a record is no longer on the device", async () => {
  open(new MemoryBackend(), "inspection/gone/items");
  expect(await text("record-gone")).toContain("no longer on the device");
  await tap("back-to-list");
  await see("work-list");
});

describe("a record that somebody else changed while it was open", () => {
  it("says so, and asks what is to be kept", async () => {
    const backend = new MemoryBackend();
    backend.meet("rec-open");
    open(backend, "inspection/rec-open/items");
    expect(await text("met")).toContain("Héctor Salinas changed this record");
    await tap("met-mine");
    await waitFor(() => expect(sees("met")).toBe(false));
    expect(backend.kept).toEqual(["mine"]);
  });

  it("asks once more before what was entered is dropped", async () => {
    const backend = new MemoryBackend();
    backend.meet("rec-open");
    open(backend, "inspection/rec-open/items");
    await tap("met-theirs");
    expect(await text("theirs-sheet")).toContain("What you entered since then is dropped");
    expect(backend.kept).toEqual([]);
    await tap("theirs-confirm");
    await waitFor(() => expect(sees("met")).toBe(false));
    expect(backend.kept).toEqual(["theirs"]);
    await waitFor(() => expect(sees("theirs-sheet")).toBe(false));
  });
});

describe("a correction", () => {
  it("says that the report stays in force, and can be discarded", async () => {
    const backend = new MemoryBackend();
    const stored = backend.records.get("rec-open");
    if (!stored) throw new Error("no such record");
    backend.records.set("rec-open", { ...stored, correcting: true, can_discard: true });
    open(backend, "inspection/rec-open/items");
    expect(await text("correcting")).toContain("stays in force as it was signed");
    await tap("discard-correction");
    await see("discard-sheet");
    expect(await text("discard-sheet")).toContain("Discard the correction");
  });

  it("that waits for its report says so, and offers nothing that cannot help", async () => {
    const backend = new MemoryBackend();
    const stored = backend.records.get("rec-open");
    if (!stored) throw new Error("no such record");
    const rejection = { path: null, message: "The report that this corrects is in another yard." };
    backend.records.set("rec-open", { ...stored, correcting: true, can_discard: true, rejection });
    open(backend, "inspection/rec-open/items");
    expect(await text("waits-banner")).toContain("in another yard");
    expect(sees("send-again") || sees("rejection-banner")).toBe(false);
    await see("discard-correction");
    await tap("record-menu");
    await see("menu-discard");
    expect(sees("void-open")).toBe(false);
  });
});
