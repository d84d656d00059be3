/** The words of the chosen language. */

import { preferences, type Language } from "../lib/preferences.svelte";
import { en, type Messages } from "./en";
import { fr } from "./fr";

const MESSAGES: Record<Language, Messages> = { en, fr };

/** Read inside a component, it follows the language. */
export function t(): Messages {
  return MESSAGES[preferences.language];
}
