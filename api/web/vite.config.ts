import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const hub = process.env["WINGWATCH_HUB"] ?? "http://127.0.0.1:8077";

export default defineConfig({
  plugins: [svelte()],
  base: "./", // the hub may stand behind a prefix
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the content security policy admits no data: address
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": hub } },
});
