import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Router } from "./router.svelte";

let kept: string[];
let router: Router;

beforeEach(() => {
  kept = [];
  router = new Router((address) => kept.push(address));
});

describe("the router", () => {
  it("opens where the app was closed, and keeps nothing anew for that", () => {
    router.restore("inspection/i/items/tires");
    expect(router.place).toMatchObject({ page: "record", id: "i", step: "items", anchor: "tires" });
    expect(kept).toEqual([]);
  });

  it("keeps every move and every step, once", () => {
    router.restore(null);
    router.go({ page: "inbox" });
    router.go({ page: "inbox" });
    router.replace({ page: "record", kind: "inspection", id: "i", step: "sign" });
    expect(kept).toEqual(["work", "inbox", "inspection/i/sign"]);
  });

  it("notes what was touched without arriving there", () => {
    router.restore("inspection/i/items");
    const arrivals = router.arrivals;
    router.note({ page: "record", kind: "inspection", id: "i", step: "items", anchor: "horn" });
    expect(router.arrivals).toBe(arrivals);
    expect(kept).toEqual(["inspection/i/items/horn"]);
    router.go({ page: "work" });
    expect(router.arrivals).toBe(arrivals + 1);
  });

  it("goes to the parent where there is no history, as after a restart", () => {
    router.restore("inbox/n");
    router.back();
    expect(router.place).toEqual({ page: "inbox" });
  });

  it("follows the platform's back gesture", () => {
    const stop = router.listen();
    router.restore(null);
    router.go({ page: "inbox" });
    window.dispatchEvent(new PopStateEvent("popstate", { state: { place: "work", depth: 0 } }));
    expect(router.place).toEqual({ page: "work" });
    stop();
    window.dispatchEvent(new PopStateEvent("popstate", { state: { place: "inbox", depth: 1 } }));
    expect(router.place).toEqual({ page: "work" });
  });
});

describe("something over a page", () => {
  const record = (step: string) => ({ page: "record", kind: "inspection", id: "i", step }) as const;
  let stop: () => void;
  let covered: boolean;
  let uncover: () => void;

  /** Something is laid over the page. */
  function cover() {
    covered = true;
    uncover = router.cover(() => (covered = false));
  }

  /** It is taken away by its own button. */
  function close() {
    covered = false;
    uncover();
  }

  /** Goes back, which history does in its own time, and perhaps in more than one step. */
  async function back(to: object, way: () => void = () => history.back()) {
    way();
    await vi.waitFor(() => expect([router.place, covered]).toEqual([to, false]));
  }

  beforeEach(() => {
    stop = router.listen();
    router.restore(null);
    router.go(record("items"));
  });

  afterEach(() => stop());

  it("is taken away by the back gesture, which stays on the page; the next one leaves it", async () => {
    cover();
    await back(record("items"));
    await back({ page: "work" });
  });

  it("leaves no step behind when it was closed, however often", async () => {
    for (let time = 0; time < 3; time += 1) {
      cover();
      close();
    }
    await back({ page: "work" });
  });

  it("leaves none for the page's own way back either", async () => {
    cover();
    close();
    await back({ page: "work" }, () => router.back());
  });

  it("that is laid out anew stays one step, whichever goes first", async () => {
    cover();
    const before = uncover;
    cover();
    before();
    await back(record("items"));
    await back({ page: "work" });
  });

  it("lets one come back to what the page has become since", async () => {
    cover();
    close();
    router.replace(record("review"));
    router.go({ page: "inbox" });
    await back(record("review"));
    await back({ page: "work" });
  });

  it("on the first page of all leads to its parent", async () => {
    stop();
    router = new Router((address) => kept.push(address));
    stop = router.listen();
    router.restore("inbox/n");
    cover();
    close();
    router.back();
    expect(router.place).toEqual({ page: "inbox" });
    await back({ page: "inbox" });
  });
});
