import { type Backend, problemOf } from "../../shared/backend/backend";
import { coalesce } from "../../shared/coalesce";
import type { CommandError, PhotoView } from "../../shared/model";

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
  /** Why the last picture was not kept, and which part it was to show. */
  failure = $state.raw<{ about: string; problem: CommandError } | null>(null);

  /** The part each picture shows that is on its way to the disk. */
  #keeping = $state.raw<string[]>([]);
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

  refresh(): Promise<void> {
    return this.#refresh();
  }

  /** Keeps pictures, one after the other. One that cannot be kept does not hold up the rest. */
  async take(files: readonly Blob[], about: string): Promise<void> {
    this.failure = null;
    this.#keeping = [...this.#keeping, ...files.map(() => about)];
    for (const file of files) {
      try {
        await this.#backend.addPhoto({ file, recordId: this.#recordId, about });
        await this.refresh();
      } catch (error) {
        this.failure = { about, problem: problemOf(error) };
      }
      this.#keeping = this.#keeping.toSpliced(this.#keeping.indexOf(about), 1);
    }
  }

  async remove(id: string): Promise<void> {
    await this.#backend.removePhoto(id);
    await this.refresh();
  }
}
