import { formatPlace, parentOf, parsePlace, type Place } from "./place";

/**
 * Which page is shown. The place is plain state; the browser's history only mirrors it, so that Android's back
 * gesture and the back key of a keyboard do what they should.
 */
export class Router {
  place = $state.raw<Place>({ page: "work" });
  /** Counts real arrivals, so that a page knows when to scroll to its anchor. */
  arrivals = $state(0);

  readonly #keep: (address: string) => void;
  #kept = "";
  #depth = 0;
  /** What lies over the page; history's newest step is its own. */
  #cover: { uncover: () => void } | null = null;
  /** A cover was taken away otherwise than by going back: its step is left, and stands for the page. */
  #spare = false;
  /** What the page below a spare step had become when one went on from it, by depth. */
  readonly #become = new Map<number, Place>();

  constructor(keep: (address: string) => void) {
    this.#keep = keep;
  }

  /** Back to where the operator was when the app was closed. */
  restore(address: string | null): void {
    this.#kept = address ?? "";
    this.#show(parsePlace(address));
    this.#depth = 0;
    this.#mirror();
  }

  /** Follows the back gesture. Answers how to stop. */
  listen(): () => void {
    const popped = ({ state }: PopStateEvent) => this.#popped(Number(state?.depth ?? 0), parsePlace(state?.place));
    window.addEventListener("popstate", popped);
    return () => window.removeEventListener("popstate", popped);
  }

  /**
   * Something lies over the page, such as a photo: the back gesture takes that away and stays on the page. Answers how
   * to say that it was taken away otherwise.
   */
  cover(uncover: () => void): () => void {
    const cover = { uncover };
    if (!this.#isOver) {
      this.#depth += 1;
      history.pushState({ place: formatPlace(this.place), depth: this.#depth }, "");
    }
    this.#cover = cover;
    this.#spare = false;
    return () => {
      if (this.#cover !== cover) return;
      this.#cover = null;
      // History cannot forget a step at once, and going back takes its time: it is used for what comes next.
      this.#spare = true;
    };
  }

  go(place: Place): void {
    if (this.#isOver) {
      this.#become.set(this.#depth - 1, this.place);
      this.#cover = null;
      this.#spare = false;
    } else {
      this.#depth += 1;
      history.pushState(null, "");
    }
    this.#show(place);
    this.#mirror();
  }

  /** As `go`, without a way back to where one was: another step of the same record, or what has ended. */
  replace(place: Place): void {
    this.#show(place);
    this.#mirror();
  }

  back(): void {
    const steps = this.#isOver ? 2 : 1;
    if (this.#depth < steps) {
      this.replace(parentOf(this.place));
      return;
    }
    this.#cover = null;
    this.#spare = false;
    history.go(-steps);
  }

  /** The operator has moved on within the page: kept for a restart, but nothing scrolls. */
  note(place: Place): void {
    this.place = place;
    this.#mirror();
    this.#remember();
  }

  /** Whether history's newest step is a cover's, or is left of one. */
  get #isOver(): boolean {
    return this.#cover !== null || this.#spare;
  }

  #popped(depth: number, place: Place): void {
    this.#depth = depth;
    const cover = this.#cover;
    if (cover) {
      this.#cover = null;
      this.#mirror();
      cover.uncover();
    } else if (this.#spare) {
      this.#spare = false;
      // Nothing has changed to see: whoever goes back means the page.
      if (depth > 0) history.back();
      else this.#mirror();
    } else {
      const become = this.#become.get(depth);
      this.#show(become ?? place);
      if (become) this.#mirror();
    }
    for (const at of this.#become.keys()) if (at >= depth) this.#become.delete(at);
  }

  /** History's newest step says where the operator is. */
  #mirror(): void {
    history.replaceState({ place: formatPlace(this.place), depth: this.#depth }, "");
  }

  #show(place: Place): void {
    this.place = place;
    this.arrivals += 1;
    this.#remember();
  }

  #remember(): void {
    const address = formatPlace(this.place);
    if (address === this.#kept) return;
    this.#kept = address;
    this.#keep(address);
  }
}
