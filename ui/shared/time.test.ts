import { describe, expect, it } from "vitest";
import { clock, due, instantOf, moment, otherReading, readings, wallTime, zoneName } from "./time";

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

  it("fall back to UTC for a zone this platform does not know", () => {
    expect(clock("2026-03-04T20:05:00Z", "Mars/Olympus")).toBe("20:05");
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
