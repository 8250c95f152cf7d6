import { beforeEach, describe, expect, it } from "vitest";
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
