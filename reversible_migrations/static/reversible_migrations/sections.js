/* The sections of a run's page anew, as the server draws them; one in which somebody types is left alone. */

const SOON = 300;
const ORDERS_EVERY = 2000;

export class Sections {
  constructor() {
    this.drawn = Date.now();
    this.isPlanned = false;
  }

  refreshSoon() {
    if (this.isPlanned) return;
    this.isPlanned = true;
    // Not every page that watches asks in the same moment.
    setTimeout(() => this.refresh(), SOON + Math.random() * SOON);
  }

  refreshAfter(milliseconds) {
    if (Date.now() - this.drawn >= milliseconds) this.refreshSoon();
  }

  /* While something that was ordered waits for its process, or that is at work, look what becomes of it. */
  watchOrders() {
    const timer = setInterval(() => {
      if (document.querySelector("[data-order]")) this.refreshSoon();
      else clearInterval(timer);
    }, ORDERS_EVERY);
  }

  async refresh() {
    this.drawn = Date.now();
    try {
      const answer = await fetch(location.pathname, { credentials: "same-origin", signal: AbortSignal.timeout(10000) });
      if (answer.ok && !answer.redirected) this.swap(await answer.text());
    } catch {
      // The connection says so; the next message asks again.
    } finally {
      this.isPlanned = false;
    }
  }

  swap(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const section of document.querySelectorAll("[data-fresh]")) {
      const fresh = page.getElementById(section.id);
      if (!fresh) section.remove();
      else if (!isInUse(section)) replace(section, fresh);
    }
  }
}

/* Whether somebody types in it, has typed, or has an action open. */
function isInUse(section) {
  if (section.contains(document.activeElement) && document.activeElement.matches("input, select, button")) return true;
  const typed = [...section.querySelectorAll("input:not([type=hidden])")].some((input) => input.value !== input.defaultValue);
  return typed || section.querySelector("form") !== null && section.querySelector("details.action[open]") !== null;
}

function replace(section, fresh) {
  const open = [...section.querySelectorAll("details[open]")].map((details) => details.id);
  const focused = section.contains(document.activeElement) ? document.activeElement.closest("[id]")?.id : null;
  section.replaceChildren(...fresh.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.querySelector("summary, a")?.focus({ preventScroll: true });
}
