/** Both languages say everything: same keys, nothing empty, nothing left in the other language. */

import { expect, test } from "vitest";
import { en } from "./en";
import { fr } from "./fr";

type Tree = { readonly [key: string]: unknown };

function leaves(tree: Tree, path = ""): [string, unknown][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "object" && value !== null ? leaves(value as Tree, `${path}${key}.`) : [[path + key, value]],
  );
}

test("the keys are the same", () => {
  expect(leaves(fr).map(([key]) => key).sort()).toEqual(leaves(en).map(([key]) => key).sort());
});

test.each([
  ["en", en],
  ["fr", fr],
])("no text of %s is empty", (_, messages) => {
  for (const [key, value] of leaves(messages)) expect(value, key).not.toBe("");
});

test("French is French: only names and words that both languages share are the same", () => {
  const english = new Map(leaves(en));
  const same = leaves(fr).filter(([key, value]) => typeof value === "string" && english.get(key) === value);
  expect(same.map(([key]) => key).sort()).toEqual(
    ["alert.score", "languages.en", "languages.fr", "product", "themes.auto"].sort(),
  );
});

test("numbers are said in the right number", () => {
  expect([0, 1, 2].map(fr.wing.phones)).toEqual(["0 téléphone émet", "1 téléphone émet", "2 téléphones émettent"]);
  expect([0, 1, 2].map(en.wing.phones)).toEqual(["0 phones on air", "1 phone on air", "2 phones on air"]);
});
