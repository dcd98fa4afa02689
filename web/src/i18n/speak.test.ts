import { afterEach, describe, expect, it, vi } from "vitest";
import { ago, dollars, short, span } from "../design/time.ts";
import { chosenLanguage, setLanguage, speak, spoken, t } from "./index.ts";

afterEach(async () => {
  vi.unstubAllGlobals();
  await setLanguage("en");
});

describe("spoken", () => {
  it("takes the first wish that there is, as the person named it", () => {
    expect(spoken(["de-AT", "en"])).toEqual(["de", "de-AT"]);
    expect(spoken(["nl", "fr-CA"])).toEqual(["fr", "fr-CA"]);
    expect(spoken(["pt-PT"])).toEqual(["pt-BR", "pt-BR"]);
    expect(spoken(["zh-Hans-SG"])).toEqual(["zh-CN", "zh-Hans-SG"]);
  });
  it("gives English to who wishes for what there is not, and no simplified signs to who reads the traditional ones", () => {
    expect(spoken(["nl", "sv"])).toEqual(["en", "en"]);
    expect(spoken(["zh-TW", "ja"])).toEqual(["ja", "ja"]);
    expect(spoken([])).toEqual(["en", "en"]);
  });
});

describe("t", () => {
  it("changes its language at once, says so to the page, and remembers it", async () => {
    expect(t("do.cancel")).toBe("Cancel");
    await setLanguage("de");
    expect(t("do.cancel")).toBe("Abbrechen");
    expect(document.documentElement.lang).toBe("de");
    expect(chosenLanguage()).toBe("de");
    await setLanguage("ja");
    expect(t("do.cancel")).toBe("キャンセル");
    expect(document.documentElement.lang).toBe("ja");
  });
  it("follows the browser where nobody has chosen", async () => {
    vi.stubGlobal("navigator", { ...navigator, languages: ["fr-FR", "en"] });
    await setLanguage(null);
    expect(chosenLanguage()).toBeNull();
    expect(t("do.cancel")).toBe("Annuler");
    localStorage.setItem("andon.language", "xx");
    await speak();
    expect(t("do.cancel")).toBe("Annuler");
  });
  it("chooses the form by the number, and writes numbers as the language does", async () => {
    expect([t("any.tasks", { n: 1 }), t("any.tasks", { n: 12_345 })]).toEqual(["1 task", "12,345 tasks"]);
    await setLanguage("de");
    expect([t("any.tasks", { n: 1 }), t("any.tasks", { n: 12_345 })]).toEqual(["1 Aufgabe", "12.345 Aufgaben"]);
    await setLanguage("fr");
    expect(t("runs.count", { n: 0 })).toBe("0 essai");
  });
  it("puts in words as they are, whatever stands in them", () => {
    expect(t("done.copied", { what: "{what} $& `x`" })).toBe("{what} $& `x` is copied");
  });
});

describe("times and money", () => {
  it("are said as the language says them", async () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect([short(180_000), span(192_000), ago("2025-12-31T23:57:00Z", now), ago("2026-01-01T02:00:00Z", now), dollars(0.42)]).toEqual(["3m", "3m 12s", "3m ago", "in 2h", "$0.42"]);
    await setLanguage("de");
    expect(ago("2025-12-31T23:57:00Z", now)).toContain("vor 3");
    expect(dollars(0.42)).toMatch(/0,42/);
    for (const language of ["de", "es", "fr", "pt-BR", "zh-CN", "ja"] as const) {
      await setLanguage(language);
      expect(ago("2025-12-31T23:57:00Z", now)).toMatch(/^[^-+]*3[^-+]*$/);
    }
  });
  it("never round up to what has not passed, and say the smallest", () => {
    expect([short(119_999), short(0), span(0), dollars(0), dollars(0.001), dollars(1234.4)]).toEqual(["1m", "0s", "0ms", "$0", "<$0.01", "$1,234"]);
  });
});
