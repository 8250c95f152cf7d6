import { fireEvent } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { Body, RecordView } from "../../shared/model";
import { fieldId } from "../../shared/pointer";
import { choose, open, see, sees, tap, text, type, waitFor } from "../testing/app";
import { blankInspection, DVIR, SCRIBBLE } from "../testing/data";
import { MemoryBackend } from "../testing/memory";

const at = "2026-03-04T17:58:00Z";
const carrier = { name: "Lone Star", scac: "LSDG", usdot: "884512" };
const unit = (sort: "trailer" | "iso_container" | "tractor") =>
  ({ class: sort, number: "U-1", plate: { number: "P1", region: "TX" }, size_type: "45G1", override_reason: "so" }) as const;
const driver = { name: "Luis Vega", licence_number: "1", licence_region: "TX" };
const signed = (role: "author_driver" | "repair_certifier" | "releasing" | "receiving") =>
  ({ role, name: "Luis Vega", signed_at: at, strokes: SCRIBBLE }) as const;

const FULL: Body[] = [
  {
    kind: "inspection",
    body: {
      ...(blankInspection(DVIR).body as Extract<Body, { kind: "inspection" }>["body"]),
      equipment: unit("iso_container"),
      motor_carrier: carrier,
      equipment_provider: carrier,
      odometer: { value: 1, unit: "mi" },
      items: [{ key: "horn", result: "pass", note: "loud" }],
      remarks: "none",
      signatures: [signed("author_driver"), signed("repair_certifier"), signed("releasing")],
    },
  },
  {
    kind: "gate_event",
    body: {
      direction: "in",
      occurred_at: at,
      lane: "4",
      equipment: [unit("trailer"), unit("iso_container")],
      load: "loaded",
      seals: [{ number: "A", condition: "intact", class: "H", affixed_by: "shipper" }],
      driver,
      carrier,
      reference: "BK",
      remarks: "none",
    },
  },
  {
    kind: "interchange",
    body: {
      movement: "in_gate",
      receipt_number: "R",
      releasing: carrier,
      receiving: carrier,
      equipment_provider: carrier,
      driver,
      tractor: unit("tractor"),
      equipment: [unit("iso_container")],
      load: "loaded",
      gross_weight_kg: 1,
      reference: "BK",
      seals: [{ number: "A", condition: "intact" }],
      damage: [{ view: "left", damage_type: "dent", component: "door", size: "1", remark: "old" }],
      tires: [{ position: "LOF", condition: "good", tread_32nds: 9, brand: "Toro" }],
      recorded_images: true,
      remarks: "none",
      signatures: [signed("releasing"), signed("author_driver")],
      refusal: { role: "receiving", reason: "hurry" },
    },
  },
];

/** Every place in a body, the lists and groups included. */
function pointers(value: unknown, here = ""): string[] {
  if (value === null || typeof value !== "object") return [here];
  const below = Object.entries(value).filter(([name]) => name !== "strokes");
  return [here, ...below.flatMap(([name, it]) => pointers(it, `${here}/${name}`))];
}

/** A record of which exactly that is missing. */
class Lacking extends MemoryBackend {
  constructor(readonly path: string) {
    super();
  }

  override async record(id: string): Promise<RecordView> {
    const view = await super.record(id);
    const missing = [{ path: this.path, severity: "error", code: "required", message: "Mend this." } as const];
    return { ...view, stage: "open", problems: [], missing };
  }
}

/** Texts of the pages' own, under the ids of their fields. */
const OF_ITS_OWN = /\/(number|region|size_type|override_reason|name|scac|usdot|licence_\w+|lane|reference|remarks|remark|receipt_number|reason|component|size|occurred_at|value|gross_weight_kg|class|condition|affixed_by|view|damage_type)$/;
const ELSEWHERE = /^\/(template|signatures|tires|items)\//;

describe.each(FULL)("each line of what is missing in a full $kind", (body) => {
  it.each(pointers(body.body).map((path) => [path]))("leads to a control: %s", async (path) => {
    const backend = new Lacking(path);
    backend.records.set("rec", { id: "rec", body, operator_name: "Ana Ruiz", changed_at: at });
    open(backend, `${body.kind}/rec/${body.kind === "gate_event" ? "form" : "review"}`);
    if (body.kind === "gate_event") await tap("submit");
    const line = (await see("missing-list")).querySelector("button");
    if (!line) throw new Error("there is no line");
    await fireEvent.click(line);
    await waitFor(() => {
      expect(document.activeElement?.matches("main input, main select, main textarea, main button")).toBe(true);
      if (OF_ITS_OWN.test(path) && !ELSEWHERE.test(path)) expect(document.activeElement?.id).toBe(fieldId(path));
    });
  });
});

describe("a plate that was entered before another sort was chosen", () => {
  it("stays on the page, and its line leads to it", async () => {
    open();
    await tap("new-gate-in");
    await type("field-equipment-0-number", "TRL-1");
    await type("field-equipment-0-plate-number", "P_1");
    await choose("field-equipment-0-class", "iso_container");
    expect(sees("field-equipment-0-plate-number")).toBe(true);
    await tap("submit");
    expect(await text("missing-list")).toContain("Correct the plate");
    const lines = [...(await see("missing-list")).querySelectorAll("button")];
    const line = lines.find((it) => it.textContent?.includes("Correct the plate"));
    if (!line) throw new Error("there is no such line");
    await fireEvent.click(line);
    await waitFor(() => expect(document.activeElement?.id).toBe("field-equipment-0-plate-number"));
    // Emptied, it stays until the page is left: it would vanish under the cursor.
    await type("field-equipment-0-plate-number", "");
    expect(sees("field-equipment-0-plate-number")).toBe(true);
  });

  it("is not asked for where nothing was entered", async () => {
    open();
    await tap("new-gate-in");
    await choose("field-equipment-0-class", "iso_container");
    await waitFor(() => expect(sees("field-equipment-0-size_type")).toBe(true));
    expect(sees("field-equipment-0-plate-number")).toBe(false);
  });
});
