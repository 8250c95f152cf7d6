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
      this.#show(parsePlace(state?.place));
    };
    window.addEventListener("popstate", popped);
    return () => window.removeEventListener("popstate", popped);
  }

  go(place: Place): void {
    this.#depth += 1;
    history.pushState({ place: formatPlace(place), depth: this.#depth }, "");
    this.#show(place);
  }

  /** As `go`, without a way back to where one was: another step of the same record, or what has ended. */
  replace(place: Place): void {
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
