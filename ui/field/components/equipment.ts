import type { EquipmentClass, EquipmentRef, EquipmentView, Picked } from "../../shared/model";
import { containerNumber, isProved } from "../../shared/iso6346";
import { t } from "../../shared/strings";
import { cameWithUnit } from "../state/picks";

export interface EquipmentOption {
  key: string;
  title: string;
  detail: string;
  unit: EquipmentRef;
  /** What comes with it. */
  came: Picked;
}

/** A container's owner, its first four letters; nothing while the text is not built like its number. */
export function ownerIn(text: string): string | undefined {
  return containerNumber(text)?.slice(0, 4);
}

/**
 * What sort a number is of by itself: that of what is known of the same owner, else an ISO container if its check digit
 * proves it. Boxes of domestic owners are numbered alike, so that anything less proves nothing.
 */
export function sortOf(text: string, known: readonly EquipmentRef[]): EquipmentClass | undefined {
  const number = containerNumber(text);
  if (!number) return undefined;
  const sorts = known.filter((unit) => ownerIn(unit.number) === number.slice(0, 4)).map((unit) => unit.class);
  const owned = CONTAINERS.find((sort) => sorts.includes(sort));
  return owned ?? (isProved(number) ? "iso_container" : undefined);
}

/** Sorts of container that a number may be of, for a person to say which, where it is not taken for one of them already. */
export function containersToOffer(text: string, taken: EquipmentClass): EquipmentClass[] {
  const number = containerNumber(text);
  if (!number) return [];
  return CONTAINERS.filter((sort) => sort !== taken && (sort === "iso_container" || number[3] === "U"));
}

const CONTAINERS = ["iso_container", "domestic_container"] as const;

/** What is offered for a number: known equipment of a sort that may stand here. */
export function equipmentOptions(
  found: readonly EquipmentView[],
  classes: readonly EquipmentClass[],
): EquipmentOption[] {
  return found
    .filter(({ equipment }) => classes.length === 0 || classes.includes(equipment.class))
    .map((view) => [view, cameWithUnit(view)] as const)
    .map(([{ id, equipment, plate, owner }, came]) => ({
      key: id,
      came,
      title: equipment.number,
      detail: [t.equipment.classes[equipment.class], owner, plate && `${plate.number} ${plate.region}`.trim()]
        .filter(Boolean)
        .join(" · "),
      unit: plate && !equipment.plate ? { ...equipment, plate } : equipment,
    }));
}
