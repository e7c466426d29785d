/* The list of runs, kept as it is now. */

import { age, keyOf, show } from "./cards.js";
import { Connection } from "./connection.js";
import { announceProgress, announceStatus } from "./news.js";
import { refreshSoon } from "./refresh.js";
import { showState } from "./sign.js";

const AGE_EVERY = 1000;

const live = JSON.parse(document.getElementById("live").textContent);
const statuses = new Map();
let isFirst = true;

function readStatuses() {
  for (const place of document.querySelectorAll("[data-run]")) statuses.set(place.dataset.run, place.dataset.status);
}

/* Take what a message says of one run; a run that is new or has another status makes the lists be drawn anew. */
function take(message) {
  const key = keyOf(message);
  const known = statuses.get(key);
  show(message, live.words, live.statuses);
  announceProgress(key, message, live);
  if (known === message.status) return;
  statuses.set(key, message.status);
  if (!isFirst) announceStatus(message, live);
  refreshSoon(readStatuses);
}

/* What the first snapshot has ended already and the page does not show, by its filters or its page, is no news. */
function told(message) {
  if (message.type !== "snapshot") return take(message);
  for (const run of message.runs) {
    if (isFirst && run.finished_at && !statuses.has(keyOf(run))) statuses.set(keyOf(run), run.status);
    else take(run);
  }
  isFirst = false;
}

readStatuses();
setInterval(() => age(live.words), AGE_EVERY);
new Connection({ ...live, told, changed: (state, heard) => showState(state, heard, live) }).start();
