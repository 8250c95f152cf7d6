import type {
  AfterCamera,
  AppState,
  Body,
  CarrierView,
  ClockPeriod,
  CommandError,
  DiagnosticsSaved,
  EquipmentView,
  ExportSaved,
  Hint,
  InboxItem,
  Keep,
  OperatorView,
  PhotoList,
  PhotoPolicy,
  PhotoShown,
  PictureCame,
  RecordView,
  Start,
  StorageView,
  SubmitOutcome,
  SupportPage,
  SyncStatus,
  TemplateView,
  WorkList,
} from "../model";

/**
 * Everything the pages may ask of whoever owns the data: the Rust side of the app today, a browser database for
 * the web client later. Every answer comes from local state; nothing here waits for a network except
 * `enrol` and `moveServer`.
 *
 * Calls that fail reject with a {@link BackendError}, never with anything else.
 */
export interface Backend {
  bootstrap(): Promise<AppState>;
  enrol(request: EnrolRequest): Promise<AppState>;
  /** The server is found at another address now; `ending` is what its codes end in, if it makes its certificate itself. */
  moveServer(serverUrl: string, ending: string): Promise<AppState>;
  operators(): Promise<OperatorView[]>;
  chooseOperator(operatorId: string | null): Promise<AppState>;
  chooseYard(yardId: string): Promise<AppState>;
  keepPlace(place: string | null): Promise<void>;
  workList(): Promise<WorkList>;
  start(start: Start): Promise<RecordView>;
  record(id: string): Promise<RecordView>;
  /** The record's form is on the screen from now on: the state that it shows is kept, however many newer ones come. */
  openRecord(id: string): Promise<RecordView>;
  closeRecord(id: string): Promise<void>;
  /** What is done to a record is done to the state that is shown, which its `write_id` names. */
  save(id: string, body: Body, shown: string): Promise<RecordView>;
  submit(id: string, shown: string): Promise<SubmitOutcome>;
  voidRecord(id: string, reason: string, shown: string): Promise<RecordView>;
  /** What is to be kept of what was entered in a form and what somebody else wrote meanwhile. */
  settleMet(id: string, keep: Keep): Promise<RecordView>;
  /** Sends a change as it is that the server would not take. */
  sendAgain(id: string): Promise<RecordView>;
  /** Answers null when the record never reached the server and so is gone. */
  discardChange(id: string): Promise<RecordView | null>;
  inbox(): Promise<InboxItem[]>;
  markRead(id: string): Promise<void>;
  /** Says who changed a record, or took its photos, where what waits names nobody. */
  nameAuthor(id: string, operatorId: string): Promise<RecordView>;
  templates(): Promise<TemplateView[]>;
  findCarriers(query: string): Promise<CarrierView[]>;
  findEquipment(query: string): Promise<EquipmentView[]>;
  /** What the clocks of a zone show, and since when; null for a zone that nobody knows. */
  zoneClocks(zone: string): Promise<ClockPeriod[] | null>;
  syncNow(): Promise<void>;
  hint(hint: Hint): Promise<void>;
  dismissSalvage(): Promise<void>;

  /** The photos of a record, oldest first, and whether there is room for another. */
  photos(recordId: string): Promise<PhotoList>;
  /** Answers once the photo is safe on the disk; when it fails, nothing of it is left. */
  addPhoto(photo: NewPhoto): Promise<void>;
  /** Notes what a phone's camera is about to be opened for, so that its picture finds its place if the app is ended. */
  cameraOpens(recordId: string, about: string): Promise<string>;
  /** No picture is awaited from there any more: it was told what became of it. */
  cameraLeft(noted: string): Promise<void>;
  /** Takes in the pictures of cameras that were open when the app was ended, and says what became of each. */
  afterCamera(): Promise<AfterCamera[]>;
  /** Takes a photo away from its record; it stays in the books. */
  removePhoto(id: string): Promise<void>;
  /** Sees to it that the full picture is here, if there is any way to it. The one call that may wait for a network. */
  viewPhoto(id: string): Promise<PhotoShown>;
  /** Where an `<img>` finds a picture: the small one, or the full one. */
  pictureUrl(sha256: string, small: boolean): string;
  /** What photos take on this device, why, and when they go. */
  storage(): Promise<StorageView>;
  photoPolicy(): Promise<PhotoPolicy>;
  setPhotoPolicy(policy: PhotoPolicy): Promise<PhotoPolicy>;
  /** For how many days finished records are kept here after the office received them. */
  historyDays(): Promise<number>;
  /** Sets that, and answers how it stands then. */
  keepHistory(days: number): Promise<number>;

  /** Whether the app starts with the computer; null where that is not the app's to say, as on a phone. */
  autostart(): Promise<boolean | null>;
  /** Sets that, and answers how it stands then. */
  setAutostart(on: boolean): Promise<boolean | null>;
  /** What waits on this device, and how the support window is opened. */
  supportPage(): Promise<SupportPage>;
  /** Asks where to, and writes everything pending there; null if the person changed their mind. */
  exportPending(): Promise<ExportSaved | null>;
  /** The same with diagnostics. */
  exportDiagnostics(): Promise<DiagnosticsSaved | null>;
  /** Opens the support window; a kiosk asks for its code. */
  openSupport(code: string | null): Promise<void>;

  /** Local state changed: ask again for what is shown. Answers how to stop listening. */
  onStoreChanged(listener: () => void): Promise<() => void>;
  /** How sync stands, whenever that changes. Answers how to stop listening. */
  onSyncStatus(listener: (status: SyncStatus) => void): Promise<() => void>;
}

export interface EnrolRequest {
  serverUrl: string;
  code: string;
  deviceName: string;
}

/** A picture from the camera or a file. */
export interface NewPhoto {
  file: Blob;
  recordId: string;
  /** Which part of the record it shows, such as `/items/tires`; empty: all of it. */
  about: string;
  /** How it came: what tells when it was taken, if it does not itself. */
  came: PictureCame;
}

/** A failed call, with what to tell the person. */
export class BackendError extends Error {
  readonly problem: CommandError;

  constructor(problem: CommandError) {
    super(problem.message);
    this.name = "BackendError";
    this.problem = problem;
  }
}

/** What to tell the person about anything that was thrown. */
export function problemOf(error: unknown): CommandError {
  if (error instanceof BackendError) return error.problem;
  return { code: "storage", message: error instanceof Error ? error.message : String(error), retry: true };
}
