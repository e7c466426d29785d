/* The cards of the list: filled in from messages, in place. */

import { facts, heartbeat, percent } from "./words.js";

export function keyOf(message) {
  return `${message.database}-${message.run}`;
}

export function cardOf(key) {
  return document.getElementById(`run-${key}`);
}

/* Show `message` on the card of its run, unless that already shows something newer; `statuses` are the words of its badge. */
export function show(message, words, statuses = {}) {
  const card = cardOf(keyOf(message));
  if (!card || !card.matches("article") || isOlder(message, card)) return;
  if (message.number !== null) card.dataset.number = message.number;
  const bar = card.querySelector("progress");
  if (message.percent === null) bar.removeAttribute("value");
  else bar.value = message.percent;
  write(card.querySelector("[data-percent]"), percent(message, words));
  for (const [name, text] of Object.entries(facts(message, words))) {
    const place = card.querySelector(`[data-fact="${name}"]`);
    if (!place) continue;
    place.hidden = text === "";
    write(place.querySelector("dd"), text);
  }
  const badge = card.querySelector("[data-badge]");
  if (badge && message.status in statuses) {
    badge.className = `badge ${message.status}`;
    write(badge, statuses[message.status]);
  }
  card.dataset.heartbeat = message.heartbeat_seconds ?? "";
  card.dataset.heard = Date.now();
}

function isOlder(message, card) {
  return message.number !== null && message.number < Number(card.dataset.number || 0);
}

/* Writing the same again would make a screen reader read it again. */
function write(place, text) {
  if (place && place.textContent !== text) place.textContent = text;
}

/* Let the age of each heartbeat grow while nothing is heard of its run. */
export function age(words) {
  for (const card of document.querySelectorAll("article[data-heartbeat]")) {
    if (card.dataset.heartbeat === "") continue;
    card.dataset.heard ??= Date.now();
    const seconds = Number(card.dataset.heartbeat) + (Date.now() - Number(card.dataset.heard)) / 1000;
    write(card.querySelector('[data-fact="heartbeat"] dd'), heartbeat(seconds, words));
  }
}
