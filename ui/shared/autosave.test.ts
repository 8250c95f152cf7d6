import { beforeEach, describe, expect, it } from "vitest";
import { Autosave, type Saved } from "./autosave";

/** A store whose writes end when the test says so. */
class Store {
  writes: { state: string; succeed: (answer?: string) => void; fail: (error: Error) => void }[] = [];
  underWay = 0;
  most = 0;

  write = (state: string): Promise<string> => {
    this.underWay += 1;
    this.most = Math.max(this.most, this.underWay);
    return new Promise((resolve, reject) => {
      const end = () => (this.underWay -= 1);
      this.writes.push({
        state,
        succeed: (answer = state) => (end(), resolve(answer)),
        fail: (error) => (end(), reject(error)),
      });
    });
  };

  get sent(): string[] {
    return this.writes.map(({ state }) => state);
  }
}

let store: Store;
let text: string;
let saved: Saved<string, string>[];
let failures: unknown[];
let autosave: Autosave<string, string>;

const settled = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

function type(next: string): void {
  text = next;
  autosave.touch();
}

beforeEach(() => {
  store = new Store();
  text = "";
  saved = [];
  failures = [];
  autosave = new Autosave<string, string>({
    read: () => text,
    write: store.write,
    saved: (result) => saved.push(result),
    failed: (error) => failures.push(error),
  });
});

describe("autosave", () => {
  it("sends the first edit before the call returns", () => {
    type("a");
    expect(store.sent).toEqual(["a"]);
  });

  it("has one write under way and sends the newest state next", async () => {
    for (const next of ["a", "ab", "abc"]) type(next);
    expect(store.sent).toEqual(["a"]);
    store.writes[0]?.succeed();
    await settled();
    expect(store.sent).toEqual(["a", "abc"]);
    expect(store.most).toBe(1);
  });

  it("never drops the last edit, whenever it comes", async () => {
    type("a");
    store.writes[0]?.succeed();
    // Between the answer and its handling, the moment in which a naive queue forgets an edit.
    for (let turn = 0; turn < 6; turn += 1) {
      await Promise.resolve();
      type(`a${turn}`);
      store.writes.at(-1)?.succeed();
    }
    await settled();
    store.writes.at(-1)?.succeed();
    await settled();
    expect(store.sent.at(-1)).toBe("a5");
    expect(autosave.dirty).toBe(false);
  });

  it("says whether the answer is for the newest state", async () => {
    type("a");
    type("ab");
    store.writes[0]?.succeed();
    await settled();
    store.writes[1]?.succeed();
    await settled();
    expect(saved.map(({ sent, outdated }) => [sent, outdated])).toEqual([
      ["a", true],
      ["ab", false],
    ]);
  });

  it("keeps what could not be saved and tries again with the next edit", async () => {
    type("a");
    store.writes[0]?.fail(new Error("disk full"));
    await settled();
    expect([autosave.dirty, failures.length, store.sent.length]).toEqual([true, 1, 1]);
    type("ab");
    expect(store.sent).toEqual(["a", "ab"]);
    store.writes[1]?.succeed();
    await settled();
    expect(autosave.dirty).toBe(false);
  });

  it("tries again at once when the edit came during the failing write", async () => {
    type("a");
    type("ab");
    store.writes[0]?.fail(new Error("disk full"));
    await settled();
    expect(store.sent).toEqual(["a", "ab"]);
  });

  it("flushes: waits for the write under way and for the edit after it", async () => {
    type("a");
    type("ab");
    let flushed: boolean | undefined;
    void autosave.flush().then((done) => (flushed = done));
    store.writes[0]?.succeed();
    await settled();
    expect(flushed).toBeUndefined();
    store.writes[1]?.succeed();
    await settled();
    expect(flushed).toBe(true);
  });

  it("flushes what an earlier failure left behind, and tells when it fails again", async () => {
    type("a");
    store.writes[0]?.fail(new Error("disk full"));
    await settled();
    const flushed = autosave.flush();
    store.writes[1]?.fail(new Error("still full"));
    expect(await flushed).toBe(false);
    const again = autosave.flush();
    store.writes[2]?.succeed();
    expect(await again).toBe(true);
  });

  it("has nothing to do when nothing was edited", async () => {
    expect(await autosave.flush()).toBe(true);
    expect(store.sent).toEqual([]);
  });
});
