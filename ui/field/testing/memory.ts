import { type Backend, BackendError, type EnrolRequest, type NewPhoto } from "../../shared/backend/backend";
import type {
  AfterCamera,
  AppState,
  Body,
  ClockPeriod,
  CommandError,
  DiagnosticsSaved,
  ExportSaved,
  InboxItem,
  Keep,
  PhotoList,
  PhotoPolicy,
  PhotoShown,
  RecordView,
  Start,
  StorageView,
  SubmitOutcome,
  SupportPage,
  SyncStatus,
  WorkItem,
  WorkList,
} from "../../shared/model";
import { folded } from "../../shared/spelling";
import { canonical } from "../state/merge";
import clocks from "./clocks.json";
import {
  ANA,
  type Assigned,
  ASSIGNED,
  blankInspection,
  CARRIERS,
  DVIR,
  EQUIPMENT,
  inbox,
  INTERMODAL,
  LAREDO,
  NOW,
  OPERATORS,
  records,
  type Stored,
  TIJUANA,
} from "./data";
import { MemoryPhotos } from "./pictures";
import { knownOtherwise, pickedIn } from "./known";
import { missingOf, normalized, problemsOf, stageOf, titleOf } from "./rules";

const TEMPLATES = [DVIR, INTERMODAL];

/**
 * A store in memory with the manners of the real one: for component tests, and for looking at pages in a browser.
 * Never part of a release.
 */
export class MemoryBackend implements Backend {
  readonly records = new Map<string, Stored>(records().map((record) => [record.id, record]));
  assigned: Assigned[] = [...ASSIGNED];
  notices: InboxItem[] = inbox();
  places: (string | null)[] = [];
  /** Records whose form is open. */
  readonly open = new Set<string>();
  /** On which states was saved. */
  shown: string[] = [];
  /** What was chosen of two changes that met. */
  kept: Keep[] = [];
  hints: string[] = [];
  /** How often something was begun. */
  starts = 0;
  syncs = 0;
  /** Zone of the yard's records. */
  zone = LAREDO.time_zone;
  readonly pictures = new MemoryPhotos();
  /** Null as on a phone. */
  startsWithComputer: boolean | null = null;
  daysKept = 30;
  supportView: SupportPage = {
    waits: { records: 3, photos: 2, photo_bytes: 1_840_000 },
    window: "open",
    background_restricted: false,
  };
  /** What an export answers; null: the person changed their mind. */
  exported: ExportSaved | null = {
    place: "/exports/gatebook-pending.zip",
    exported: { records: 3, offered: 0, photos: 2, missing: 0 },
  };
  /** Codes with which the support window was asked for. */
  codes: (string | null)[] = [];
  /** Every save fails with this while it is set. */
  saveFails: CommandError | null = null;
  state: AppState = {
    enrolment: {
      server_url: "https://gatebook.example.com",
      tenant_name: "Rio Grande Yards",
      device_id: "device-1",
      device_name: "Gate 2 kiosk",
      revoked: false,
    },
    yards: [LAREDO, TIJUANA],
    yard_id: LAREDO.id,
    operator: ANA,
    place: null,
    sync: {
      running: false,
      items: 0,
      pending: 0,
      photos: { photos: 0, bytes: 0, arrived: 0, wait_for_wifi: 0 },
      last_success_at: "2026-03-04T20:01:00Z",
      problem: null,
    },
    counts: { pending: 0, unread: 0, assigned: 0 },
    health: { scheduler_woken: 0, repairs: 0 },
    salvage: null,
    app_version: "0.1.0",
  };

  /** Where the server was said to be found, and what its codes end in. */
  readonly movedTo: [string, string][] = [];
  readonly #changed = new Set<() => void>();
  readonly #synced = new Set<(status: SyncStatus) => void>();
  #ids = 0;

  async bootstrap(): Promise<AppState> {
    const unread = this.notices.filter((notice) => notice.unread).length;
    return { ...this.state, counts: { pending: 0, unread, assigned: this.assigned.length } };
  }

  async enrol({ serverUrl, code, deviceName }: EnrolRequest): Promise<AppState> {
    if (code.toUpperCase() === "USED") {
      throw error("refused", "This code was used before or has run out. Ask the office for a new one.");
    }
    this.state.enrolment = {
      server_url: serverUrl,
      tenant_name: "Rio Grande Yards",
      device_id: "device-1",
      device_name: deviceName,
      revoked: false,
    };
    return this.bootstrap();
  }

  async moveServer(serverUrl: string, ending: string): Promise<AppState> {
    if (serverUrl.includes("other")) {
      throw error("refused", "Another server answers at this address than the one this device belongs to.");
    }
    this.movedTo.push([serverUrl, ending]);
    if (this.state.enrolment) this.state.enrolment = { ...this.state.enrolment, server_url: serverUrl };
    return this.bootstrap();
  }

  async operators() {
    return OPERATORS;
  }

  async chooseOperator(operatorId: string | null): Promise<AppState> {
    this.state.operator = OPERATORS.find(({ id }) => id === operatorId) ?? null;
    return this.bootstrap();
  }

  async chooseYard(yardId: string): Promise<AppState> {
    this.state.yard_id = yardId;
    this.emitChange();
    return this.bootstrap();
  }

  async keepPlace(place: string | null): Promise<void> {
    this.places.push(place);
    this.state.place = place;
  }

  async workList(): Promise<WorkList> {
    const items = [...this.records.values()].map((record) => this.#item(record));
    items.sort((one, other) => other.changed_at.localeCompare(one.changed_at));
    return {
      assigned: this.assigned.map((assignment) => ({
        record_id: assignment.record_id,
        kind: "inspection",
        title: titleOf(blankInspection(assignment.template, assignment.unit)),
        detail: assignment.note,
        stage: null,
        assignment_id: assignment.id,
        due_at: assignment.due_at,
        changed_at: "2026-03-04T12:00:00Z",
        operator_name: "",
        rejected: false,
        unsigned: false,
        voided: false,
        also_open: null,
        correcting: false,
      })),
      in_progress: items.filter(({ stage }) => stage !== "submitted"),
      recent: items.filter(({ stage }) => stage === "submitted"),
    };
  }

  async start(start: Start): Promise<RecordView> {
    this.#checkChosen();
    this.#ids += 1;
    let id = `rec-new-${this.#ids}`;
    let body: Body;
    let assignment: Assigned | undefined;
    if (start.what === "assignment") {
      assignment = this.assigned.find((it) => it.id === start.assignment_id);
      if (!assignment) throw error("not_found", "This record is no longer on the device. Go back to the list.");
      id = assignment.record_id;
      this.assigned = this.assigned.filter((it) => it !== assignment);
      body = blankInspection(assignment.template, assignment.unit, assignment.id);
    } else if (start.what === "inspection") {
      body = blankInspection(TEMPLATES.find((it) => it.id === start.template_id) ?? DVIR);
    } else if (start.what === "gate_event") {
      body = {
        kind: "gate_event",
        body: { direction: start.direction, equipment: [], driver: { name: "" }, carrier: { name: "" } },
      };
    } else {
      body = {
        kind: "interchange",
        body: {
          movement: start.movement,
          releasing: { name: "" },
          receiving: { name: "" },
          driver: { name: "" },
          equipment: [],
          recorded_images: false,
        },
      };
    }
    this.starts += 1;
    this.records.set(id, { id, body, operator_name: this.#name(), changed_at: this.#now(), begun: canonical(body), assignment });
    this.emitChange();
    return this.openRecord(id);
  }

  async record(id: string): Promise<RecordView> {
    const record = this.records.get(id);
    if (!record) throw error("not_found", "This record is no longer on the device. Go back to the list.");
    const template = this.#template(record.body);
    const missing = missingOf(record.body, template);
    return structuredClone({
      id,
      yard_id: LAREDO.id,
      body: record.body,
      title: titleOf(record.body),
      stage: stageOf(record.body, missing),
      state: record.state ?? "live",
      state_reason: record.state_reason ?? "",
      template,
      problems: [...problemsOf(record.body), ...knownOtherwise(record.body, CARRIERS)],
      missing,
      rejection: record.unsigned ? null : (record.rejection ?? null),
      unsigned: record.unsigned ?? false,
      can_discard: record.can_discard ?? false,
      operator_name: record.operator_name,
      changed_at: record.changed_at,
      zone: this.zone,
      also_open: record.also_open ?? null,
      write_id: `${id}@${record.saves ?? 0}`,
      correcting: record.correcting ?? false,
      met: record.met ?? null,
      picked: pickedIn(record.body, CARRIERS, EQUIPMENT),
    });
  }

  async openRecord(id: string): Promise<RecordView> {
    this.open.add(id);
    return this.record(id);
  }

  /** What was begun and left with nothing in it goes. */
  async closeRecord(id: string): Promise<void> {
    this.open.delete(id);
    const record = this.records.get(id);
    if (!record?.begun || canonical(record.body) !== record.begun || this.pictures.list(id).photos.length > 0) return;
    this.records.delete(id);
    if (record.assignment) this.assigned = [...this.assigned, record.assignment];
    this.emitChange();
  }

  /** Somebody else has changed that record while it was open here. */
  meet(id: string): void {
    const record = this.records.get(id);
    if (!record) throw new Error("There is no such record.");
    const met = { operator_name: "Héctor Salinas", at: new Date(NOW).toISOString(), voided: false };
    this.records.set(id, { ...record, met });
  }

  async settleMet(id: string, keep: Keep): Promise<RecordView> {
    this.kept.push(keep);
    const record = this.records.get(id);
    if (record) this.records.set(id, { ...record, met: null, saves: (record.saves ?? 0) + 1 });
    this.emitChange();
    return this.record(id);
  }

  async save(id: string, body: Body, shown: string): Promise<RecordView> {
    this.shown.push(shown);
    if (this.saveFails) throw new BackendError(this.saveFails);
    this.#checkChosen();
    const before = this.records.get(id);
    if (!before) throw error("not_found", "This record is no longer on the device. Go back to the list.");
    const next = withdrawn(before.body, normalized(JSON.parse(JSON.stringify(body)) as Body));
    this.records.set(id, {
      ...before,
      body: next,
      unsigned: false,
      operator_name: this.#name(),
      changed_at: this.#now(),
      saves: (before.saves ?? 0) + 1,
    });
    this.emitChange();
    return this.record(id);
  }

  async submit(id: string, shown: string): Promise<SubmitOutcome> {
    this.#checkChosen();
    const view = await this.record(id);
    if (view.missing.length > 0) return { submitted: false, record: view };
    const body = { ...view.body, body: { ...view.body.body, submitted: { at: this.#now() } } } as Body;
    return { submitted: true, record: await this.save(id, body, shown) };
  }

  async voidRecord(id: string, reason: string): Promise<RecordView> {
    this.#checkChosen();
    const record = this.records.get(id);
    if (record) this.records.set(id, { ...record, state: "voided", state_reason: reason });
    this.emitChange();
    return this.record(id);
  }

  async sendAgain(id: string): Promise<RecordView> {
    this.#checkChosen();
    const record = this.records.get(id);
    if (record?.rejection) {
      const again = { rejection: null, operator_name: this.#name(), changed_at: this.#now() };
      this.records.set(id, { ...record, ...again, saves: (record.saves ?? 0) + 1 });
    }
    this.emitChange();
    return this.record(id);
  }

  async discardChange(id: string): Promise<RecordView | null> {
    const record = this.records.get(id);
    if (record?.goes_when_discarded) {
      this.records.delete(id);
      this.emitChange();
      return null;
    }
    if (record) this.records.set(id, { ...record, rejection: null, can_discard: false });
    this.emitChange();
    return this.record(id);
  }

  async inbox(): Promise<InboxItem[]> {
    return structuredClone(this.notices);
  }

  async markRead(id: string): Promise<void> {
    this.notices = this.notices.map((notice) => (notice.id === id ? { ...notice, unread: false } : notice));
    this.emitChange();
  }

  async nameAuthor(id: string, operatorId: string): Promise<RecordView> {
    const record = this.records.get(id);
    if (!record) throw error("not_found", "This record is no longer on the device. Go back to the list.");
    const named = OPERATORS.find((operator) => operator.id === operatorId)?.name ?? "";
    this.records.set(id, { ...record, unsigned: false, operator_name: named });
    this.notices = this.notices.filter((item) => !(item.what === "unsigned" && item.record_id === id));
    this.emitChange();
    return this.record(id);
  }

  async templates() {
    return TEMPLATES;
  }

  async findCarriers(query: string) {
    const wanted = folded(query);
    return CARRIERS.filter(({ name, scac }) => [name, scac ?? ""].some((text) => folded(text).includes(wanted)));
  }

  async findEquipment(query: string) {
    const wanted = folded(query);
    return EQUIPMENT.filter(({ equipment }) => folded(equipment.number).includes(wanted));
  }

  async zoneClocks(zone: string): Promise<ClockPeriod[] | null> {
    return (clocks as Record<string, ClockPeriod[]>)[zone] ?? null;
  }

  async syncNow(): Promise<void> {
    this.syncs += 1;
  }

  async hint(hint: string): Promise<void> {
    this.hints.push(hint);
  }

  async dismissSalvage(): Promise<void> {
    this.state.salvage = null;
  }

  async photos(recordId: string): Promise<PhotoList> {
    return this.pictures.list(recordId);
  }

  async addPhoto(photo: NewPhoto): Promise<void> {
    this.pictures.add(photo, this.#name(), this.#now());
    this.emitChange();
  }

  async cameraOpens(recordId: string, about: string): Promise<string> {
    return this.pictures.cameraOpens(recordId, about);
  }

  async cameraLeft(noted: string): Promise<void> {
    this.pictures.atCamera.delete(noted);
  }

  async afterCamera(): Promise<AfterCamera[]> {
    return structuredClone(this.pictures.afterCamera);
  }

  async removePhoto(id: string): Promise<void> {
    this.pictures.remove(id);
    this.emitChange();
  }

  async viewPhoto(id: string): Promise<PhotoShown> {
    return this.pictures.view(id);
  }

  pictureUrl(sha256: string): string {
    return this.pictures.url(sha256);
  }

  async storage(): Promise<StorageView> {
    return this.pictures.storage();
  }

  async photoPolicy(): Promise<PhotoPolicy> {
    return this.pictures.policy;
  }

  async historyDays(): Promise<number> {
    return this.daysKept;
  }

  async keepHistory(days: number): Promise<number> {
    return (this.daysKept = days);
  }

  async autostart(): Promise<boolean | null> {
    return this.startsWithComputer;
  }

  async setAutostart(on: boolean): Promise<boolean | null> {
    return (this.startsWithComputer = on);
  }

  async setPhotoPolicy(policy: PhotoPolicy): Promise<PhotoPolicy> {
    this.pictures.policy = policy;
    return policy;
  }

  async supportPage(): Promise<SupportPage> {
    return this.supportView;
  }

  async exportPending(): Promise<ExportSaved | null> {
    return this.exported;
  }

  async exportDiagnostics(): Promise<DiagnosticsSaved | null> {
    return this.exported && { place: "/exports/gatebook-diagnostics.zip", diagnosed: { log_bytes: 812 } };
  }

  async openSupport(code: string | null): Promise<void> {
    this.codes.push(code);
    if (this.supportView.window === "code" && code !== "4711") {
      throw error("refused", "This is not the kiosk’s code. Ask whoever looks after this kiosk.");
    }
  }

  async onStoreChanged(listener: () => void): Promise<() => void> {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  async onSyncStatus(listener: (status: SyncStatus) => void): Promise<() => void> {
    this.#synced.add(listener);
    return () => this.#synced.delete(listener);
  }

  /** A record lies here as an app left it on which nobody had been chosen. */
  leaveUnsigned(): void {
    const id = "rec-nobody";
    const body = blankInspection(DVIR, "T-377");
    const at = "2026-03-04T19:00:00Z";
    const rejection = { path: null, message: "This record does not say who entered it." };
    this.records.set(id, { id, body, operator_name: "", changed_at: at, unsigned: true, rejection });
    this.notices.unshift({
      id,
      what: "unsigned",
      changed_since: false,
      record_id: id,
      record_kind: "inspection",
      record_title: titleOf(body),
      at,
      unread: true,
      headline: `Who was it? ${titleOf(body)}`,
      explanation:
        "This does not say who entered it, and the server takes no record without a name. It is safe on this device. Say who it was, and it is sent by itself.",
      differences: [],
      more_differences: 0,
    });
  }

  emitChange(): void {
    for (const listener of this.#changed) listener();
  }

  emitSync(change: Partial<SyncStatus>): void {
    this.state.sync = { ...this.state.sync, ...change };
    for (const listener of this.#synced) listener(this.state.sync);
  }

  #item(record: Stored): WorkItem {
    const missing = missingOf(record.body, this.#template(record.body));
    return {
      record_id: record.id,
      kind: record.body.kind,
      title: titleOf(record.body),
      detail: detailOf(record.body),
      stage: stageOf(record.body, missing),
      assignment_id: null,
      due_at: null,
      changed_at: record.changed_at,
      operator_name: record.operator_name,
      rejected: Boolean(record.rejection) && !record.unsigned,
      unsigned: record.unsigned ?? false,
      voided: record.state === "voided",
      also_open: record.also_open ?? null,
      correcting: record.correcting ?? false,
    };
  }

  #template(body: Body) {
    if (body.kind !== "inspection") return null;
    return TEMPLATES.find(({ id }) => id === body.body.template.template_id)?.template ?? null;
  }

  #checkChosen(): void {
    if (!this.state.operator) {
      throw error("nobody_chosen", "Choose who is working first: every record says who entered it.");
    }
  }

  #name(): string {
    return this.state.operator?.name ?? "";
  }

  #now(): string {
    return new Date(NOW).toISOString();
  }
}

/** Signatures given for what an edit changed are dropped, and with them the mark of handing in. */
function withdrawn(before: Body, next: Body): Body {
  if (before.kind === "gate_event") return next;
  const signedPart = (body: Body) =>
    canonical({ ...body.body, signatures: undefined, submitted: undefined, refusal: undefined });
  if (signedPart(before) === signedPart(next)) return next;
  const old = "signatures" in before.body ? (before.body.signatures ?? []).map((it) => canonical(it)) : [];
  const body = { ...next.body } as { signatures?: unknown[]; submitted?: unknown };
  const signatures = (body.signatures ?? []).filter((it) => !old.includes(canonical(it)));
  if (signatures.length === 0) delete body.signatures;
  else body.signatures = signatures;
  delete body.submitted;
  return { ...next, body } as Body;
}

function detailOf(body: Body): string {
  if (body.kind === "inspection") {
    return `${body.body.items.filter(({ result }) => result).length} of ${body.body.items.length} items`;
  }
  if (body.kind === "gate_event") {
    return [body.body.carrier.name, body.body.driver.name].filter(Boolean).join(" · ");
  }
  if (body.kind === "interchange") {
    return [body.body.releasing.name, body.body.receiving.name].filter(Boolean).join(" → ");
  }
  return "";
}

function error(code: CommandError["code"], message: string): BackendError {
  return new BackendError({ code, message, retry: false });
}
