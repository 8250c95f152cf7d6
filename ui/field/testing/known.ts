import type { Body, CarrierRef, CarrierView, EquipmentRef, EquipmentView, Picked, Problem } from "../../shared/model";
import { cameWithCarrier, cameWithUnit } from "../state/picks";

/** What is known already of what a body names, as the store has it: see the client's `store/known.rs`. */
export function knownOtherwise(body: Body, known: readonly CarrierView[]): Problem[] {
  return carriers(body).flatMap(([path, { name, scac, usdot }]) => {
    const warn = (field: "scac" | "usdot", code: string | null | undefined, what: string): Problem[] => {
      const owners = code ? known.filter((carrier) => carrier[field] === code.trim().toUpperCase()) : [];
      const first = owners[0];
      if (!first || name.trim() === "" || owners.some((owner) => folded(owner.name) === folded(name))) return [];
      const message = `Check the carrier: ${code} is known as the ${what} of ${first.name}.`;
      return [{ path: `${path}/${field}`, severity: "warning", code: "known_otherwise", message }];
    };
    return [...warn("scac", scac, "SCAC"), ...warn("usdot", usdot, "USDOT number")];
  });
}

export function pickedIn(body: Body, known: readonly CarrierView[], units: readonly EquipmentView[]): Picked[] {
  const ids = [
    ...carriers(body).map(([, carrier]) => carrier.carrier_id),
    ...equipment(body).map((unit) => unit.equipment_id),
  ];
  return [...known.map(cameWithCarrier), ...units.map(cameWithUnit)].filter(({ id }) => ids.includes(id));
}

function carriers(body: Body): [string, CarrierRef][] {
  const named: [string, CarrierRef | null | undefined][] =
    body.kind === "gate_event"
      ? [["/carrier", body.body.carrier]]
      : body.kind === "inspection"
        ? [
            ["/motor_carrier", body.body.motor_carrier],
            ["/equipment_provider", body.body.equipment_provider],
          ]
        : body.kind === "interchange"
          ? [
              ["/releasing", body.body.releasing],
              ["/receiving", body.body.receiving],
              ["/equipment_provider", body.body.equipment_provider],
            ]
          : [];
  return named.flatMap(([path, carrier]) => (carrier ? [[path, carrier] as [string, CarrierRef]] : []));
}

function equipment(body: Body): EquipmentRef[] {
  if (body.kind === "inspection") return [body.body.equipment];
  if (body.kind === "gate_event") return body.body.equipment;
  if (body.kind !== "interchange") return [];
  return [...(body.body.tractor ? [body.body.tractor] : []), ...body.body.equipment];
}

function folded(name: string): string {
  return name.normalize("NFKD").replaceAll(/[^\p{L}\p{N}]/gu, "").toLowerCase();
}
