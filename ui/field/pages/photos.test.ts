import { fireEvent } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";
import { BackendError, type NewPhoto } from "../../shared/backend/backend";
import { open, see, sees, tap, text, waitFor } from "../testing/app";
import { MemoryBackend } from "../testing/memory";

const OPEN = "inspection/rec-open/items";
const REAL = { about: "", operator: "Ana Rivera", at: "2026-03-04T20:00:00Z" };

function withPhotos(count: number, recordId = "rec-open"): MemoryBackend {
  const backend = new MemoryBackend();
  for (let at = 0; at < count; at += 1) backend.pictures.add({ recordId, about: REAL.about }, REAL.operator, REAL.at);
  return backend;
}

function onAPhone(): void {
  const mouse = window.matchMedia;
  const phone = (query: string) => ({ ...mouse(query), matches: query === "(pointer: coarse)" });
  vi.spyOn(window, "matchMedia").mockImplementation(phone);
}

async function pick(testid: string, ...names: string[]): Promise<void> {
  const input = (await see(testid)) as HTMLInputElement;
  const files = names.map((name) => new File(["bytes"], name, { type: "image/jpeg", lastModified: 1_793_000_000_000 }));
  Object.defineProperty(input, "files", { value: files, configurable: true });
  await fireEvent.change(input);
}

describe("photos of a record", () => {
  it("are asked for where something failed, and belong to that part", async () => {
    const backend = open(new MemoryBackend(), OPEN);
    const key = (await see("record-page")).querySelector("[data-testid^=item-card-]")?.getAttribute("data-anchor");
    expect(sees(`photos-items-${key}`)).toBe(false);
    await tap(`item-${key}-fail_major`);
    await pick(`photo-input-items-${key}`, "one.jpg", "two.jpg");
    await see("photo-photo-2");
    expect(backend.pictures.list("rec-open").photos.map(({ about }) => about)).toEqual([`/items/${key}`, `/items/${key}`]);
  });

  it("are told apart by how they came: the camera takes one now, a file may be of any day", async () => {
    onAPhone();
    const backend = new MemoryBackend();
    const came: NewPhoto["came"][] = [];
    const add = backend.addPhoto.bind(backend);
    backend.addPhoto = (photo: NewPhoto) => {
      came.push(photo.came);
      return add(photo);
    };
    open(backend, "inspection/rec-open/vehicle");
    await pick("photo-camera-record", "taken.jpg");
    await pick("photo-input-record", "chosen.jpg");
    await tap("photo-photo-2");
    expect(await text("photo-viewer")).toContain("Added ");
    expect(came).toEqual([
      { by_camera: true, file_at_ms: 1_793_000_000_000, noted: null },
      { by_camera: false, file_at_ms: 1_793_000_000_000, noted: null },
    ]);
  });

  it("have their camera noted before it opens, until they are safe, are told as not kept, or it is left", async () => {
    onAPhone();
    const backend = new MemoryBackend();
    open(backend, "inspection/rec-open/vehicle");
    const input = await see("photo-camera-record");
    const noted = () => [...backend.pictures.atCamera.values()];
    await fireEvent.click(input);
    expect(noted()).toEqual([{ recordId: "rec-open", about: "" }]);
    await fireEvent(input, new Event("cancel"));
    await waitFor(() => expect(noted()).toEqual([]));

    await fireEvent.click(input);
    await pick("photo-camera-record", "taken.jpg");
    await see("photo-photo-1");
    expect(noted()).toEqual([]);

    backend.pictures.refuses = "This picture is broken. Take it again.";
    await fireEvent.click(input);
    await pick("photo-camera-record", "broken.jpg");
    await see("photo-failed-record");
    await waitFor(() => expect(noted()).toEqual([]));

    // The system did not say that the camera was left.
    await fireEvent.click(input);
    await fireEvent.click(input);
    await waitFor(() => expect(noted()).toHaveLength(1));
  });

  it("that the system took the app away from are told of at the next start, lost ones once", async () => {
    const backend = new MemoryBackend();
    backend.pictures.atCamera.set("camera-1", { recordId: "rec-open", about: "" });
    backend.pictures.afterCamera = [
      { noted: "camera-0", title: "Gate in · PX-20931", is_kept: true, why: null },
      { noted: "camera-1", title: "Inspection · TRL-2207", is_kept: false, why: null },
    ];
    open(backend, "work");
    expect(await text("failure")).toMatch(/A photo of “Inspection · TRL-2207” may be lost.*take it again/);
    expect(await text("confirmation")).toContain("is kept with “Gate in · PX-20931”");
    await waitFor(() => expect(backend.pictures.atCamera.size).toBe(0));
  });

  it("that were found at the next start and could not be kept stay awaited", async () => {
    const backend = new MemoryBackend();
    backend.pictures.atCamera.set("camera-1", { recordId: "rec-open", about: "" });
    backend.pictures.atCamera.set("camera-2", { recordId: "rec-open", about: "" });
    backend.pictures.afterCamera = [
      { noted: "camera-1", title: "Inspection · TRL-2207", is_kept: false, why: "There is no room." },
      { noted: "camera-2", title: "Inspection · TRL-2207", is_kept: false, why: null },
    ];
    open(backend, "work");
    await waitFor(() => expect([...backend.pictures.atCamera.keys()]).toEqual(["camera-1"]));
  });

  it("are shown only once they are safe; until then one sees that they are being kept", async () => {
    const backend = new MemoryBackend();
    let safe = () => {};
    const add = backend.addPhoto.bind(backend);
    backend.addPhoto = async (photo: NewPhoto) => {
      await new Promise<void>((resolve) => (safe = resolve));
      await add(photo);
    };
    open(backend, "inspection/rec-open/vehicle");
    await pick("photo-input-record", "one.jpg");
    expect(await text("photos-keeping")).toBe("Keeping 1 photo");
    expect(sees("photo-photo-1")).toBe(false);
    safe();
    await see("photo-photo-1");
    await waitFor(() => expect(sees("photos-keeping")).toBe(false));
  });

  it("that cannot be kept are told of in words, and do not hold up the others", async () => {
    const backend = new MemoryBackend();
    const add = backend.addPhoto.bind(backend);
    let asked = 0;
    backend.addPhoto = async (photo: NewPhoto) => {
      asked += 1;
      backend.pictures.refuses = asked === 1 ? "This picture is broken. Take it again." : null;
      await add(photo);
    };
    open(backend, "inspection/rec-open/vehicle");
    await pick("photo-input-record", "broken.jpg", "whole.jpg");
    expect(await text("photo-failed-record")).toContain("This picture is broken. Take it again.");
    await see("photo-photo-1");
    expect(backend.pictures.list("rec-open").photos).toHaveLength(1);
  });

  it("are kept one after the other, however quickly they are taken, and are in the end all told of", async () => {
    const backend = new MemoryBackend();
    let busy = 0;
    let most = 0;
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    backend.addPhoto = async () => {
      busy += 1;
      most = Math.max(most, busy);
      await held;
      busy -= 1;
      throw new BackendError({ code: "invalid", message: "This picture is broken. Take it again.", retry: false });
    };
    open(backend, "inspection/rec-open/vehicle");
    await pick("photo-input-record", "one.jpg");
    await pick("photo-input-record", "two.jpg", "three.jpg");
    expect(await text("photos-keeping")).toBe("Keeping 3 photos");
    letGo();
    await waitFor(async () => expect(await text("photo-failed-record")).toContain("3 photos were not kept"));
    expect(most).toBe(1);
  });

  it("that are safe are not told as lost when the list cannot be read just then", async () => {
    const backend = new MemoryBackend();
    open(backend, "inspection/rec-open/vehicle");
    await see("photo-input-record");
    const photos = backend.photos.bind(backend);
    backend.photos = async () => Promise.reject(new Error("busy"));
    await pick("photo-input-record", "one.jpg");
    await waitFor(() => expect(backend.pictures.list("rec-open").photos).toHaveLength(1));
    await waitFor(() => expect(sees("photos-keeping")).toBe(false));
    expect(sees("photo-failed-record")).toBe(false);
    backend.photos = photos;
    backend.emitChange();
    await see("photo-photo-1");
  });

  it("are still being kept when the page was left and is opened again, and told of elsewhere when they were not", async () => {
    const backend = new MemoryBackend();
    let refuse = () => {};
    backend.addPhoto = () =>
      new Promise((_, reject) => {
        refuse = () =>
          reject(new BackendError({ code: "invalid", message: "This picture is broken. Take it again.", retry: false }));
      });
    open(backend, "inspection/rec-open/vehicle");
    await pick("photo-input-record", "one.jpg");
    await see("photos-keeping");
    await tap("back");
    await tap("work-item-rec-open");
    await tap("step-vehicle");
    await see("photos-keeping");
    await tap("back");
    await see("work-list");
    refuse();
    expect(await text("failure")).toMatch(/A photo of “.*TRL-2207” was not kept\. This picture is broken\./);
  });

  it("of a part keep their place at it, whatever is answered meanwhile", async () => {
    const backend = new MemoryBackend();
    let safe = () => {};
    backend.addPhoto = () => new Promise<void>((resolve) => (safe = resolve));
    open(backend, OPEN);
    await pick("photo-input-items-tires", "one.jpg");
    await tap("item-tires-pass");
    await see("photos-keeping");
    safe();
    await waitFor(() => expect(sees("photos-items-tires")).toBe(false));
  });

  it("are not asked for when there is no room, and that is said before one is taken", async () => {
    const backend = new MemoryBackend();
    backend.pictures.noRoom = "This device is out of space for another photo.";
    open(backend, "inspection/rec-open/vehicle");
    expect(await text("photo-no-room-record")).toContain("out of space");
    expect(sees("photo-input-record")).toBe(false);
  });

  it("are looked at one after the other, and taken away only when that is confirmed", async () => {
    const backend = open(withPhotos(2), "inspection/rec-open/vehicle");
    await tap("photo-photo-1");
    expect((await see("photo-viewer")).getAttribute("aria-label")).toBe("Photo 1 of 2");
    await waitFor(async () => expect((await see("photo-viewer")).dataset["shows"]).toBe("picture"));
    await tap("photo-next");
    expect((await see("photo-viewer")).getAttribute("aria-label")).toBe("Photo 2 of 2");
    await tap("photo-remove");
    expect(backend.pictures.list("rec-open").photos).toHaveLength(2);
    await tap("photo-remove-confirm");
    await waitFor(() => expect(sees("photo-viewer")).toBe(false));
    expect(backend.pictures.list("rec-open").photos.map(({ id }) => id)).toEqual(["photo-1"]);
  });

  it("are looked at more closely on a tap, the next one as a whole again", async () => {
    open(withPhotos(2), "inspection/rec-open/vehicle");
    await tap("photo-photo-1");
    const pressed = async () => (await see("photo-closer")).getAttribute("aria-pressed");
    await tap("photo-closer");
    expect(await pressed()).toBe("true");
    await tap("photo-next");
    expect(await pressed()).toBe("false");
  });

  it("have the focus back when they were looked at", async () => {
    open(withPhotos(3), "inspection/rec-open/vehicle");
    await tap("photo-photo-1");
    await tap("photo-next");
    await tap("photo-close");
    await waitFor(() => expect(document.activeElement?.getAttribute("data-testid")).toBe("photo-photo-2"));
  });

  it("that are looked at are put away by the back gesture, which stays on the page", async () => {
    open(withPhotos(2), "inspection/rec-open/vehicle");
    await tap("photo-photo-1");
    await see("photo-viewer");
    history.back();
    await waitFor(() => expect(sees("photo-viewer")).toBe(false));
    expect(sees("photos-record")).toBe(true);
  });

  it("that were put away leave no step behind: back leads where it led before", async () => {
    open(withPhotos(2), "work");
    await tap("work-item-rec-open");
    await tap("step-vehicle");
    for (let time = 0; time < 2; time += 1) {
      await tap("photo-photo-1");
      await tap("photo-close");
      await waitFor(() => expect(sees("photo-viewer")).toBe(false));
    }
    await tap("back");
    await see("work-list");
  });

  it("are all to be seen where the record is read, each with the part it shows", async () => {
    const backend = withPhotos(1);
    backend.pictures.add({ recordId: "rec-open", about: "/items/tires" }, REAL.operator, REAL.at);
    open(backend, "inspection/rec-open/review");
    expect((await see("photo-photo-1")).getAttribute("aria-label")).toBe("Photo 1 of 2");
    const tires = await see("photo-photo-2");
    expect(tires.getAttribute("aria-label")).toBe("Photo 2 of 2: Tires");
    expect(tires.closest("li")?.textContent?.trim()).toBe("Tires");
  });

  it("say so when only a small picture is left here", async () => {
    const backend = withPhotos(1);
    backend.pictures.evicted.add("photo-1");
    open(backend, "inspection/rec-open/vehicle");
    await tap("photo-photo-1");
    expect(await text("photo-note")).toContain("no longer on this device");
  });

  it("of a record that was handed in can be seen and neither added nor taken away", async () => {
    const backend = new MemoryBackend();
    const done = (await backend.workList()).recent.find(({ kind }) => kind === "inspection" || kind === "gate_event");
    const id = done?.record_id ?? "";
    backend.pictures.add({ recordId: id, about: "" }, REAL.operator, REAL.at);
    open(backend, `${done?.kind}/${id}`);
    await tap("photo-photo-1");
    expect(sees("photo-remove")).toBe(false);
    expect(sees("photo-input-record")).toBe(false);
  });
});

describe("the storage page", () => {
  it("tells what is held, why, and when it goes, and leads to the record", async () => {
    open(withPhotos(3), "storage");
    expect(await text("stored-photo-1")).toContain("Stays until the office has it.");
    expect(await text("stored-photo-2")).toContain("524 kB of 1.2 MB have arrived.");
    expect(await text("stored-photo-3")).toContain("The office has it. Leaves this device in 5 h.");
    expect(await text("storage-sums")).toContain("2 photos");
    await tap("stored-photo-1");
    await see("record-page");
  });

  it("tells of a photo that the disk has damaged", async () => {
    open(withPhotos(4), "storage");
    expect(await text("stored-photo-4")).toContain("Damaged on this device, so it cannot be sent. Take it again");
    expect(await text("storage-sums")).toContain("3 photos");
  });

  it("says that there is nothing", async () => {
    open(new MemoryBackend(), "storage");
    expect(await text("storage-empty")).toContain("No photos on this device");
  });

  it("says what to do when what is held cannot be read, and shows it when it can", async () => {
    const backend = withPhotos(1);
    const storage = backend.storage.bind(backend);
    const message = "This device could not read its records.";
    backend.storage = async () => Promise.reject(new BackendError({ code: "storage", message, retry: true }));
    open(backend, "storage");
    expect(await text("storage-failed")).toMatch(/Try again; if this stays, close Gatebook/);
    expect(sees("storage-empty")).toBe(false);
    backend.storage = storage;
    await tap("storage-again");
    await see("stored-photo-1");
    expect(sees("storage-failed")).toBe(false);
  });

  it("sets how photos are taken and sent", async () => {
    const backend = open(new MemoryBackend(), "storage");
    await tap("policy-stamp-yes");
    await waitFor(() => expect(backend.pictures.policy.stamp).toBe(true));
    await tap("policy-network-large");
    await waitFor(() => expect(backend.pictures.policy.wifi_only_above).toBe(1_000_000));
    await tap("policy-network-any");
    await waitFor(() => expect(backend.pictures.policy.wifi_only_above).toBe(null));
  });

  it("says for how long finished records are kept, and sets it", async () => {
    const backend = new MemoryBackend();
    backend.daysKept = 45;
    open(backend, "storage");
    expect((await see("history-45")).getAttribute("aria-pressed")).toBe("true");
    await tap("history-90");
    await waitFor(() => expect(backend.daysKept).toBe(90));
    await waitFor(() => expect(sees("history-45")).toBe(false));
  });

  it("is reached from the device's sheet, which tells how photos move", async () => {
    const backend = new MemoryBackend();
    backend.state.sync.photos = { photos: 3, bytes: 4_500_000, arrived: 1_200_000, wait_for_wifi: 2 };
    open(backend);
    expect(await text("sync-badge")).toBe("Syncing 3 items");
    await tap("device-sheet-open");
    expect(await text("sync-photos")).toBe("Photos: 3 to go, 1.2 MB of 4.5 MB");
    expect(await text("sync-wifi")).toBe("2 photos wait for Wi-Fi");
    await tap("storage-open");
    await see("storage-page");
  });
});
