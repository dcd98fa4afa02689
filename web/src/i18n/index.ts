// The language of the dashboard: which one, its texts, and how it writes numbers and plurals.
//
// English is built in and stands in where another language could not be loaded. The others come when they are chosen.

import { useSyncExternalStore } from "react";
import { en } from "./en.ts";

export type Key = keyof typeof en;
type Source<K extends Key> = (typeof en)[K];
/** A text whose form follows from a number, as the language has forms. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
/** What a language has to say. */
export type Catalogue = { readonly [K in Key]: Source<K> extends string ? string : Forms };

type Text<K extends Key> = Source<K> extends { other: infer Other } ? Other : Source<K>;
type Names<T> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type Needs<K extends Key> = Names<Text<K>> | (Source<K> extends string ? never : "n");
type Counted<K extends Key> = Source<K> extends string ? string | number : number;
type Given<K extends Key> = [Needs<K>] extends [never] ? [] : [{ [Name in Needs<K>]: Name extends "n" ? Counted<K> : string | number }];

/** The languages there are, by their own names. */
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  es: "Español",
  fr: "Français",
  "pt-BR": "Português (Brasil)",
  "zh-CN": "简体中文",
  ja: "日本語",
} as const;
export type Language = keyof typeof LANGUAGES;

const LOAD: Record<Exclude<Language, "en">, () => Promise<{ default: Catalogue }>> = {
  de: () => import("./de.ts"),
  es: () => import("./es.ts"),
  fr: () => import("./fr.ts"),
  "pt-BR": () => import("./pt-BR.ts"),
  "zh-CN": () => import("./zh-CN.ts"),
  ja: () => import("./ja.ts"),
};

const KEPT = "andon.language";
const isLanguage = (tag: string | null): tag is Language => tag !== null && Object.hasOwn(LANGUAGES, tag);

/** The first language of a person's list that there is, and the tag by which they named it. */
export function spoken(wishes: readonly string[]): [Language, string] {
  for (const wish of wishes) {
    const { language, script, region } = new Intl.Locale(wish).maximize();
    if (language === "zh" && script === "Hans") return ["zh-CN", wish];
    if (language === "pt") return ["pt-BR", region === "BR" ? wish : "pt-BR"];
    if (isLanguage(language)) return [language, wish];
  }
  return ["en", "en"];
}

/** What a person has chosen here; `null` is the browser's choice. */
export function chosenLanguage(): Language | null {
  const kept = localStorage.getItem(KEPT);
  return isLanguage(kept) ? kept : null;
}

interface Speech {
  language: Language;
  /** For numbers and times: the person's own region where the language is theirs. */
  locale: string;
  texts: Catalogue;
  plural: Intl.PluralRules;
  number: Intl.NumberFormat;
}

const speech = (language: Language, locale: string, texts: Catalogue): Speech => ({
  language,
  locale,
  texts,
  plural: new Intl.PluralRules(language),
  number: new Intl.NumberFormat(locale),
});

let current = speech("en", "en", en);
const listeners = new Set<() => void>();

/** Speaks the chosen language from now on; English where its texts cannot be had. */
export async function speak(): Promise<void> {
  const [wished, tag] = spoken(navigator.languages);
  const language = chosenLanguage() ?? wished;
  const locale = language === wished ? tag : language;
  try {
    current = speech(language, locale, language === "en" ? en : (await LOAD[language]()).default);
  } catch {
    current = speech("en", "en", en);
  }
  document.documentElement.lang = current.language;
  for (const listener of listeners) listener();
}

/** Chooses a language, or leaves it to the browser. */
export function setLanguage(next: Language | null): Promise<void> {
  if (next === null) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, next);
  return speak();
}

/** The language that is spoken; whoever asks is drawn anew when it changes. */
export const useLanguage = (): Language =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current.language,
  );

/** How numbers and times are written now. */
export const locale = (): string => current.locale;

/** A text in the language that is spoken. */
export function t<K extends Key>(key: K, ...[given]: Given<K>): string {
  const values = given as Record<string, string | number> | undefined;
  const found: string | Forms = current.texts[key];
  const text = typeof found === "string" ? found : (found[current.plural.select(Number(values?.["n"]))] ?? found.other);
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = values[name];
    return value === undefined ? hole : typeof value === "number" ? current.number.format(value) : value;
  });
}
