import type {
  Body,
  CarrierRef,
  EquipmentRef,
  Problem,
  ProblemCode,
  Seal,
  Signature,
  SignatureRole,
  Stage,
  Template,
} from "../../shared/model";
import { checkDigit, containerNumber } from "../../shared/iso6346";
import { cleaned } from "../../shared/spelling";
import { isDrawn } from "../../shared/strokes";
import { NOW } from "./data";

/** A small likeness of the domain's rules, enough to show every page in every state. */
export function problemsOf(body: Body): Problem[] {
  const found: Problem[] = [];
  for (const [path, unit] of units(body)) {
    const number = containerNumber(unit.number) ?? cleaned(unit.number);
    if (unit.class !== "iso_container" || number === "") continue;
    if (!/^[A-Z]{3}[UJZR]\d{7}$/.test(number)) {
      const message = "Correct the container number: a container number has 4 letters, 6 digits and 1 check digit.";
      found.push(warning(`${path}/number`, "bad_format", message));
      continue;
    }
    const expected = checkDigit(number.slice(0, 10));
    const read = Number(number[10]);
    if (expected === read) continue;
    const message = unit.override_reason?.trim()
      ? `The check digit should be ${expected}, not ${read}; the number is kept for the reason you gave.`
      : `Read the container number again: its last digit should be ${expected}, not ${read}; to keep it as it is, give a reason.`;
    found.push(warning(`${path}/number`, "wrong_check_digit", message));
  }
  for (const [path, { plate }] of units(body)) {
    if (!plate?.number || /^[A-Z0-9 -]{1,12}$/.test(plate.number.toUpperCase())) continue;
    found.push(warning(`${path}/plate/number`, "bad_format", "Correct the plate: up to 12 letters, digits, blanks and hyphens."));
  }
  const weight = body.kind === "interchange" ? (body.body.gross_weight_kg ?? 0) : 0;
  if (weight > 100_000) {
    const message = `Read the gross weight again: ${weight.toLocaleString("en-US")} kg is more than 100 t.`;
    found.push(warning("/gross_weight_kg", "unlikely", message));
  }
  if (body.kind === "gate_event" && body.body.occurred_at) found.push(...timeProblems(body.body.occurred_at));
  return found;
}

function timeProblems(at: string): Problem[] {
  const told = (code: ProblemCode, message: string) => [warning("/occurred_at", code, message)];
  const year = new Date(at).getUTCFullYear();
  if (year < 2000 || year > 2100) {
    return told("time_out_of_range", "Correct when it happened: the year must be one of 2000 to 2100.");
  }
  const late = NOW - Date.parse(at);
  if (late < -300_000) return told("time_doubtful", "Look at the time again: it is later than now.");
  if (late < 2 * 86_400_000) return [];
  return told("time_doubtful", `Look at the date again: this was ${Math.floor(late / 86_400_000)} days ago.`);
}

export function missingOf(body: Body, template: Template | null): Problem[] {
  const found = problemsOf(body)
    .filter(({ path, code }) => !overridden(body, path) && code !== "unlikely" && code !== "time_doubtful")
    .map((problem) => ({ ...problem, severity: "error" as const }));
  const lacks = (path: string, message: string, code: ProblemCode = "required") =>
    found.push({ path, severity: "error", code, message });

  if (body.kind === "inspection") {
    const { equipment, items, signatures = [] } = body.body;
    if (!equipment.number.trim()) lacks("/equipment/number", `Type the ${equipment.class}'s number.`);
    items.forEach((item, place) => {
      const label = template?.items.find(({ key }) => key === item.key)?.label ?? item.key;
      if (!item.result) lacks(`/items/${place}/result`, `Answer "${label}".`, "unanswered");
      else if (item.result.startsWith("fail") && !item.note?.trim()) {
        lacks(`/items/${place}/note`, `Describe the defect at "${label}".`, "note_missing");
      }
    });
    if (template?.asks_parties) {
      if (!body.body.motor_carrier?.name) lacks("/motor_carrier/name", "Type the motor carrier's name.");
      if (!body.body.motor_carrier?.usdot) lacks("/motor_carrier/usdot", "Type the motor carrier's USDOT number.");
      if (!body.body.equipment_provider?.usdot) {
        lacks("/equipment_provider/usdot", "Type the equipment provider's USDOT number.");
      }
    }
    for (const role of template?.signatures ?? ["author_driver"]) {
      if (!signed(signatures, role as SignatureRole)) lacks("/signatures", "Have the driver sign.", "signature_missing");
    }
  }
  if (body.kind === "gate_event") {
    if (body.body.equipment.every(({ number }) => !number.trim())) {
      lacks("/equipment", "Type the number of what passes the gate.");
    }
    if (!body.body.load) lacks("/load", "Say whether it is loaded, empty or bobtail.");
    if (!body.body.driver.name.trim()) lacks("/driver/name", "Type the driver's name.");
    if (!named(body.body.carrier)) lacks("/carrier/name", "Type the carrier's name or SCAC.");
  }
  if (body.kind === "interchange") {
    const { equipment, releasing, receiving, driver, load, signatures = [], refusal } = body.body;
    if (equipment.every(({ number }) => !number.trim())) {
      lacks("/equipment", "Type the number of the container, chassis or trailer that is handed over.");
    }
    if (!named(releasing)) lacks("/releasing/name", "Type the name or SCAC of the carrier that hands over.");
    if (!named(receiving)) lacks("/receiving/name", "Type the name or SCAC of the carrier that takes over.");
    if (!driver.name.trim()) lacks("/driver/name", "Type the driver's name.");
    if (!load) lacks("/load", "Say whether it is loaded or empty.");
    for (const role of ["releasing", "receiving"] as const) {
      if (signed(signatures, role)) continue;
      if (refusal?.role !== role) {
        lacks("/signatures", `Have the ${role} carrier sign, or note why it is refused.`, "signature_missing");
      } else if (!refusal.reason.trim()) {
        lacks("/refusal/reason", `Type why the ${role} carrier does not sign.`, "signature_missing");
      }
    }
  }
  return found;
}

export function stageOf(body: Body, missing: readonly Problem[]): Stage {
  if ("submitted" in body.body && body.body.submitted) return "submitted";
  if (missing.some(({ code }) => code !== "signature_missing")) return "open";
  return missing.length === 0 && body.kind !== "gate_event" ? "signed" : "filled";
}

export function titleOf(body: Body): string {
  const numbers = (list: EquipmentRef[]) =>
    list
      .map(({ number }) => number.trim())
      .filter(Boolean)
      .join(", ") || "no unit yet";
  if (body.kind === "inspection") return `${body.body.template.name} · ${numbers([body.body.equipment])}`;
  if (body.kind === "gate_event") return `Gate ${body.body.direction} · ${numbers(body.body.equipment)}`;
  if (body.kind === "interchange") return `Interchange · ${numbers(body.body.equipment)}`;
  return body.kind;
}

/** One spelling for identifiers, as the domain's `settle` has it. */
export function normalized(body: Body): Body {
  const copy = structuredClone(body);
  for (const [, unit] of units(copy)) unit.number = spelled(unit);
  const seals: Seal[] = copy.kind === "gate_event" || copy.kind === "interchange" ? (copy.body.seals ?? []) : [];
  for (const seal of seals) seal.number = compact(seal.number);
  return copy;
}

function spelled({ class: sort, number }: EquipmentRef): string {
  const isContainer = sort === "iso_container" || sort === "domestic_container";
  return (isContainer && containerNumber(number)) || compact(number);
}

function compact(text: string): string {
  return cleaned(text).toUpperCase().replaceAll(" ", "");
}

function units(body: Body): [string, EquipmentRef][] {
  if (body.kind === "inspection") return [["/equipment", body.body.equipment]];
  if (body.kind !== "gate_event" && body.kind !== "interchange") return [];
  return body.body.equipment.map((unit, place) => [`/equipment/${place}`, unit]);
}

function overridden(body: Body, path: string): boolean {
  const unit = units(body).find(([at]) => path === `${at}/number`)?.[1];
  return Boolean(unit?.override_reason?.trim());
}

function named(carrier: CarrierRef): boolean {
  return Boolean(carrier.name.trim() || carrier.scac?.trim());
}

function signed(signatures: Signature[], role: SignatureRole): boolean {
  return signatures.some((signature) => signature.role === role && isDrawn(signature.strokes));
}

function warning(path: string, code: ProblemCode, message: string): Problem {
  return { path, severity: "warning", code, message };
}
