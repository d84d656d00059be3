/** The pages and their addresses, kept in the hash so that the hub serves one file whatever the page. */

import type { Component } from "svelte";
import type { Live } from "../lib/live.svelte";
import LivePage from "./LivePage.svelte";
import NotFoundPage from "./NotFoundPage.svelte";

export type PageComponent = Component<{ live: Live }>;

const PAGES: Readonly<Record<string, PageComponent>> = {
  "": LivePage,
};

/** The page of an address such as `#/alerts`. */
export function pageOf(hash: string): PageComponent {
  return PAGES[hash.replace(/^#?\/?/, "")] ?? NotFoundPage;
}
