import { expect, it } from "vitest";
import { readNumber } from "./numbers";

const miles = (text: string, locale = "en-US") => readNumber(text, locale, "cut");
const kilograms = (text: string, locale = "en-US") => readNumber(text, locale, "rounded");

it("cuts the tenths of an odometer and rounds those of a weight", () => {
  expect(miles("412,345.6")).toBe(412_345);
  expect(miles("412345.9")).toBe(412_345);
  expect(kilograms("36287.5")).toBe(36_288);
  expect(kilograms("36,287.45")).toBe(36_287);
  expect(kilograms("36287.")).toBe(36_287);
});

it("takes separators as the page's language has them", () => {
  expect(miles("412.345,6", "de-DE")).toBe(412_345);
  expect(miles("412 345,6", "fr-FR")).toBe(412_345);
  expect(miles("412 345", "es-MX")).toBe(412_345);
  expect(kilograms("36.287", "de-DE")).toBe(36_287);
  expect(kilograms("36.287", "en-US")).toBe(36);
});

it("takes no number below zero, and none that could be meant in two ways", () => {
  for (const text of ["-5", "−5", "36,28", "3,6287", "412.345,6", "1.2.3", "12 kg", "1e5", ",", "."]) {
    expect(miles(text), text).toBeNull();
  }
});

it("takes digits of every width, and nothing as nothing", () => {
  expect(miles("４１２")).toBe(412);
  expect(miles("0")).toBe(0);
  expect(miles("  ")).toBeUndefined();
});

it("takes no more than can be kept", () => {
  expect(miles("999,999,999")).toBe(999_999_999);
  expect(miles("1,000,000,000")).toBeNull();
  expect(readNumber("99.9", "en-US", "cut", 99)).toBe(99);
  expect(readNumber("100", "en-US", "cut", 99)).toBeNull();
});
