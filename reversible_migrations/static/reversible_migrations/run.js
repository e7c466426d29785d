/* The page of one run, kept as it is now. */

import { age, keyOf, show } from "./cards.js";
import { drawCharts } from "./charts.js";
import { Connection } from "./connection.js";
import { announceProgress, announceStatus } from "./news.js";
import { Sections } from "./sections.js";
import { showState } from "./sign.js";

const AGE_EVERY = 1000;
const CHARTS_EVERY = 3000; // while it works
const SECTIONS_EVERY = 10000;

const live = JSON.parse(document.getElementById("live").textContent);
const place = document.getElementById("charts");
const sections = new Sections();
let charts = JSON.parse(document.getElementById("first-charts").textContent);
let status = document.querySelector("[data-run]").dataset.status;
let isAsking = false;
let asked = Date.now();

function draw() {
  drawCharts(place, charts, live.chart_words);
}

async function freshCharts() {
  if (isAsking || Date.now() - asked < CHARTS_EVERY) return;
  isAsking = true;
  asked = Date.now();
  try {
    const answer = await fetch(live.charts, { credentials: "same-origin", headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10000) });
    if (answer.ok) {
      charts = await answer.json();
      draw();
    }
  } catch {
    // The connection says so; the next message asks again.
  } finally {
    isAsking = false;
  }
}

/* Take what a message says of this run; another status changes what can be done, so all is asked for anew. */
function take(message) {
  if (keyOf(message) !== live.key) return;
  show(message, live.words);
  announceProgress(live.key, message, live);
  freshCharts();
  if (message.status !== status) {
    status = message.status;
    announceStatus(message, live);
    asked = 0;
    freshCharts();
    sections.refreshSoon();
  } else if (message.type !== "snapshot") {
    sections.refreshAfter(SECTIONS_EVERY);
  }
}

function told(message) {
  if (message.type === "snapshot") message.runs.forEach(take);
  else take(message);
}

draw();
new ResizeObserver(draw).observe(document.querySelector("main"));
setInterval(() => age(live.words), AGE_EVERY);
if (document.querySelector("[data-order]")) sections.watchOrders();
new Connection({ ...live, told, changed: (state, heard) => showState(state, heard, live) }).start();
