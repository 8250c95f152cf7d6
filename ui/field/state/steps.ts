import type { Body, Inspection, Interchange, Problem, RecordView } from "../../shared/model";
import { anchorOf, isWithin, segments } from "../../shared/pointer";
import type { RecordKind, RecordPlace } from "./place";

/** The parts of each kind of record, in the order in which they are walked. */
const STEPS: Record<RecordKind, readonly string[]> = {
  inspection: ["vehicle", "items", "sign", "review"],
  gate_event: ["form"],
  interchange: ["parties", "equipment", "condition", "sign", "review"],
};

/** Which step asks for which field; the first match counts. */
const HOMES: Record<RecordKind, readonly [string, string][]> = {
  inspection: [
    ["/items", "items"],
    ["/signatures", "sign"],
    ["", "vehicle"],
  ],
  gate_event: [["", "form"]],
  interchange: [
    ["/signatures", "sign"],
    ["/refusal", "sign"],
    ["/damage", "condition"],
    ["/tires", "condition"],
    ["/recorded_images", "condition"],
    ["/remarks", "condition"],
    ["/equipment", "equipment"],
    ["/equipment_provider", "equipment"],
    ["/tractor", "equipment"],
    ["/load", "equipment"],
    ["/seals", "equipment"],
    ["/gross_weight_kg", "equipment"],
    ["", "parties"],
  ],
};

export function stepsOf(kind: RecordKind): readonly string[] {
  return STEPS[kind];
}

/** The step of a place, or the first when the address names none or one that is no more. */
export function stepOf(place: RecordPlace): string {
  const steps = STEPS[place.kind];
  return steps.find((step) => step === place.step) ?? steps[0] ?? "";
}

export function neighbour(kind: RecordKind, step: string, by: 1 | -1): string | undefined {
  return STEPS[kind][STEPS[kind].indexOf(step) + by];
}

/** Where a field is: its step, and its anchor within. Items go by their key, which outlives a changed order. */
export function locate(kind: RecordKind, body: Body, pointer: string): { step: string; anchor: string } {
  const step = HOMES[kind].find(([home]) => home === "" || isWithin(pointer, home))?.[1] ?? stepsOf(kind)[0] ?? "";
  const [list, place] = segments(pointer);
  if (kind === "inspection" && list === "items") {
    const items = (body.body as Inspection).items;
    const item = items.find(({ key }) => key === place) ?? items[Number(place)];
    return { step, anchor: item?.key ?? "" };
  }
  // What a list as a whole lacks is mended at its first line.
  if (pointer === "/equipment" && kind !== "inspection") return { step, anchor: "equipment-0-number" };
  return { step, anchor: anchorOf(pointer) };
}

/**
 * The anchor on the page that is nearest to a wanted one: itself, or what it is in. A field may have no place of its own,
 * such as the position of a tire.
 */
export function nearestAnchor(anchors: readonly string[], wanted: string): string | undefined {
  const parts = wanted.split("-");
  for (let length = parts.length; length > 0; length -= 1) {
    const anchor = parts.slice(0, length).join("-");
    if (anchors.includes(anchor)) return anchor;
  }
  return undefined;
}

/** Whether nothing is left to do at a step. */
export function isDone(kind: RecordKind, step: string, view: RecordView): boolean {
  if (step === "review") return view.stage === "submitted";
  const here = (problem: Problem) => locate(kind, view.body, problem.path).step === step;
  if (view.missing.some(here)) return false;
  return step !== "condition" || wasLookedAt(view.body.body as Interchange);
}

/** An empty list of damage says that none was seen, but not yet that anybody looked. */
function wasLookedAt({ damage, tires, recorded_images }: Interchange): boolean {
  return recorded_images || Boolean(damage?.length) || Boolean(tires?.length);
}
