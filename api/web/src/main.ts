/** Wiring: the one place that starts anything. */

import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { Live } from "./lib/live.svelte";
import { preferences } from "./lib/preferences.svelte";

const page = document.getElementById("page");
if (!page) throw new Error("index.html has no #page");

preferences.restore();
const live = new Live();
live.start();
mount(App, { target: page, props: { live } });
