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
  /** What lies over the page. */
  #cover: { uncover: () => void } | null = null;
  /** A cover was taken away: the step back that follows is only history's. */
  #uncovering = false;

  constructor(keep: (address: string) => void) {
    this.#keep = keep;
  }

  /** Back to where the operator was when the app was closed. */
  restore(address: string | null): void {
    this.#kept = address ?? "";
    this.#show(parsePlace(address));
    history.replaceState({ place: formatPlace(this.place), depth: 0 }, "");
    this.#depth = 0;
  }

  /** Follows the back gesture. Answers how to stop. */
  listen(): () => void {
    const popped = ({ state }: PopStateEvent) => {
      this.#depth = Number(state?.depth ?? 0);
      if (this.#uncovering) {
        this.#uncovering = false;
        return;
      }
      if (this.#cover) {
        const { uncover } = this.#cover;
        this.#cover = null;
        uncover();
        return;
      }
      this.#show(parsePlace(state?.place));
    };
    window.addEventListener("popstate", popped);
    return () => window.removeEventListener("popstate", popped);
  }

  /**
   * Something lies over the page, such as a photo: the back gesture takes that away and stays on the page. Answers how
   * to say that it was taken away otherwise.
   */
  cover(uncover: () => void): () => void {
    const cover = { uncover };
    this.#cover = cover;
    this.#depth += 1;
    history.pushState({ place: formatPlace(this.place), depth: this.#depth }, "");
    return () => {
      if (this.#cover !== cover) return;
      this.#cover = null;
      this.#uncovering = true;
      history.back();
    };
  }

  go(place: Place): void {
    // Whoever goes on from under a cover does not come back to it.
    this.#cover = null;
    this.#depth += 1;
    history.pushState({ place: formatPlace(place), depth: this.#depth }, "");
    this.#show(place);
  }

  /** As `go`, without a way back to where one was: another step of the same record, or what has ended. */
  replace(place: Place): void {
    this.#cover = null;
    history.replaceState({ place: formatPlace(place), depth: this.#depth }, "");
    this.#show(place);
  }

  back(): void {
    if (this.#depth > 0) history.back();
    else this.replace(parentOf(this.place));
  }

  /** The operator has moved on within the page: kept for a restart, but nothing scrolls. */
  note(place: Place): void {
    this.place = place;
    history.replaceState({ place: formatPlace(place), depth: this.#depth }, "");
    this.#remember();
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
