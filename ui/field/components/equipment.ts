import type { EquipmentClass, EquipmentRef, EquipmentView, Picked } from "../../shared/model";
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

/** Four letters ending in a category and at least six digits: a container with a check digit, in any spelling. */
export function looksLikeIso(text: string): boolean {
  return /^[A-Z]{3}[UJZR]\d{6,7}$/.test(text.toUpperCase().replaceAll(/[\s-]/g, ""));
}

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
