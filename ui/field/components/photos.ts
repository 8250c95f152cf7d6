import type { PhotoView, Template } from "../../shared/model";
import { humanized, t } from "../../shared/strings";

/** What the part of a record is called that a photo shows; nothing for the whole of it. */
export function partName(about: string, template: Template | null): string {
  const [, list, key] = about.split("/");
  if (list === "items" && key) return template?.items.find((item) => item.key === key)?.label ?? humanized(key);
  return list === "damage" ? t.damage.title : "";
}

/** When a photo was taken and who brought it, without saying "taken" of a time that only its file or its record has. */
export function timeWords(
  photo: Pick<PhotoView, "taken_at" | "time_source" | "added_at" | "operator_name">,
  moment: (at: string) => string,
): string {
  const by = photo.operator_name;
  if (photo.taken_at === null) return t.photos.added(moment(photo.added_at), by);
  const when = moment(photo.taken_at);
  switch (photo.time_source) {
    case "digitized":
      return t.photos.digitized(when, by);
    case "file":
      return t.photos.fileOf(when, by);
    // An older app told no source.
    case "camera":
    case "device":
    case null:
      return t.photos.taken(when, by);
  }
}

const MINUTE = 60_000;

/** In how long something goes, rounded up so that it never goes before it is said to. */
export function goesIn(milliseconds: number): string {
  const minutes = Math.ceil(milliseconds / MINUTE);
  if (minutes <= 1) return t.storage.soon;
  return minutes < 60 ? t.storage.inMinutes(minutes) : t.storage.inHours(Math.ceil(minutes / 60));
}
