import type {
  Body,
  CarrierView,
  EquipmentView,
  InboxItem,
  OperatorView,
  RecordView,
  TemplateView,
  YardView,
} from "../../shared/model";

/** The yard that the pages are shown with: everything is invented. */
export const NOW = Date.parse("2026-03-04T20:05:00Z");

export const LAREDO: YardView = {
  id: "yard-laredo",
  name: "Laredo North",
  code: "LRD",
  time_zone: "America/Chicago",
  place: "Laredo, TX",
};
export const TIJUANA: YardView = {
  id: "yard-tijuana",
  name: "Otay Mesa",
  code: "OTM",
  time_zone: "America/Tijuana",
  place: "San Diego, CA",
};

export const ANA: OperatorView = {
  id: "op-ana",
  name: "Ana Ruiz",
  job: "Gate clerk",
  role: "operator",
  yard_ids: [LAREDO.id],
};
export const OPERATORS: OperatorView[] = [
  ANA,
  { id: "op-luis", name: "Luis Vega", job: "Driver", role: "operator", yard_ids: [LAREDO.id] },
  { id: "op-maria", name: "Maria Torres", job: "Inspector", role: "operator", yard_ids: [LAREDO.id] },
  { id: "op-dan", name: "Dan Whitfield", job: "Yard supervisor", role: "supervisor", yard_ids: [LAREDO.id, TIJUANA.id] },
  { id: "op-rosa", name: "Rosa Medina", job: "Gate clerk", role: "operator", yard_ids: [TIJUANA.id] },
];

const ITEMS: [string, string, string][] = [
  ["service_brakes", "Service brakes", "Press the pedal and listen for leaks; look at the trailer's hoses and glad hands."],
  ["parking_brake", "Parking brake", "Set it and pull gently against it: the vehicle stays where it is."],
  ["steering", "Steering", "Little free play in the wheel; no leaks, nothing loose from the column to the wheels."],
  ["lights", "Lights and reflectors", "All lamps work and are clean; reflectors and tape are in place."],
  ["tires", "Tires", "Pressure, tread and sidewalls; no cuts, bulges or exposed cord; nothing between duals."],
  ["horn", "Horn", "It sounds when pressed."],
  ["wipers", "Windshield wipers", "They clear the glass; blades are whole and washer fluid comes."],
  ["mirrors", "Rear vision mirrors", "Whole, clean, tight and set."],
  ["coupling", "Coupling devices", "Fifth wheel, kingpin or pintle locked; no cracks, no gap, safety devices on."],
  ["wheels", "Wheels and rims", "No cracks or bends; every lug nut is there and tight; no oil at the hubs."],
  ["emergency_equipment", "Emergency equipment", "Fire extinguisher charged and fixed, warning triangles, spare fuses."],
];

export const DVIR: TemplateView = {
  id: "template-dvir",
  template: {
    code: "us_dvir",
    name: "Driver report (post-trip)",
    source: "49 CFR 396.11(a)",
    revision: 1,
    equipment_classes: ["tractor", "trailer"],
    items: ITEMS.map(([key, label, hint]) => ({ key, label, hint })),
    signatures: ["author_driver"],
    asks_parties: false,
  },
};
export const INTERMODAL: TemplateView = {
  id: "template-intermodal",
  template: {
    code: "us_intermodal",
    name: "Intermodal equipment report",
    source: "49 CFR 390.42, 392.7(b), 396.11(b)",
    revision: 1,
    equipment_classes: ["chassis", "trailer", "iso_container"],
    items: [
      { key: "brakes", label: "Brakes", hint: "Visible brake parts: nothing missing, loose or leaking." },
      { key: "frame", label: "Rails and support frames", hint: "No cracks, bends or broken welds." },
    ],
    signatures: ["author_driver"],
    asks_parties: true,
  },
};

export const CARRIERS: CarrierView[] = [
  { id: "carrier-1", name: "Sierra Norte Transportes", scac: "SCNN", usdot: "2217641" },
  { id: "carrier-2", name: "Lone Star Drayage", scac: "LSDG", usdot: "884512" },
  { id: "carrier-4", name: "Transportes Anáhuac", scac: "TANH", usdot: "3120457" },
  { id: "carrier-3", name: "Bluewater Chassis Pool", scac: "BWCZ", usdot: "1190233" },
];

export const EQUIPMENT: EquipmentView[] = [
  {
    id: "eq-1",
    equipment: { class: "trailer", number: "TRL-2207", equipment_id: "eq-1" },
    plate: { number: "P12 3456", region: "TX" },
    owner: "Sierra Norte Transportes",
  },
  {
    id: "eq-2",
    equipment: { class: "iso_container", number: "CSQU3054383", equipment_id: "eq-2", size_type: "45G1" },
    plate: null,
    owner: "Bluewater Chassis Pool",
  },
  {
    id: "eq-3",
    equipment: { class: "tractor", number: "T-118", equipment_id: "eq-3" },
    plate: { number: "R44 0912", region: "TAMPS" },
    owner: "Sierra Norte Transportes",
  },
];

/** A name in one stroke, near enough. */
export const SCRIBBLE: number[][] = [
  [110, 260, 150, 120, 190, 90, 205, 150, 190, 250, 230, 210, 270, 160, 300, 190, 290, 240, 330, 230, 380, 170, 400, 230, 460, 200, 520, 160, 560, 230, 640, 190, 700, 170, 790, 140],
  [140, 200, 250, 185],
];

export function blankInspection({ id, template }: TemplateView, unit = "", assignment?: string): Body {
  return {
    kind: "inspection",
    body: {
      template: { template_id: id, code: template.code, revision: template.revision, name: template.name },
      ...(assignment ? { assignment_id: assignment } : {}),
      equipment: { class: template.equipment_classes[0] ?? "tractor", number: unit },
      items: template.items.map(({ key }) => ({ key })),
    },
  };
}

export interface Stored {
  id: string;
  body: Body;
  operator_name: string;
  changed_at: string;
  state?: RecordView["state"];
  state_reason?: string;
  rejection?: RecordView["rejection"];
  can_discard?: boolean;
  also_open?: RecordView["also_open"];
  correcting?: boolean;
  met?: RecordView["met"];
  /** How often it was saved. */
  saves?: number;
  unsigned?: boolean;
  /** What it said when it was begun here, as `canonical` puts it. */
  begun?: string;
  /** The assignment that it answers. */
  assignment?: Assigned | undefined;
  /** There is no server version to go back to: its yard is no longer this device's. */
  goes_when_discarded?: boolean;
}

export interface Assigned {
  id: string;
  record_id: string;
  template: TemplateView;
  unit: string;
  note: string;
  due_at: string;
}

export const ASSIGNED: Assigned[] = [
  { id: "as-1", record_id: "rec-as-1", template: DVIR, unit: "T-118", note: "Lane 4, driver waits", due_at: "2026-03-04T19:30:00Z" },
  { id: "as-2", record_id: "rec-as-2", template: INTERMODAL, unit: "CH-4410", note: "Row C, slot 17", due_at: "2026-03-04T22:00:00Z" },
];

export function records(): Stored[] {
  const started = blankInspection(DVIR, "TRL-2207");
  if (started.kind === "inspection") {
    started.body.equipment.class = "trailer";
    started.body.items = started.body.items.map((item, place) =>
      place < 4
        ? { ...item, result: "pass" }
        : place === 4
          ? { ...item, result: "fail_minor", note: "Tread low at left outside rear" }
          : item,
    );
  }
  const done = blankInspection(DVIR, "T-204");
  if (done.kind === "inspection") {
    done.body.items = done.body.items.map((item, place) => ({
      ...item,
      result: place === 3 ? ("fail_major" as const) : ("pass" as const),
      ...(place === 3 ? { note: "Both tail lamps out" } : {}),
    }));
    done.body.odometer = { value: 120_400, unit: "mi" };
    done.body.signatures = [
      { role: "author_driver", name: "Luis Vega", signed_at: "2026-03-04T17:58:00Z", strokes: SCRIBBLE },
    ];
    done.body.submitted = { at: "2026-03-04T18:00:00Z" };
  }
  return [
    {
      id: "rec-open",
      body: started,
      operator_name: "Ana Ruiz",
      changed_at: "2026-03-04T19:52:00Z",
      also_open: { operator_name: "Maria Torres", since: "2026-03-04T20:05:00Z" },
    },
    {
      id: "rec-rejected",
      body: {
        kind: "gate_event",
        body: {
          direction: "in",
          equipment: [{ class: "iso_container", number: "CSQU3054384" }],
          load: "loaded",
          seals: [{ number: "UL-8812345", affixed_by: "shipper", condition: "intact" }],
          driver: { name: "Luis Vega" },
          carrier: { name: "Sierra Norte Transportes", scac: "SCNN" },
          reference: "BK-20914",
        },
      },
      operator_name: "Ana Ruiz",
      changed_at: "2026-03-04T19:20:00Z",
      rejection: {
        path: "/equipment/0/number",
        message: "The container number does not fit its check digit. Correct it, or keep it and say why.",
      },
      can_discard: true,
    },
    { id: "rec-done", body: done, operator_name: "Luis Vega", changed_at: "2026-03-04T18:00:00Z", can_discard: false },
    {
      id: "rec-void",
      body: {
        kind: "gate_event",
        body: {
          direction: "out",
          equipment: [{ class: "tractor", number: "T-090" }],
          load: "bobtail",
          driver: { name: "Pedro Salas" },
          carrier: { name: "Lone Star Drayage", scac: "LSDG" },
          submitted: { at: "2026-03-03T23:00:00Z" },
        },
      },
      operator_name: "Maria Torres",
      changed_at: "2026-03-03T23:10:00Z",
      state: "voided",
      state_reason: "Entered twice",
    },
  ];
}

export function inbox(): InboxItem[] {
  return [
    {
      id: "notice-1",
      what: "conflict_set_aside",
      record_id: "rec-done",
      record_kind: "inspection",
      record_title: "Driver report (post-trip) · T-204",
      at: "2026-03-04T19:40:00Z",
      unread: true,
      headline: "Luis Vega’s version was kept: Driver report (post-trip) · T-204",
      explanation:
        "Luis Vega and you changed this record without seeing each other’s change. The server received your change on Mar 4 at 13:38:02 and Luis Vega’s change on Mar 4 at 13:40:11, so Luis Vega’s is the one in force. Nothing is lost: your version is in the audit table, and an admin can bring it back.",
      differences: [
        { label: "Lights and reflectors", kept: "Fail major", set_aside: "Pass" },
        { label: "Lights and reflectors: note", kept: "Both tail lamps out", set_aside: "—" },
        { label: "Odometer: value", kept: "120400", set_aside: "120040" },
      ],
      changed_since: false,
      more_differences: 2,
    },
    {
      id: "rec-rejected",
      what: "rejected",
      record_id: "rec-rejected",
      record_kind: "gate_event",
      record_title: "Gate in · CSQU 305438 4",
      at: "2026-03-04T19:21:00Z",
      unread: true,
      headline: "Not accepted: Gate in · CSQU 305438 4",
      explanation:
        "The server did not take your last change. Equipment 1: number: The container number does not fit its check digit. What you entered is still on this device: open the record, correct it, and it is sent again by itself.",
      changed_since: false,
      differences: [],
      more_differences: 0,
    },
    {
      id: "notice-3",
      what: "conflict_kept",
      record_id: "rec-void",
      record_kind: "gate_event",
      record_title: "Gate out · T-090",
      at: "2026-03-04T18:05:00Z",
      unread: false,
      headline: "The office voided it since: Gate out · T-090",
      explanation:
        "You and Maria Torres changed this record without seeing each other’s change. The server received Maria Torres’s change on Mar 4 at 12:01:40 and your change on Mar 4 at 12:05:00, so yours was kept. The office voided it on Mar 4 at 12:30:00 (entered twice): that is what is in force since. Nothing is lost: Maria Torres’s version is in the audit table, and an admin can bring it back.",
      changed_since: true,
      differences: [
        { label: "State of the record", kept: "Voided (entered twice)", set_aside: "Changed" },
        { label: "Lane or lot", kept: "4", set_aside: "5" },
      ],
      more_differences: 0,
    },
    {
      id: "notice-2",
      what: "conflict_settled",
      record_id: "rec-void",
      record_kind: "gate_event",
      record_title: "Gate out · T-090",
      at: "2026-03-03T23:05:00Z",
      unread: false,
      headline: "Settled by the office: Gate out · T-090",
      explanation:
        "You and Maria Torres changed this record without seeing each other’s change. The server received Maria Torres’s change on Mar 3 at 17:01:40 and your change on Mar 3 at 17:05:00, so yours was kept. This was settled by the office on Mar 3 at 17:20:00: Maria Torres’s version is in force again.",
      changed_since: false,
      differences: [{ label: "Lane", kept: "4", set_aside: "5" }],
      more_differences: 0,
    },
  ];
}
