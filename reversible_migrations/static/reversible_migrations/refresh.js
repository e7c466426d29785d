/* The lists anew, as the server draws them: what appears, ends or moves to another list needs no second template. */

const SPREAD = 1000;
const TRY_AGAIN = 3000;

let isPlanned = false;
let isUnderWay = false;

/* Fetch the page soon and put its lists in place of those shown; calls meanwhile become one. */
export function refreshSoon(done) {
  if (isPlanned) return;
  isPlanned = true;
  // Not every page that watches asks in the same moment.
  setTimeout(() => refresh(done), Math.random() * SPREAD);
}

async function refresh(done) {
  isPlanned = false;
  if (isUnderWay) return refreshSoon(done);
  isUnderWay = true;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", signal: AbortSignal.timeout(10000) });
    if (answer.status >= 500) throw new Error(`status ${answer.status}`);
    if (answer.ok && !answer.redirected) swap(await answer.text());
  } catch {
    setTimeout(() => refreshSoon(done), TRY_AGAIN);
  } finally {
    isUnderWay = false;
  }
  done();
}

function swap(text) {
  const lists = document.getElementById("lists");
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("lists");
  if (!fresh) return;
  const place = placeOfFocus(lists);
  lists.replaceChildren(...fresh.childNodes);
  if (place) lists.querySelector(place)?.focus({ preventScroll: true });
}

/* Where the keyboard is: the link of the same run is focused again. */
function placeOfFocus(lists) {
  const focused = document.activeElement;
  if (!lists.contains(focused)) return null;
  const run = focused.closest("[data-run]");
  return run ? `#${CSS.escape(run.id)} a` : `a[href="${CSS.escape(focused.getAttribute("href") ?? "")}"]`;
}
