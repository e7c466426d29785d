/* What a screen reader is told: how runs end, begin and wait, and every quarter of their way; no single tick. */

import { fill, percent } from "./words.js";

const QUARTERS = 4;
const PAUSE = 3000;

const waiting = [];
const quarters = new Map();
let isSpeaking = false;

export function announceStatus(message, live) {
  say(fill(live.words.now, { migration: message.migration, status: live.statuses[message.status] ?? message.status }));
}

export function announceProgress(key, message, live) {
  if (message.percent === null) return;
  const quarter = Math.floor((message.percent * QUARTERS) / 100);
  const known = quarters.get(key);
  quarters.set(key, quarter);
  if (known !== undefined && quarter > known && quarter < QUARTERS) {
    say(fill(live.words.reached, { migration: message.migration, percent: percent(message, live.words) }));
  }
}

/* One sentence after the other, with time to read each. */
function say(sentence) {
  waiting.push(sentence);
  if (!isSpeaking) next();
}

function next() {
  const sentence = waiting.shift();
  isSpeaking = sentence !== undefined;
  if (!isSpeaking) return;
  document.getElementById("news").textContent = sentence;
  setTimeout(next, PAUSE);
}
