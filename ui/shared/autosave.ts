/** One write that came back. */
export interface Saved<State, Answer> {
  sent: State;
  answer: Answer;
  /** The operator has gone on since: what was sent is no longer the newest state. */
  outdated: boolean;
}

export interface AutosaveHooks<State, Answer> {
  /** The newest state, asked for at the moment it is sent. */
  read(): State;
  write(state: State): Promise<Answer>;
  saved(result: Saved<State, Answer>): void;
  failed(error: unknown): void;
}

/**
 * Sends a state somewhere on every change: one write at a time, always the newest state, and the last edit is never
 * dropped. Nothing is queued: whatever was typed during a write goes with the next one.
 *
 * A write that fails leaves the state unsaved; the next change, or `flush`, tries again.
 */
export class Autosave<State, Answer> {
  readonly #hooks: AutosaveHooks<State, Answer>;
  #dirty = false;
  #busy = false;
  #running: Promise<void> = Promise.resolve();

  constructor(hooks: AutosaveHooks<State, Answer>) {
    this.#hooks = hooks;
  }

  /** Something is not saved yet. */
  get dirty(): boolean {
    return this.#dirty || this.#busy;
  }

  /** The state has changed. If no write is under way, this one leaves before the call returns. */
  touch(): void {
    this.#dirty = true;
    this.#start();
  }

  /** Sees everything saved. Answers false when a write failed; what was typed is then still unsaved. */
  async flush(): Promise<boolean> {
    if (this.#dirty) this.#start();
    while (this.#busy) await this.#running;
    return !this.#dirty;
  }

  #start(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#running = this.#drain();
  }

  /** Ends in the same step in which it finds nothing left to do, so that no change falls between two runs. */
  async #drain(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        const sent = this.#hooks.read();
        const answer = await this.#hooks.write(sent);
        this.#hooks.saved({ sent, answer, outdated: this.#dirty });
      } catch (error) {
        // A change during the failed write is the "next change" that tries again; otherwise wait for one.
        const again = this.#dirty;
        this.#dirty = true;
        this.#hooks.failed(error);
        if (!again) break;
      }
    }
    this.#busy = false;
  }
}
