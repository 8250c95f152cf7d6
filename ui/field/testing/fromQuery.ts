import { BackendError } from "../../shared/backend/backend";
import type { SyncProblemCode } from "../../shared/model";
import { NOW } from "./data";
import { MemoryBackend } from "./memory";

/**
 * The store in memory in a state that the address asks for, to look at any page: `?memory&place=inbox`,
 * `&photos=4`, `&evicted`, `&noroom`, `&keeping`, `&refuses`, `&unlisted`, `&mended`, `&desktop`, `&sending=3`, `&enrolled=no`, `&operator=no`, `&syncing=3`, `&problem=captive_portal`, `&full`, `&salvage`, `&unsigned`, `&met`, `&correcting`, `&parked`, `&theme=dark`, `&live`.
 */
export function memoryFromQuery(query: URLSearchParams): MemoryBackend {
  const backend = new MemoryBackend();
  const { state } = backend;
  state.place = query.get("place");
  if (query.get("enrolled") === "no") state.enrolment = null;
  if (query.get("operator") === "no") state.operator = null;
  if (query.has("unsigned")) backend.leaveUnsigned();
  if (query.has("met")) backend.meet("rec-open");
  if (query.has("correcting") || query.has("parked")) {
    const message =
      "The report that this corrects is in a yard that this device does not work for any more. Your correction is kept here, and goes on when the report is here again.";
    const rejection = query.has("parked") ? { path: null, message } : null;
    const record = backend.records.get("rec-open");
    if (record) backend.records.set("rec-open", { ...record, correcting: true, can_discard: true, rejection });
  }
  if (query.has("salvage")) {
    state.salvage =
      "The records on this device were damaged and have been set aside. 3 records that had not been sent yet were saved and are sent as soon as there is a signal.";
  }
  if (query.has("full")) {
    const message =
      "This device is out of space, so the last change is not saved yet. Everything saved before is safe. Free some space, then tap “Try again”.";
    backend.saveFails = { code: "disk_full", message, retry: true };
  }
  const about = ["", "/items/tires", "/items/service_brakes", "/damage"];
  for (let at = 0; at < Number(query.get("photos") ?? 0); at += 1) {
    for (const recordId of backend.records.keys()) {
      backend.pictures.add({ recordId, about: about[at % about.length] ?? "" }, "Ana Rivera", new Date(NOW).toISOString());
    }
  }
  if (query.has("evicted")) {
    for (const { id } of [...backend.pictures.of.values()].flat()) backend.pictures.evicted.add(id);
  }
  if (query.has("noroom")) {
    backend.pictures.noRoom =
      "This device is out of space for another photo. Free some space first; everything saved is safe.";
  }
  // Pictures that are chosen stay on their way to the disk.
  if (query.has("keeping")) backend.addPhoto = () => new Promise(() => {});
  if (query.has("refuses")) {
    backend.pictures.refuses = "This picture is broken, or only part of it came. Take it again, or choose another.";
  }
  if (query.has("unlisted")) {
    const message = "This device could not read its records. Restart the app; nothing is lost.";
    backend.storage = () => Promise.reject(new BackendError({ code: "storage", message, retry: true }));
  }
  if (query.has("mended")) state.health = { scheduler_woken: 1, repairs: 2 };
  if (query.has("desktop")) backend.startsWithComputer = false;
  const sending = Number(query.get("sending") ?? 0);
  if (sending > 0) {
    const photos = { photos: sending, bytes: sending * 1_500_000, arrived: 1_200_000, wait_for_wifi: 2 };
    state.sync = { ...state.sync, photos };
  }
  const syncing = query.get("syncing");
  if (syncing !== null) state.sync = { ...state.sync, running: true, items: Number(syncing) };
  const problem = query.get("problem") as SyncProblemCode | null;
  if (problem) {
    const message = "Open a browser, sign in to this network or leave it. Your work is safe on this device.";
    state.sync = { ...state.sync, problem: { code: problem, message } };
  }
  const theme = query.get("theme");
  if (theme) document.documentElement.dataset["theme"] = theme;
  // A still clock makes pictures comparable.
  if (!query.has("live")) Date.now = () => NOW;
  return backend;
}
