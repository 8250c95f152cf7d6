import { describe, expect, it } from "vitest";
import type { Body, CarrierRef, EquipmentRef } from "../../shared/model";
import { fieldId, getAt } from "../../shared/pointer";
import { blankInspection, INTERMODAL } from "../testing/data";
import { open, see, tap, text, type, waitFor } from "../testing/app";
import { MemoryBackend } from "../testing/memory";

const INTERCHANGE: Body = {
  kind: "interchange",
  body: {
    movement: "in_gate",
    releasing: { name: "" },
    receiving: { name: "" },
    driver: { name: "" },
    equipment: [],
    recorded_images: false,
  },
};
const GATE: Body = {
  kind: "gate_event",
  body: { direction: "in", equipment: [], driver: { name: "" }, carrier: { name: "" } },
};

/** The page of a record that says that, at a step. */
function shows(body: Body, step: string): MemoryBackend {
  const backend = new MemoryBackend();
  backend.records.set("rec", { id: "rec", body, operator_name: "Ana Ruiz", changed_at: "2026-03-04T19:52:00Z" });
  return open(backend, `${body.kind}/rec/${step}`);
}

const said = (backend: MemoryBackend, path: string) => getAt(backend.records.get("rec")?.body.body, path);

const CARRIERS: [Body, string, string][] = [
  [GATE, "form", "/carrier"],
  [INTERCHANGE, "parties", "/releasing"],
  [INTERCHANGE, "parties", "/receiving"],
  [INTERCHANGE, "equipment", "/equipment_provider"],
  [blankInspection(INTERMODAL), "vehicle", "/motor_carrier"],
  [blankInspection(INTERMODAL), "vehicle", "/equipment_provider"],
];

const UNITS: [Body, string, string, string][] = [
  [GATE, "form", "/equipment/0", "trl"],
  [INTERCHANGE, "equipment", "/equipment/0", "trl"],
  [INTERCHANGE, "equipment", "/tractor", "t-118"],
  [blankInspection(INTERMODAL), "vehicle", "/equipment", "trl"],
];

describe.each(CARRIERS)("a carrier that was picked in a %j, %s, %s", (body, step, path) => {
  const field = (name: string) => fieldId(`${path}/${name}`);

  it("takes its codes along when another name is typed over it", async () => {
    const backend = shows(body, step);
    await type(field("name"), "sier");
    await tap(`${field("name")}-option-0`);
    await waitFor(() => expect(said(backend, path)).toMatchObject({ scac: "SCNN", usdot: "2217641" }));
    await type(field("name"), "Acme Haulage");
    await waitFor(() => expect(said(backend, path)).toEqual({ name: "Acme Haulage" }));
  });

  it("leaves the code that a person typed over its own", async () => {
    const backend = shows(body, step);
    await type(field("name"), "sier");
    await tap(`${field("name")}-option-0`);
    await type(field("scac"), "ACMH");
    await type(field("name"), "Acme Haulage");
    await waitFor(() => expect(said(backend, path)).toEqual({ name: "Acme Haulage", scac: "ACMH" }));
  });
});

describe.each(UNITS)("a unit that was picked in a %j, %s, %s", (body, step, path, query) => {
  const number = fieldId(`${path}/number`);

  it("takes its plate along when another number is typed over its own, and leaves what a person typed", async () => {
    const backend = shows(body, step);
    await type(number, query);
    await tap(`${number}-option-0`);
    await waitFor(() => expect((said(backend, path) as EquipmentRef).plate?.number).toBeTruthy());
    await type(number, "TRL-5555");
    await waitFor(() => expect((said(backend, path) as EquipmentRef).number).toBe("TRL-5555"));
    expect(said(backend, path)).toEqual({ class: (said(backend, path) as EquipmentRef).class, number: "TRL-5555" });
    await type(fieldId(`${path}/plate/number`), "P99");
    await type(number, "TRL-6666");
    await waitFor(() => expect(said(backend, path)).toMatchObject({ number: "TRL-6666", plate: { number: "P99" } }));
  });
});

it("is told by the store after a restart, when the page does not know any more what came with it", async () => {
  const carrier: CarrierRef = { carrier_id: "carrier-2", name: "Lone Star Drayage", scac: "LSDG", usdot: "777" };
  const backend = shows({ ...GATE, body: { ...GATE.body, carrier } } as Body, "form");
  await type("field-carrier-name", "Lone Wolf");
  await waitFor(() => expect(said(backend, "/carrier")).toEqual({ name: "Lone Wolf", usdot: "777" }));
});

it("warns of a code that is known under another name", async () => {
  shows(GATE, "form");
  await type("field-carrier-name", "Acme Haulage");
  await type("field-carrier-scac", "LSDG");
  (await see("field-carrier-scac")).blur();
  await waitFor(async () =>
    expect(await text("field-carrier-scac-problem")).toBe(
      "Check the carrier: LSDG is known as the SCAC of Lone Star Drayage.",
    ),
  );
});
