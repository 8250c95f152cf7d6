import { createContext, untrack } from "svelte";
import { SvelteMap } from "svelte/reactivity";
import { type Backend, problemOf } from "../../shared/backend/backend";
import { coalesce } from "../../shared/coalesce";
import type { AppState, CommandError, Hint, RecordView, Start, SyncStatus, YardView } from "../../shared/model";
import { t } from "../../shared/strings";
import { askForClocks, learned } from "../../shared/zones";
import { isRecordKind, type Place } from "./place";
import { Router } from "./router.svelte";
import { RecordSession } from "./session.svelte";

/** Before a yard is chosen, times are universal and say so. */
const NO_YARD = "UTC";

const QUIET: SyncStatus = {
  running: false,
  items: 0,
  pending: 0,
  photos: { photos: 0, bytes: 0, arrived: 0, wait_for_wifi: 0 },
  last_success_at: null,
  problem: null,
};

/**
 * What all pages share. Everything in it is rebuilt from `bootstrap()`, so a webview that was thrown away, or an app
 * that was killed, comes back to the same place.
 */
export class App {
  readonly backend: Backend;
  readonly router: Router;
  state = $state.raw<AppState | null>(null);
  /** The first call failed: nothing can be shown but why. */
  broken = $state.raw<CommandError | null>(null);
  /** Why the last action failed; told until the next one. */
  failure = $state.raw<CommandError | null>(null);
  /** A calm word that something is done. */
  confirmation = $state<string | null>(null);
  /** Counts changes of the store: pages ask again when it moves. */
  version = $state(0);
  now = $state(Date.now());

  /** Records that are open, or were left with something unsaved. */
  readonly #sessions = new SvelteMap<string, RecordSession>();
  /** A record is being begun. */
  #begins = false;
  readonly #refresh = coalesce(async () => this.#take(await this.backend.bootstrap()));

  constructor(backend: Backend) {
    this.backend = backend;
    askForClocks((zone) => backend.zoneClocks(zone));
    this.router = new Router((address) => void backend.keepPlace(address).catch(() => {}));
  }

  get sync(): SyncStatus {
    return this.state?.sync ?? QUIET;
  }

  get yard(): YardView | undefined {
    return this.state?.yards.find((yard) => yard.id === this.state?.yard_id);
  }

  get zone(): string {
    return this.yard?.time_zone ?? NO_YARD;
  }

  /** The first record that could not be saved. */
  get unsaved(): RecordSession | undefined {
    return [...this.#sessions.values()].find((session) => session.error !== null);
  }

  async start(): Promise<void> {
    try {
      const state = await this.backend.bootstrap();
      await Promise.all([NO_YARD, ...state.yards.map((yard) => yard.time_zone)].map(learned));
      this.#take(state);
      this.router.restore(state.place);
      this.broken = null;
      if (state.operator) void this.#afterCamera();
    } catch (error) {
      this.broken = problemOf(error);
    }
  }

  /** Follows the store, sync and the platform. Answers how to stop. */
  listen(): () => void {
    const stops = [
      this.#until(this.backend.onStoreChanged(() => this.#storeChanged())),
      this.#until(this.backend.onSyncStatus((sync) => this.#syncStatus(sync))),
      this.router.listen(),
    ];
    const clock = setInterval(() => (this.now = Date.now()), 20_000);
    const hint = (what: Hint) => () => void this.backend.hint(what).catch(() => {});
    const visibility = () => {
      this.now = Date.now();
      if (document.visibilityState === "hidden") this.flush();
      else {
        hint("visible")();
        this.#storeChanged();
      }
    };
    const handlers: [EventTarget, string, () => void][] = [
      [window, "focus", hint("focus")],
      [window, "online", hint("online")],
      [window, "offline", hint("offline")],
      [window, "pagehide", () => this.flush()],
      [document, "visibilitychange", visibility],
    ];
    for (const [target, event, handler] of handlers) target.addEventListener(event, handler);
    return () => {
      clearInterval(clock);
      for (const stop of stops) stop();
      for (const [target, event, handler] of handlers) target.removeEventListener(event, handler);
    };
  }

  go(place: Place): void {
    this.#leave();
    this.router.go(place);
  }

  replace(place: Place): void {
    this.#leave();
    this.router.replace(place);
  }

  back(): void {
    this.#leave();
    this.router.back();
  }

  /** The session of a record; one with unsaved edits is never replaced. */
  async open(id: string): Promise<RecordSession> {
    const known = this.#sessions.get(id);
    if (known) return known;
    const view = await this.backend.openRecord(id);
    await learned(view.zone);
    return this.#sessions.get(id) ?? this.#adopt(view);
  }

  /** The page of a record was left. What is not saved yet stays here until it is. */
  async leave(session: RecordSession): Promise<void> {
    const seen = session.photos.failures;
    const saved = await session.flush();
    await session.photos.settled();
    const place = this.router.place;
    const shown = place.page === "record" && place.id === session.id;
    if (!saved || shown || this.#sessions.get(session.id) !== session) return;
    this.#sessions.delete(session.id);
    this.backend.closeRecord(session.id).catch(() => {});
    // Nobody sees the record's page any more: what was not kept is told wherever the operator is.
    const lost = session.photos.failures.filter((failure) => !seen.includes(failure));
    const count = lost.reduce((all, failure) => all + failure.count, 0);
    const last = lost.at(-1);
    if (!last) return;
    this.failure = { ...last.problem, message: t.photos.failedIn(count, session.view.title, last.problem.message) };
  }

  /** Begins a record. A second tap while that is under way means the same record. */
  async begin(start: Start): Promise<void> {
    if (this.#begins) return;
    this.#begins = true;
    await this.act(async () => {
      const view = await this.backend.start(start);
      await learned(view.zone);
      if (!this.#sessions.has(view.id)) this.#adopt(view);
      const kind = view.body.kind;
      if (!isRecordKind(kind)) return;
      const place = { page: "record", kind, id: view.id } as const;
      // What was chosen is begun: going back leads to the list, not to choosing again.
      if (this.router.place.page === "new") this.replace(place);
      else this.go(place);
    });
    this.#begins = false;
  }

  openRecord(kind: string, id: string): void {
    if (isRecordKind(kind)) this.go({ page: "record", kind, id });
  }

  /** Tries again to save whatever is not saved. */
  flush(): void {
    for (const session of this.#sessions.values()) void session.flush();
  }

  /** Does something on the operator's wish and tells if it fails. */
  async act(task: () => Promise<void>): Promise<boolean> {
    this.failure = null;
    try {
      await task();
      return true;
    } catch (error) {
      const problem = problemOf(error);
      // Whoever is working is chosen first; the page says so.
      if (problem.code === "nobody_chosen" && this.router.place.page !== "who") this.go({ page: "who" });
      this.failure = problem;
      return false;
    }
  }

  /** A command that answers the new state of the app. */
  async change(task: () => Promise<AppState>): Promise<boolean> {
    return this.act(async () => this.#take(await task()));
  }

  /** Has every page ask the store again, after a change that it does not tell of. */
  look(): void {
    this.#storeChanged();
  }

  syncNow(): void {
    void this.act(() => this.backend.syncNow());
  }

  #take(state: AppState): void {
    this.state = state;
  }

  /** Tells what became of pictures at whose camera the app was ended. */
  async #afterCamera(): Promise<void> {
    for (const { noted, title, is_kept, why } of await this.backend.afterCamera().catch(() => [])) {
      if (is_kept) {
        this.confirmation = t.photos.foundAfterCamera(title);
        continue;
      }
      this.failure = { code: "not_found", message: t.photos.lostAtCamera(title, why), retry: false };
      // A picture that is there and could not be kept, on a full disk say, stays awaited until it can be.
      if (!why) await this.backend.cameraLeft(noted).catch(() => {});
    }
  }

  #adopt(view: RecordView): RecordSession {
    const session = new RecordSession(this.backend, view);
    this.#sessions.set(view.id, session);
    return session;
  }

  #leave(): void {
    this.failure = null;
    this.confirmation = null;
    this.flush();
  }

  #storeChanged(): void {
    this.version = untrack(() => this.version) + 1;
    this.#refresh().catch(() => {});
  }

  #syncStatus(sync: SyncStatus): void {
    if (this.state) this.state = { ...this.state, sync };
  }

  #until(listening: Promise<() => void>): () => void {
    listening.catch(() => {});
    return () => void listening.then((stop) => stop()).catch(() => {});
  }
}

export const [useApp, provideApp] = createContext<App>();
export const [useSession, provideSession] = createContext<() => RecordSession>();
