/** What the person at the desk chose: language and theme. Kept in the browser, never sent. */

export const LANGUAGES = ["en", "fr"] as const;
export type Language = (typeof LANGUAGES)[number];
export const THEMES = ["auto", "dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

class Preferences {
  language = $state<Language>("en");
  theme = $state<Theme>("auto");

  /** Take up what was chosen before; else the browser's language, and the system's theme. */
  restore(): void {
    const preferred = navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage);
    this.setLanguage(one(LANGUAGES, read("language")) ?? preferred ?? "en");
    this.setTheme(one(THEMES, read("theme")) ?? "auto");
  }

  setLanguage(language: Language): void {
    this.language = language;
    document.documentElement.lang = language;
    write("language", language);
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    document.documentElement.dataset["theme"] = theme;
    write("theme", theme);
  }
}

export const preferences = new Preferences();

function one<T extends string>(choices: readonly T[], value: string | null): T | undefined {
  return choices.find((choice) => choice === value);
}

function isLanguage(tag: string): tag is Language {
  return one(LANGUAGES, tag) !== undefined;
}

/** A browser that keeps nothing is no reason to fail. */
function read(key: string): string | null {
  try {
    return localStorage.getItem(`wingwatch.${key}`);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(`wingwatch.${key}`, value);
  } catch {
    // The choice holds until the page is closed.
  }
}
