/* The sign beside the title: whether what is shown is live, asked for, or old. */

import { fill } from "./words.js";

export function showState(state, heard, live) {
  const sign = document.getElementById("connection");
  sign.hidden = false;
  sign.dataset.state = state;
  const time = heard.toLocaleTimeString(document.documentElement.lang);
  sign.textContent = fill(live.words[state], { time });
  if (state === "ended") sign.append(" ", signIn(live));
  document.body.classList.toggle("old", ["stale", "ended", "forbidden"].includes(state));
}

function signIn(live) {
  const link = document.createElement("a");
  link.href = `${live.login}?next=${encodeURIComponent(location.pathname + location.search)}`;
  link.textContent = live.words.sign_in;
  return link;
}
