import { type Backend, problemOf } from "../../shared/backend/backend";
import { coalesce } from "../../shared/coalesce";
import type { CommandError, PhotoView, PictureCame } from "../../shared/model";

/** Pictures that were not kept. */
export interface PhotoFailure {
  /** The part they were to show. */
  about: string;
  count: number;
  /** Why the last of them was not. */
  problem: CommandError;
}

/** A frame of a webcam has no file, and so no time of one. */
function cameBy(file: Blob, from: "camera" | "files", noted: string | null): PictureCame {
  return { by_camera: from === "camera", file_at_ms: file instanceof File ? file.lastModified : null, noted };
}

/**
 * The photos of one record. A photo is in `list` only once the store says that it is safe on the disk; until then it is
 * counted by `keeping`.
 */
export class PhotoRoll {
  list = $state.raw<PhotoView[]>([]);
  /** The photo that is looked at. Here, so that it stays when a device is turned and the page is laid out anew. */
  shown = $state<string | null>(null);
  /** Why no photo can be taken now. */
  noRoom = $state.raw<string | null>(null);
  /** Pictures that were not kept, by the part they were to show. */
  #failures = $state.raw<readonly PhotoFailure[]>([]);
  /** The part each picture shows that is on its way to the disk. */
  #keeping = $state.raw<readonly string[]>([]);
  /** Ends when everything that was taken is safe, or told as not kept. */
  #turn: Promise<void> = Promise.resolve();
  /** The note of the phone's camera that is open. */
  #atCamera: Promise<string | null> | null = null;
  readonly #backend: Backend;
  readonly #recordId: string;
  readonly #refresh: () => Promise<void>;

  constructor(backend: Backend, recordId: string) {
    this.#backend = backend;
    this.#recordId = recordId;
    this.#refresh = coalesce(async () => {
      const { photos, no_room } = await backend.photos(recordId);
      this.list = photos;
      this.noRoom = no_room;
    });
  }

  /** The photos that show that part. */
  of(about: string): PhotoView[] {
    return this.list.filter((photo) => photo.about === about);
  }

  /** How many pictures of that part are being kept just now. */
  keeping(about: string): number {
    return this.#keeping.filter((it) => it === about).length;
  }

  /** What of that part was not kept when pictures of it were last taken. */
  failure(about: string): PhotoFailure | undefined {
    return this.#failures.find((failure) => failure.about === about);
  }

  /** Whether there is anything to show of that part. */
  has(about: string): boolean {
    return this.of(about).length > 0 || this.keeping(about) > 0 || this.failure(about) !== undefined;
  }

  get failures(): readonly PhotoFailure[] {
    return this.#failures;
  }

  /** Waits for all that was taken. */
  async settled(): Promise<void> {
    let turn: Promise<void>;
    do {
      turn = this.#turn;
      await turn;
    } while (turn !== this.#turn);
  }

  refresh(): Promise<void> {
    return this.#refresh();
  }

  /** Keeps pictures, one after the other and after those taken before. One that cannot be kept does not hold up the rest. */
  take(files: readonly Blob[], about: string, from: "camera" | "files"): Promise<void> {
    this.#failures = this.#failures.filter((failure) => failure.about !== about);
    const noted = from === "camera" ? this.#atCamera : null;
    if (noted) this.#atCamera = null;
    this.#keeping = [...this.#keeping, ...files.map(() => about)];
    this.#turn = this.#turn.then(async () => {
      for (const file of files) await this.#keep(file, about, cameBy(file, from, await noted));
    });
    return this.#turn;
  }

  /** Notes that the phone's camera opens for a picture of that part: the system may end the app before it is left. */
  opensCamera(about: string): void {
    this.leavesCamera();
    this.#atCamera = this.#backend.cameraOpens(this.#recordId, about).catch(() => null);
  }

  /** The phone's camera was left without a picture. */
  leavesCamera(): void {
    const noted = this.#atCamera;
    this.#atCamera = null;
    void noted?.then((it) => this.#forget(it));
  }

  async remove(id: string): Promise<void> {
    await this.#backend.removePhoto(id);
    await this.refresh();
  }

  async #keep(file: Blob, about: string, came: PictureCame): Promise<void> {
    try {
      await this.#backend.addPhoto({ file, recordId: this.#recordId, about, came });
    } catch (error) {
      const count = (this.failure(about)?.count ?? 0) + 1;
      const others = this.#failures.filter((failure) => failure.about !== about);
      this.#failures = [...others, { about, count, problem: problemOf(error) }];
      // It is told here, and not once more at the next start.
      this.#forget(came.noted);
    }
    // A photo that is safe is not told as lost because the list cannot be read just now.
    await this.refresh().catch(() => {});
    const place = this.#keeping.indexOf(about);
    this.#keeping = this.#keeping.filter((_, at) => at !== place);
  }

  #forget(noted: string | null): void {
    if (noted !== null) void this.#backend.cameraLeft(noted).catch(() => {});
  }
}
