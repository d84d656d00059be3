/** The state of the live page: the picture, the line to the hub, and the hub's clock. The only mutable state there is. */

import { follow } from "./hub";
import { changed, painted, type Change, type Picture } from "./picture";

export type Link =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  | { readonly state: "lost"; readonly sinceMs: number };

const TICK_MS = 1000;

export class Live {
  picture = $state.raw<Picture | null>(null);
  link = $state.raw<Link>({ state: "connecting" });
  /** The hub's time, so that a desk with a wrong clock still tells the right age. */
  nowMs = $state(Date.now());
  #offsetMs = 0;
  #knownMs = Date.now();

  /** True when what is shown may no longer be so. */
  get old(): boolean {
    return this.link.state === "lost";
  }

  /** The moment of which the picture tells: now, or when the line was last whole. Ages are counted to it. */
  get pictureMs(): number {
    return this.link.state === "lost" ? this.link.sinceMs : this.nowMs;
  }

  /** Follow the hub until the returned function is called. */
  start(): () => void {
    const stop = new AbortController();
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    stop.signal.addEventListener("abort", () => clearInterval(ticking));
    void follow(
      {
        picture: (picture) => this.#paint(picture),
        change: (change) => this.#apply(change),
        pulse: () => this.#know(),
        live: () => (this.link = { state: "live" }),
        lost: () => this.#lose(),
      },
      { signal: stop.signal },
    );
    return () => stop.abort();
  }

  #paint(picture: Picture): void {
    if (this.picture && this.picture.health.version !== picture.health.version) location.reload();
    this.picture = painted(picture);
    this.#offsetMs = Date.parse(picture.health.now) - Date.now();
    this.#tick();
    this.#know();
  }

  #apply(change: Change): void {
    if (this.picture) this.picture = changed(this.picture, change);
  }

  #lose(): void {
    if (this.link.state !== "lost") this.link = { state: "lost", sinceMs: this.#knownMs };
  }

  #know(): void {
    this.#knownMs = Date.now() + this.#offsetMs;
  }

  #tick(): void {
    this.nowMs = Date.now() + this.#offsetMs;
  }
}
