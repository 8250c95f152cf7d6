import { describe, expect, it } from "vitest";
import type { CarrierRef, CarrierView, EquipmentRef, EquipmentView } from "../../shared/model";
import { cameWithCarrier, cameWithUnit, carrierNamed, carrierPicked, unitNumbered, unitPicked } from "./picks";

const RIO: CarrierView = { id: "rio", name: "Río Bravo Freight", scac: "RBFT", usdot: "1234567" };
const TRAILER: EquipmentView = {
  id: "px",
  equipment: { class: "trailer", number: "PX-20931", equipment_id: "px", size_type: "45G1" },
  plate: { number: "P12 3456", region: "TX" },
  owner: "",
};
const UNIT: EquipmentRef = { ...TRAILER.equipment, plate: { number: "P12 3456", region: "TX" } };

/** The record after a change, as it is saved. */
const after = <Ref extends object>(now: Ref, change: Partial<Ref>) =>
  JSON.parse(JSON.stringify({ ...now, ...change })) as Ref;

describe("a carrier that was picked", () => {
  const came = cameWithCarrier(RIO);
  const picked = after({ name: "R" } as CarrierRef, carrierPicked({ name: "R" }, RIO, undefined));

  it("takes its codes along when another name is typed over its own", () => {
    expect(picked).toEqual({ carrier_id: "rio", name: "Río Bravo Freight", scac: "RBFT", usdot: "1234567" });
    expect(after(picked, carrierNamed(picked, "Acme Haulage", came))).toEqual({ name: "Acme Haulage" });
  });

  it("leaves what a person typed", () => {
    const typed = { ...picked, scac: "ACMH" };
    expect(after(typed, carrierNamed(typed, "Acme", came))).toEqual({ name: "Acme", scac: "ACMH" });
    const byHand = { name: "A", scac: "ACMH", usdot: "9" };
    expect(after(byHand, carrierNamed(byHand, "Ac", undefined))).toEqual({ ...byHand, name: "Ac" });
  });

  it("is known by its codes however the store spells them", () => {
    const asSaved = { ...picked, scac: "rb ft" };
    expect(after(asSaved, carrierNamed(asSaved, "Acme", came))).toEqual({ name: "Acme" });
  });

  it("takes all of them along where nobody knows any more what it came with", () => {
    expect(after(picked, carrierNamed(picked, "Acme", undefined))).toEqual({ name: "Acme" });
  });

  it("leaves nothing of itself to the one that is picked after it", () => {
    const bare: CarrierView = { id: "acme", name: "Acme", scac: null, usdot: null };
    expect(after(picked, carrierPicked(picked, bare, came))).toEqual({ carrier_id: "acme", name: "Acme" });
  });
});

describe("a unit that was picked", () => {
  const came = cameWithUnit(TRAILER);

  it("takes plate and size along when another number is typed over its own", () => {
    expect(after(UNIT, unitNumbered(UNIT, "TRL-5555", came))).toEqual({ class: "trailer", number: "TRL-5555" });
  });

  it("leaves the part of a plate that a person typed", () => {
    const typed = { ...UNIT, plate: { number: "P99", region: "TX" } };
    expect(after(typed, unitNumbered(typed, "T", came))).toMatchObject({ plate: { number: "P99", region: "" } });
  });

  it("leaves all of a plate that was typed beside a typed number, but no reason for the old one", () => {
    const byHand: EquipmentRef = { class: "trailer", number: "T", plate: { number: "P", region: "" }, override_reason: "so" };
    expect(after(byHand, unitNumbered(byHand, "TR", undefined))).toEqual({
      class: "trailer",
      number: "TR",
      plate: { number: "P", region: "" },
    });
  });

  it("gives way whole to the one that is picked after it, and what was typed stays", () => {
    const bare: EquipmentRef = { class: "chassis", number: "CH-1", equipment_id: "ch" };
    expect(after(UNIT, unitPicked(UNIT, bare, came))).toEqual(bare);
    const byHand: EquipmentRef = { class: "trailer", number: "C", plate: { number: "P9", region: "TX" } };
    expect(after(byHand, unitPicked(byHand, bare, undefined))).toEqual({ ...bare, plate: { number: "P9", region: "TX" } });
  });
});
