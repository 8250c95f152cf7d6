import type {
  Body,
  CarrierRef,
  Driver,
  EquipmentRef,
  GateEvent,
  Inspection,
  Interchange,
  ItemResult,
  Seal,
  Signature,
  Template,
} from "../../shared/model";
import { humanized, t } from "../../shared/strings";

export interface Row {
  label: string;
  value: string;
  /** Marks a finding, together with the word that says so. */
  tone?: ItemResult;
}

export interface Group {
  title: string;
  rows: Row[];
}

/** A record for reading: every field that says something, in groups, in words; `when` puts a time into words. */
export function summarize(body: Body, template: Template | null, when: (at: string) => string): Group[] {
  const groups =
    body.kind === "inspection"
      ? inspection(body.body, template)
      : body.kind === "gate_event"
        ? gate(body.body, when)
        : body.kind === "interchange"
          ? interchange(body.body)
          : [];
  return groups
    .map(({ title, rows }) => ({ title, rows: rows.filter(({ value }) => value !== "") }))
    .filter(({ rows }) => rows.length > 0);
}

export function signaturesOf(body: Body): Signature[] {
  return body.kind === "inspection" || body.kind === "interchange" ? (body.body.signatures ?? []) : [];
}

function inspection(body: Inspection, template: Template | null): Group[] {
  const { odometer } = body;
  return [
    {
      title: t.inspection.unit,
      rows: [
        equipment(body.equipment),
        row(t.inspection.odometer, odometer ? `${odometer.value.toLocaleString(t.locale)} ${odometer.unit}` : ""),
        row(t.carrier.motor, carrier(body.motor_carrier)),
        row(t.carrier.provider, carrier(body.equipment_provider)),
        row(t.inspection.remarks, body.remarks),
      ],
    },
    {
      title: t.steps["items"] ?? "",
      rows: body.items.map(({ key, result, note }) => ({
        label: template?.items.find((item) => item.key === key)?.label ?? humanized(key),
        value: joined(" – ", result ? t.inspection.resultsLong[result] : t.inspection.unanswered, note),
        ...(result ? { tone: result } : {}),
      })),
    },
  ];
}

function gate(body: GateEvent, when: (at: string) => string): Group[] {
  return [
    { title: t.gate.ways[body.direction], rows: [...body.equipment.map(equipment), ...loadRows(body.load, body.seals)] },
    { title: t.driver.title, rows: driver(body.driver) },
    {
      title: t.carrier.carrier,
      rows: [
        row(t.carrier.carrier, carrier(body.carrier)),
        row(t.gate.occurredAt, body.occurred_at ? when(body.occurred_at) : ""),
        row(t.gate.lane, body.lane),
        row(t.gate.reference, body.reference),
        row(t.gate.remarks, body.remarks),
      ],
    },
  ];
}

function interchange(body: Interchange): Group[] {
  const { damage = [], tires = [], refusal } = body;
  return [
    {
      title: t.steps["parties"] ?? "",
      rows: [
        row(t.interchange.movement, t.interchange.movements[body.movement]),
        row(t.carrier.releasing, carrier(body.releasing)),
        row(t.carrier.receiving, carrier(body.receiving)),
        ...driver(body.driver),
        row(t.interchange.receipt, body.receipt_number),
        row(t.interchange.reference, body.reference),
      ],
    },
    {
      title: t.equipment.title,
      rows: [
        ...(body.tractor?.number ? [equipment(body.tractor)] : []),
        ...body.equipment.map(equipment),
        ...loadRows(body.load, body.seals),
        row(t.carrier.provider, carrier(body.equipment_provider)),
        row(t.interchange.weight, body.gross_weight_kg?.toLocaleString(t.locale)),
      ],
    },
    {
      title: t.steps["condition"] ?? "",
      rows: [
        ...damage.map((it, place) =>
          row(
            t.damage.one(place + 1),
            joined(" · ", t.damage.views[it.view], t.damage.types[it.damage_type], it.component, it.size, it.remark),
          ),
        ),
        ...(damage.length === 0 ? [row(t.damage.title, t.common.none)] : []),
        ...tires.map((tire) =>
          row(
            t.tires.positions[tire.position],
            joined(" · ", t.tires.conditions[tire.condition], tire.tread_32nds != null ? `${tire.tread_32nds}/32` : ""),
          ),
        ),
        row(t.interchange.images, body.recorded_images ? t.common.yes : ""),
        row(t.interchange.remarks, body.remarks),
      ],
    },
    {
      title: t.sign.title,
      rows: refusal ? [row(t.sign.titles[refusal.role], t.sign.refusalOf(t.sign.roles[refusal.role], refusal.reason))] : [],
    },
  ];
}

function row(label: string, value: string | null | undefined): Row {
  return { label, value: value?.trim() ?? "" };
}

function joined(between: string, ...parts: (string | null | undefined)[]): string {
  return parts.filter(Boolean).join(between);
}

function equipment(unit: EquipmentRef): Row {
  const plate = unit.plate ? joined(" ", unit.plate.number, unit.plate.region) : "";
  return row(t.equipment.classes[unit.class], joined(" · ", unit.number, plate, unit.size_type, unit.override_reason));
}

function carrier(ref: CarrierRef | null | undefined): string {
  return ref ? joined(" · ", ref.name, ref.scac, ref.usdot && `USDOT ${ref.usdot}`) : "";
}

function driver(person: Driver): Row[] {
  return [
    row(t.driver.title, person.name),
    row(t.driver.licence, joined(" ", person.licence_number, person.licence_region)),
  ];
}

function loadRows(load: GateEvent["load"], seals: Seal[] = []): Row[] {
  return [
    row(t.load.title, load ? t.load.values[load] : ""),
    ...seals.map((seal, place) =>
      row(
        t.seals.one(place + 1),
        joined(
          " · ",
          seal.number,
          t.seals.conditions[seal.condition ?? "intact"],
          seal.affixed_by ? t.seals.parties[seal.affixed_by] : "",
          seal.class ? t.seals.classes[seal.class] : "",
        ),
      ),
    ),
  ];
}
