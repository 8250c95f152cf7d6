import type { CarrierRef, CarrierView, EquipmentRef, EquipmentView, Picked, Plate } from "../../shared/model";

/**
 * What is picked comes with codes, a plate, a size. When another name or number is typed over it, or something else is
 * picked, they leave with it; what a person typed beside it stays. `came` is what the reference data say of what was
 * picked; where nobody knows that any more, everything beside the name or number counts as having come with it, because a
 * code that is missing is asked for, and another carrier's is not noticed.
 *
 * Each answers a change: `undefined` takes a field away.
 */
export function carrierNamed(now: CarrierRef | undefined, name: string, came: Picked | undefined): Partial<CarrierRef> {
  return { ...carrierLeaves(now, came), name };
}

export function carrierPicked(
  now: CarrierRef | undefined,
  { id, name, scac, usdot }: CarrierView,
  came: Picked | undefined,
): Partial<CarrierRef> {
  return { ...carrierLeaves(now, came), carrier_id: id, name, ...(scac ? { scac } : {}), ...(usdot ? { usdot } : {}) };
}

export function unitNumbered(now: EquipmentRef | undefined, number: string, came: Picked | undefined): Partial<EquipmentRef> {
  return { ...unitLeaves(now, came), number };
}

export function unitPicked(
  now: EquipmentRef | undefined,
  picked: EquipmentRef,
  came: Picked | undefined,
): Partial<EquipmentRef> {
  return { ...unitLeaves(now, came), ...picked };
}

export function cameWithCarrier({ id, scac, usdot }: CarrierView): Picked {
  return { id, scac, usdot, plate: null, size_type: null };
}

export function cameWithUnit({ id, equipment, plate }: EquipmentView): Picked {
  return { id, scac: null, usdot: null, plate: equipment.plate ?? plate, size_type: equipment.size_type ?? null };
}

function carrierLeaves(now: CarrierRef | undefined, came: Picked | undefined): Partial<CarrierRef> {
  if (!now?.carrier_id) return {};
  return {
    carrier_id: undefined,
    ...(isFrom(came, now.scac, came?.scac) ? { scac: undefined } : {}),
    ...(isFrom(came, now.usdot, came?.usdot) ? { usdot: undefined } : {}),
  };
}

function unitLeaves(now: EquipmentRef | undefined, came: Picked | undefined): Partial<EquipmentRef> {
  // Another number is another unit: the reason why the old one was kept says nothing of it.
  const leaves: Partial<EquipmentRef> = { override_reason: undefined };
  if (!now?.equipment_id) return leaves;
  return {
    ...leaves,
    equipment_id: undefined,
    plate: typedOf(now.plate, came),
    ...(isFrom(came, now.size_type, came?.size_type) ? { size_type: undefined } : {}),
  };
}

/** The part of a plate that did not come with the unit. */
function typedOf(plate: Plate | null | undefined, came: Picked | undefined): Plate | undefined {
  if (!plate) return undefined;
  const number = isFrom(came, plate.number, came?.plate?.number) ? "" : plate.number;
  const region = isFrom(came, plate.region, came?.plate?.region) ? "" : plate.region;
  return number === "" && region === "" ? undefined : { number, region };
}

function isFrom(came: Picked | undefined, now: string | null | undefined, then: string | null | undefined): boolean {
  return came === undefined || tidy(now) === tidy(then);
}

/** The store tidies what is saved: capitals, and no blanks. */
function tidy(text: string | null | undefined): string {
  return (text ?? "").replaceAll(/\s/g, "").toUpperCase();
}
