import { BackendError, type NewPhoto } from "../../shared/backend/backend";
import type { AfterCamera, PhotoList, PhotoPolicy, PhotoShown, PhotoView, StorageView, StoredPhoto } from "../../shared/model";

const HOUR = 3_600_000;

/** Each third is at the office; the fourth is damaged. */
function keptAt(place: number): StoredPhoto["kept"] {
  if (place % 3 === 2) return { reason: "confirmed", goes_in_ms: 5 * HOUR };
  return { reason: place === 3 ? "damaged" : "unconfirmed" };
}

/** Photos in memory, with the manners of the real ones. */
export class MemoryPhotos {
  /** By record. */
  readonly of = new Map<string, PhotoView[]>();
  policy: PhotoPolicy = {
    longest_side: "2048",
    quality: 82,
    thumbnail: 320,
    stamp: false,
    wifi_only_above: null,
    cache_bytes: 67_108_864,
    reserve_bytes: 67_108_864,
  };
  /** Why none can be taken. */
  noRoom: string | null = null;
  /** Every picture is refused with this sentence while it is set. */
  refuses: string | null = null;
  /** Photos that went from this device, as after a day: only thumbnails are left, and there is no way to the rest. */
  evicted = new Set<string>();
  /** What cameras were noted to be opened for. */
  readonly atCamera = new Map<string, { recordId: string; about: string }>();
  /** What is told of cameras that were open when the app was ended. */
  afterCamera: AfterCamera[] = [];
  #taken = 0;
  #opened = 0;

  list(recordId: string): PhotoList {
    return structuredClone({ photos: this.of.get(recordId) ?? [], no_room: this.noRoom });
  }

  cameraOpens(recordId: string, about: string): string {
    this.#opened += 1;
    const noted = `camera-${this.#opened}`;
    this.atCamera.set(noted, { recordId, about });
    return noted;
  }

  add({ recordId, about, came }: Pick<NewPhoto, "recordId" | "about"> & Partial<NewPhoto>, by: string, at: string): void {
    if (this.refuses !== null) throw new BackendError({ code: "invalid", message: this.refuses, retry: false });
    if (came?.noted != null) this.atCamera.delete(came.noted);
    this.#taken += 1;
    const photo: PhotoView = {
      id: `photo-${this.#taken}`,
      role: "photo",
      about,
      sha256: String(this.#taken).padStart(64, "0"),
      taken_at: came?.by_camera === false ? null : at,
      time_source: came?.by_camera === false ? null : "device",
      added_at: at,
      operator_name: by,
      has_picture: true,
    };
    this.of.set(recordId, [...(this.of.get(recordId) ?? []), photo]);
  }

  remove(id: string): void {
    for (const [recordId, photos] of this.of) {
      this.of.set(
        recordId,
        photos.filter((photo) => photo.id !== id),
      );
    }
  }

  view(id: string): PhotoShown {
    if (!this.evicted.has(id)) return { by: "picture", note: null };
    const note = "The full picture is no longer on this device. It is fetched when there is signal.";
    return { by: "thumbnail", note };
  }

  storage(): StorageView {
    const photos = [...this.of].flatMap(([record_id, taken]) =>
      taken.map((photo, place): StoredPhoto => ({
        record_id: photo.id,
        sha256: photo.sha256,
        of: { record_id, kind: "inspection", title: "Inspection · TRL-2207" },
        size: 842_000 + place * 391_000,
        arrived: place === 1 ? 524_288 : 0,
        kept: keptAt(place),
      })),
    );
    const sum = (reason: string) =>
      photos.filter(({ kept }) => kept.reason === reason).reduce((all, { size }) => all + size, 0);
    return {
      photos,
      unconfirmed_bytes: sum("unconfirmed") + sum("damaged"),
      confirmed_bytes: sum("confirmed"),
      camera_bytes: 0,
      free_bytes: 12_400_000_000,
    };
  }

  /** A drawing that differs from photo to photo. */
  url(sha256: string): string {
    const hue = (Number(sha256.slice(-6)) * 67) % 360;
    const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"><rect width="400" height="300" fill="hsl(${hue} 30% 62%)"/><rect y="210" width="400" height="90" fill="hsl(${hue} 12% 34%)"/><rect x="60" y="90" width="230" height="110" fill="hsl(${hue} 20% 88%)"/><path d="M290 120h50l30 40v40h-80z" fill="hsl(${hue} 45% 40%)"/><circle cx="110" cy="212" r="26"/><circle cx="320" cy="212" r="26"/></svg>`;
    return `data:image/svg+xml,${encodeURIComponent(drawing)}`;
  }
}
