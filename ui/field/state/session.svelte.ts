import { Autosave, type Saved } from "../../shared/autosave";
import { type Backend, problemOf } from "../../shared/backend/backend";
import { SvelteMap } from "svelte/reactivity";
import type { Body, CommandError, Keep, Picked, Problem, RecordView, SubmitOutcome } from "../../shared/model";
import { getAt, isSaid, isWithin, setAt } from "../../shared/pointer";
import { distinct, type FieldProblem, problemAt } from "../../shared/problems";
import { t } from "../../shared/strings";
import { canonical, withdraw } from "./merge";
import { PhotoRoll } from "./photos.svelte";

/**
 * One record being shown or edited. `draft` is what the form shows and the operator's truth; `view` is the last
 * answer of the store: title, stage, problems, what is missing. Every edit is saved at once.
 */
export class RecordSession {
  readonly id: string;
  readonly photos: PhotoRoll;
  view = $state.raw() as RecordView;
  draft = $state.raw() as Body;
  /** Why the last save did not succeed. The form keeps everything typed. */
  error = $state.raw<CommandError | null>(null);
  /** A record handed in was unlocked to be corrected. */
  correcting = $state(false);
  /** Submitting was tried: from now on what is missing is told at each field. */
  attempted = $state(false);
  /** Who changed it while it was open here without edits of our own. */
  updatedBy = $state<string | null>(null);
  /** What was typed at a field and could not be read, so that nothing of it is kept. */
  readonly unread = new SvelteMap<string, { text: string; label: string }>();

  readonly #backend: Backend;
  readonly #autosave: Autosave<Body, RecordView>;
  /** What came with what was picked here, until the store's answer says so as well. */
  readonly #picked = new Map<string, Picked>();
  #edits = 0;

  constructor(backend: Backend, view: RecordView) {
    this.#backend = backend;
    this.id = view.id;
    this.photos = new PhotoRoll(backend, view.id);
    this.view = view;
    this.draft = view.body;
    this.#autosave = new Autosave<Body, RecordView>({
      read: () => this.draft,
      write: (body) => backend.save(this.id, body, this.view.write_id),
      saved: (result) => this.#saved(result),
      failed: (error) => (this.error = problemOf(error)),
    });
  }

  get dirty(): boolean {
    return this.#autosave.dirty;
  }

  /** Whether the form may be changed. */
  get editable(): boolean {
    return this.view.state === "live" && (this.view.stage !== "submitted" || this.correcting);
  }

  get(pointer: string): unknown {
    return getAt(this.draft.body, pointer);
  }

  text(pointer: string): string {
    const value = this.get(pointer);
    return typeof value === "string" ? value : "";
  }

  /** Changes one field; `undefined` takes it away. */
  set(pointer: string, value: unknown): void {
    this.edit((body) => setAt(body, pointer, value));
  }

  /** Changes several fields in one step. */
  edit(change: (body: Body["body"]) => Body["body"]): void {
    if (!this.editable) return;
    this.draft = { ...this.draft, body: change(this.draft.body) } as Body;
    this.#edits += 1;
    this.updatedBy = null;
    this.#autosave.touch();
  }

  /** What to tell at a field. What is missing only counts once submitting was tried. */
  problem(pointer: string): FieldProblem | undefined {
    const missing = this.attempted ? problemAt(this.view.missing, pointer) : undefined;
    return missing ?? problemAt(this.view.problems, pointer) ?? this.#rejected(pointer);
  }

  /** Whether there is anything to show at a field or in it: a value, or something to tell. */
  says(pointer: string): boolean {
    return isSaid(this.get(pointer)) || this.toldWithin(pointer).length > 0;
  }

  /** The fields at or in that one about which there is something to tell, each once. */
  toldWithin(pointer: string): string[] {
    const paths = [...this.view.missing, ...this.view.problems].map(({ path }) => path);
    const rejected = this.view.rejection?.path;
    return [...new Set(rejected ? [...paths, rejected] : paths)].filter((path) => isWithin(path, pointer));
  }

  /** What came with what was picked under that id, if anybody knows. */
  came(id: string | null | undefined): Picked | undefined {
    return this.#picked.get(id ?? "") ?? this.view.picked.find((picked) => picked.id === id);
  }

  /** Something was picked, and this came with it. */
  pick(picked: Picked): void {
    this.#picked.set(picked.id, picked);
  }

  get missing(): Problem[] {
    return distinct(this.view.missing);
  }

  get warnings(): Problem[] {
    const unread = [...this.unread].map(([path, { label }]): Problem => {
      return { path, severity: "warning", code: "bad_format", message: t.number.unreadAt(label) };
    });
    return distinct([...unread, ...this.view.problems.filter((problem) => problem.severity === "warning")]);
  }

  /** Sees everything saved; false when that failed. */
  flush(): Promise<boolean> {
    return this.#autosave.flush();
  }

  /** The store changed: shows the newest state, unless the operator has edits that are not saved yet. */
  async refresh(): Promise<void> {
    if (this.dirty) return;
    const edits = this.#edits;
    const view = await this.#backend.record(this.id);
    if (this.dirty || edits !== this.#edits) return;
    const changed = canonical(view.body) !== canonical(this.draft.body);
    const elsewhere = changed && view.changed_at !== this.view.changed_at;
    this.#show(view);
    if (elsewhere) this.updatedBy = view.operator_name;
  }

  /** Hands the record in, if nothing is missing. Null when it could not be saved first. */
  async submit(): Promise<SubmitOutcome | null> {
    let outcome: SubmitOutcome;
    let edits: number;
    do {
      if (!(await this.flush())) return null;
      edits = this.#edits;
      outcome = await this.#backend.submit(this.id, this.view.write_id);
      // What was typed meanwhile belongs to it as well: it is saved, and handed in with the rest.
    } while (edits !== this.#edits);
    this.attempted = true;
    if (outcome.submitted) {
      this.correcting = false;
      this.attempted = false;
    }
    this.#show(outcome.record);
    return outcome;
  }

  async void(reason: string): Promise<void> {
    if (await this.flush()) this.#show(await this.#backend.voidRecord(this.id, reason, this.view.write_id));
  }

  /** Says what is to be kept of what was entered here and what somebody else wrote meanwhile. */
  async keep(which: Keep): Promise<void> {
    if (await this.flush()) this.#show(await this.#backend.settleMet(this.id, which));
  }

  /** Sends a change as it is that the server would not take. */
  async sendAgain(): Promise<void> {
    if (await this.flush()) this.#show(await this.#backend.sendAgain(this.id));
  }

  /** Says who it was, where what waits names nobody. */
  async nameAuthor(operatorId: string): Promise<void> {
    if (await this.flush()) this.#show(await this.#backend.nameAuthor(this.id, operatorId));
  }

  /** Goes back to the server's version. False when there is none and the record is gone. */
  async discard(): Promise<boolean> {
    await this.flush();
    const view = await this.#backend.discardChange(this.id);
    if (!view) return false;
    this.error = null;
    this.correcting = false;
    this.#show(view);
    return true;
  }

  /** What the server objected to is told at its field as well as above the form. */
  #rejected(pointer: string): FieldProblem | undefined {
    const rejection = this.view.rejection;
    return rejection && rejection.path === pointer ? { severity: "error", message: rejection.message } : undefined;
  }

  #show(view: RecordView): void {
    this.view = view;
    this.draft = view.body;
  }

  #saved({ sent, answer, outdated }: Saved<Body, RecordView>): void {
    this.error = null;
    this.view = answer;
    // A newer edit is on its way: the form keeps it, and the next answer brings the form up to date.
    this.draft = outdated ? withdraw(sent, answer.body, this.draft) : answer.body;
  }
}
