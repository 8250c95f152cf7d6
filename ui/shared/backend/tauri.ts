import { convertFileSrc } from "@tauri-apps/api/core";
import { commands, events } from "../bindings";
import type { CommandError } from "../model";
import { type Backend, BackendError } from "./backend";
import { t } from "../strings";
import { sendPicture } from "./picture";

type Result<T> = { status: "ok"; data: T } | { status: "error"; error: CommandError };

/**
 * Tauri itself answers with a mere text, as to a call that the window may not make, or whose arguments Rust cannot read. It
 * is a parser's, for the log; whoever works here reads a sentence.
 */
function problem(error: CommandError | string): CommandError {
  if (typeof error !== "string") return error;
  console.error(error);
  return { code: "storage", message: t.common.unreadable, retry: false };
}

/** Turns the generated result union into a value or a {@link BackendError}. */
async function value<T>(result: Promise<Result<T>>): Promise<T> {
  const answer = await result;
  if (answer.status === "error") throw new BackendError(problem(answer.error));
  return answer.data;
}

async function done(result: Promise<Result<unknown>>): Promise<void> {
  await value(result);
}

/** The Rust side of the app. The only module that uses the generated bindings' values. */
export const tauriBackend: Backend = {
  bootstrap: () => value(commands.bootstrap()),
  enrol: ({ serverUrl, code, deviceName }) => value(commands.enrol(serverUrl, code, deviceName)),
  moveServer: (serverUrl, ending) => value(commands.moveServer(serverUrl, ending)),
  operators: () => value(commands.operators()),
  chooseOperator: (operatorId) => value(commands.chooseOperator(operatorId)),
  chooseYard: (yardId) => value(commands.chooseYard(yardId)),
  keepPlace: (place) => done(commands.keepPlace(place)),
  workList: () => value(commands.workList()),
  start: (start) => value(commands.start(start)),
  record: (id) => value(commands.record(id)),
  openRecord: (id) => value(commands.openRecord(id)),
  closeRecord: (id) => done(commands.closeRecord(id)),
  save: (id, body, shown) => value(commands.save(id, body, shown)),
  submit: (id, shown) => value(commands.submit(id, shown)),
  voidRecord: (id, reason, shown) => value(commands.voidRecord(id, reason, shown)),
  sendAgain: (id) => value(commands.sendAgain(id)),
  settleMet: (id, keep) => value(commands.settleMet(id, keep)),
  discardChange: (id) => value(commands.discardChange(id)),
  inbox: () => value(commands.inbox()),
  markRead: (id) => done(commands.markRead(id)),
  nameAuthor: (id, operatorId) => value(commands.nameAuthor(id, operatorId)),
  templates: () => value(commands.templates()),
  findCarriers: (query) => value(commands.findCarriers(query)),
  findEquipment: (query) => value(commands.findEquipment(query)),
  zoneClocks: (zone) => value(commands.zoneClocks(zone)),
  syncNow: () => done(commands.syncNow()),
  hint: (hint) => done(commands.hint(hint)),
  dismissSalvage: () => done(commands.dismissSalvage()),
  photos: (recordId) => value(commands.photos(recordId)),
  addPhoto: ({ file, recordId, about, came }) =>
    sendPicture(file, {
      begin: (size) => value(commands.beginPhoto(size)),
      part: (name, offset, part) => done(commands.photoPart(name, offset, part)),
      add: (name) => done(commands.addPhoto(name, recordId, "photo", about, came)),
      drop: (name) => done(commands.dropPhoto(name)),
    }),
  cameraOpens: (recordId, about) => value(commands.cameraOpens(recordId, "photo", about)),
  cameraLeft: (noted) => done(commands.cameraLeft(noted)),
  afterCamera: () => value(commands.afterCamera()),
  removePhoto: (id) => done(commands.removePhoto(id)),
  viewPhoto: (id) => value(commands.viewPhoto(id)),
  pictureUrl: (sha256, small) => convertFileSrc(`${sha256}.${small ? "small" : "full"}`, "photo"),
  storage: () => value(commands.storage()),
  photoPolicy: () => value(commands.photoPolicy()),
  setPhotoPolicy: (policy) => value(commands.setPhotoPolicy(policy)),
  historyDays: () => value(commands.historyDays()),
  keepHistory: (days) => value(commands.keepHistory(days)),
  autostart: () => value(commands.autostart()),
  setAutostart: (on) => value(commands.setAutostart(on)),
  supportPage: () => value(commands.supportPage()),
  exportPending: () => value(commands.exportPending()),
  exportDiagnostics: () => value(commands.exportDiagnostics(navigator.userAgent)),
  openSupport: (code) => done(commands.openSupport(code)),
  onStoreChanged: (listener) => events.storeChanged.listen(() => listener()),
  onSyncStatus: (listener) => events.syncStatusChanged.listen(({ payload }) => listener(payload)),
};
