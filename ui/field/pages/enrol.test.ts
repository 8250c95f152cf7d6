import { expect, it } from "vitest";
import { open, see, sees, tap, text, type, waitFor } from "../testing/app";
import { MemoryBackend } from "../testing/memory";

function fresh(): MemoryBackend {
  const backend = new MemoryBackend();
  backend.state.enrolment = null;
  backend.state.operator = null;
  return backend;
}

it("enrols, asks who is working, and leads to the work list", async () => {
  const backend = open(fresh());
  await type("enrol-server", "https://gatebook.example.com ");
  await type("enrol-code", "K7QX-2P");
  await type("enrol-device", "Gate 2 kiosk");
  await tap("enrol-submit");
  await tap("operator-op-ana");
  await see("work-list");
  expect(backend.state.enrolment).toMatchObject({ server_url: "https://gatebook.example.com", device_name: "Gate 2 kiosk" });
});

it("tells in plain words why a code is not taken, and keeps what was typed", async () => {
  open(fresh());
  await type("enrol-server", "https://gatebook.example.com");
  await type("enrol-code", "used");
  await type("enrol-device", "Gate 2 kiosk");
  await tap("enrol-submit");
  expect(await text("enrol-error")).toContain("was used before");
  expect(((await see("enrol-device")) as HTMLInputElement).value).toBe("Gate 2 kiosk");
});

it("names each field that is empty rather than asking the server", async () => {
  open(fresh());
  await tap("enrol-submit");
  expect(await text("enrol-code-problem")).toBe("Type the code from the office.");
  expect(sees("enrol-error")).toBe(false);
});

it("lists the people of the yard that is chosen first", async () => {
  const backend = new MemoryBackend();
  backend.state.operator = null;
  open(backend);
  await see("operator-op-ana");
  await tap("yard-yard-tijuana");
  await waitFor(() => {
    const names = [...document.querySelectorAll('[data-testid^="operator-"]')].map((it) => it.getAttribute("data-testid"));
    expect(names.slice(0, 2)).toEqual(["operator-op-dan", "operator-op-rosa"]);
  });
});
