import { describe, expect, it } from "vitest";
import clocks from "../field/testing/clocks.json";
import { clock, due, instantOf, moment, otherReading, readings, wallTime, zoneName } from "./time";
import { askForClocks, isUnknown, learn, learned } from "./zones";

for (const [zone, periods] of Object.entries(clocks)) learn(zone, periods);

const NOW = Date.parse("2026-03-04T20:05:00Z");

describe("times", () => {
  it("are those of the zone asked for, not of the device", () => {
    expect(clock("2026-03-04T20:05:00Z", "America/Chicago")).toBe("14:05");
    expect(clock("2026-03-04T20:05:00Z", "America/Tijuana")).toBe("12:05");
    expect(clock("2026-03-04T20:05:00Z", "America/Toronto")).toBe("15:05");
  });

  it("follow daylight saving of that zone", () => {
    expect(clock("2026-03-20T20:05:00Z", "America/Chicago")).toBe("15:05");
    expect(zoneName("America/Chicago", Date.parse("2026-03-20T20:05:00Z"))).toBe("CDT");
    expect(zoneName("America/Chicago", NOW)).toBe("CST");
  });

  it("show midnight as 00, not 24", () => {
    expect(clock("2026-03-05T06:00:00Z", "America/Chicago")).toBe("00:00");
  });

  it("are none in a zone that nobody knows, and it is said", () => {
    learn("Mars/Olympus", null);
    const at = "2026-03-04T20:05:00Z";
    const said = "(time zone “Mars/Olympus” is not known)";
    expect([clock(at, "Mars/Olympus"), moment(at, "Mars/Olympus", NOW)]).toEqual([said, said]);
    expect(due(at, "Mars/Olympus", NOW).text).toContain(said);
    expect([wallTime(at, "Mars/Olympus"), zoneName("Mars/Olympus", NOW)]).toEqual(["", ""]);
    expect(readings("2026-03-04T14:05", "Mars/Olympus")).toEqual([]);
  });

  it("are not shown as anything before the zone's clocks are known here, and asked for until they are", async () => {
    const asked: string[] = [];
    let answer: () => Promise<null> = () => Promise.reject(new Error("not now"));
    askForClocks((zone) => {
      asked.push(zone);
      return answer();
    });
    expect(clock("2026-03-04T20:05:00Z", "America/Nowhere")).toBe("");
    expect(readings("2026-03-04T14:05", "America/Nowhere")).toEqual([]);
    await learned("America/Nowhere");
    expect(asked).toEqual(["America/Nowhere"]);
    answer = () => Promise.resolve(null);
    // Whoever looks again has it asked for again.
    expect(isUnknown("America/Nowhere")).toBe(false);
    await learned("America/Nowhere");
    expect(clock("2026-03-04T20:05:00Z", "America/Nowhere")).toBe("(time zone “America/Nowhere” is not known)");
    expect(asked).toHaveLength(2);
  });
});

describe("the web view of these tests", () => {
  it("lacks Ciudad Juárez, is an hour off for its neighbors, and is far from any yard", () => {
    expect(() => new Intl.DateTimeFormat("en", { timeZone: "America/Ciudad_Juarez" })).toThrow(RangeError);
    for (const timeZone of ["America/Ojinaga", "America/Chihuahua"]) {
      expect(new Date(NOW).toLocaleTimeString("en", { timeZone, timeStyle: "short" })).toBe("1:05 PM");
      expect(clock(NOW, timeZone)).toBe("14:05");
    }
    expect(new Date(NOW).getDate()).toBe(5);
  });
});

describe("the border", () => {
  /** Winter and summer, and the hours of universal time at which clocks go on in March, and back in November. */
  const BORDER = [
    ["America/Ciudad_Juarez", "MST", "MDT", 9, 8],
    ["America/Ojinaga", "CST", "CDT", 8, 7],
    ["America/Matamoros", "CST", "CDT", 8, 7],
    ["America/Tijuana", "PST", "PDT", 10, 9],
  ] as const;
  const at = (day: string, hour: number, minute = 0) => new Date(Date.parse(`${day}T00:00Z`) + (hour * 60 + minute) * 60_000).toISOString();
  const shown = (when: string, zone: string) => `${wallTime(when, zone)} ${zoneName(zone, Date.parse(when))}`;

  it.each(BORDER)("is told right on both sides of each change of clocks: %s", (zone, winter, summer, spring, autumn) => {
    expect(shown(at("2026-03-08", spring, -1), zone)).toBe(`2026-03-08T01:59 ${winter}`);
    expect(shown(at("2026-03-08", spring), zone)).toBe(`2026-03-08T03:00 ${summer}`);
    expect(shown(at("2026-11-01", autumn, -1), zone)).toBe(`2026-11-01T01:59 ${summer}`);
    expect(shown(at("2026-11-01", autumn), zone)).toBe(`2026-11-01T01:00 ${winter}`);
  });

  it.each(BORDER)("is filed as it is told, and the hour that comes twice as the nearer one: %s", (zone, winter, summer, spring, autumn) => {
    const [first, second] = [at("2026-11-01", autumn, -30), at("2026-11-01", autumn, 30)];
    expect(readings("2026-11-01T01:30", zone)).toEqual([
      { at: first, name: summer },
      { at: second, name: winter },
    ]);
    for (const when of [at("2026-03-08", spring, -1), at("2026-03-08", spring), first, second]) {
      expect(instantOf(wallTime(when, zone), zone, when)).toBe(when);
    }
    expect(otherReading(first, zone)).toEqual({ at: second, name: winter });
    expect(otherReading(second, zone)).toEqual({ at: first, name: summer });
  });

  it("has no summer time in Chihuahua any more", () => {
    for (const day of ["2026-03-08", "2026-04-05", "2026-07-01", "2026-10-25", "2026-11-01"]) {
      expect(shown(`${day}T17:05:00Z`, "America/Chihuahua")).toBe(`${day}T11:05 CST`);
      expect(readings(`${day}T11:05`, "America/Chihuahua")).toEqual([{ at: `${day}T17:05:00.000Z`, name: "CST" }]);
    }
    expect(readings("2026-11-01T01:30", "America/Chihuahua")).toHaveLength(1);
  });
});

describe("a form's day and time", () => {
  const BEFORE = "2026-03-04T15:00:00Z";

  it("is the yard's, and leads back to the instant", () => {
    expect(wallTime("2026-03-04T20:05:40Z", "America/Chicago")).toBe("2026-03-04T14:05");
    expect(instantOf("2026-03-04T14:05", "America/Chicago", BEFORE)).toBe("2026-03-04T20:05:00.000Z");
    expect(instantOf("2026-07-04T23:59", "America/Chicago", BEFORE)).toBe("2026-07-05T04:59:00.000Z");
  });

  it("counts on where an hour is skipped", () => {
    expect(instantOf("2026-03-08T02:30", "America/Chicago", BEFORE)).toBe("2026-03-08T08:30:00.000Z");
  });

  it("stays on the side of the change of clocks where it was, in the hour that comes twice", () => {
    const summer = "2026-11-01T06:30:40.000Z";
    const winter = "2026-11-01T07:30:40.000Z";
    expect(instantOf("2026-11-01T01:20", "America/Chicago", winter)).toBe("2026-11-01T07:20:00.000Z");
    expect(instantOf("2026-11-01T01:20", "America/Chicago", summer)).toBe("2026-11-01T06:20:00.000Z");
    expect(instantOf("2026-11-01T01:59", "America/Chicago", "2026-11-01T14:00:00Z")).toBe("2026-11-01T07:59:00.000Z");
    expect(instantOf("2026-11-01T01:00", "America/Chicago", "2026-10-31T14:00:00Z")).toBe("2026-11-01T06:00:00.000Z");
  });

  it("has two readings in that hour alone, each with its name", () => {
    expect(readings("2026-11-01T01:20", "America/Chicago")).toEqual([
      { at: "2026-11-01T06:20:00.000Z", name: "CDT" },
      { at: "2026-11-01T07:20:00.000Z", name: "CST" },
    ]);
    expect(otherReading("2026-11-01T07:20:30Z", "America/Chicago")).toEqual({ at: "2026-11-01T06:20:00.000Z", name: "CDT" });
    expect(otherReading("2026-11-01T06:20:30Z", "America/Chicago")).toEqual({ at: "2026-11-01T07:20:00.000Z", name: "CST" });
    for (const at of ["2026-11-01T05:59:59Z", "2026-11-01T08:00:00Z", BEFORE]) {
      expect(otherReading(at, "America/Chicago")).toBeUndefined();
    }
    expect(otherReading("2026-11-01T08:30:00Z", "America/Tijuana")?.name).toBe("PST");
  });

  it("is no instant while it is typed only in part", () => {
    expect(instantOf("", "America/Chicago", BEFORE)).toBeUndefined();
    expect(instantOf("2026-03", "America/Chicago", BEFORE)).toBeUndefined();
  });
});

describe("moments", () => {
  it("name the day only when it is not today in that zone", () => {
    expect(moment("2026-03-04T14:00:00Z", "America/Chicago", NOW)).toBe("08:00");
    expect(moment("2026-03-05T14:00:00Z", "America/Chicago", NOW)).toBe("tomorrow 08:00");
    expect(moment("2026-03-03T14:00:00Z", "America/Chicago", NOW)).toBe("yesterday 08:00");
    expect(moment("2026-02-20T14:00:00Z", "America/Chicago", NOW)).toBe("Feb 20, 08:00");
    expect(moment("2025-12-31T14:00:00Z", "America/Chicago", NOW)).toBe("Dec 31, 2025, 08:00");
  });

  it("draw the line between days at midnight of that zone", () => {
    const late = "2026-03-05T05:30:00Z";
    expect(moment(late, "America/Chicago", NOW)).toBe("23:30");
    expect(moment(late, "America/Toronto", NOW)).toBe("tomorrow 00:30");
  });

  it("find tomorrow across the end of daylight saving", () => {
    const saturdayNight = Date.parse("2026-10-31T23:30:00-05:00");
    expect(moment("2026-11-01T20:00:00Z", "America/Chicago", saturdayNight)).toBe("tomorrow 14:00");
  });
});

describe("due times", () => {
  it("say since when they are overdue", () => {
    expect(due("2026-03-04T19:30:00Z", "America/Chicago", NOW)).toEqual({ text: "Overdue since 13:30", overdue: true });
    expect(due("2026-03-04T22:00:00Z", "America/Chicago", NOW)).toEqual({ text: "Due 16:00", overdue: false });
  });
});
