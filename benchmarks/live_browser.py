"""
A Chromium that shows the list of runs: ``python -m benchmarks.live_browser ADDRESS SESSION``.

It says "ready" when the page is live. When its input ends it says as JSON what was painted: [seconds of the monotonic
clock, which all processes of a machine share, rows looked at].
"""

import json
import sys
import time

from playwright.sync_api import sync_playwright

from tools.chromium import provided

# A frame is on the screen when the next one begins.
NOTE_WHAT_IS_PAINTED = """
window.painted = [];
let last = "";
const look = () => {
  const said = document.querySelector('article [data-fact="rows"] dd')?.textContent ?? "";
  if (said === "" || said === last) return;
  last = said;
  const rows = Number(said.split(" ")[0].replace(/[^0-9]/g, ""));
  requestAnimationFrame(() => requestAnimationFrame(() => window.painted.push([Date.now() / 1000, rows])));
};
new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
"""


def main(address: str, session: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(provided()), args=["--no-sandbox"])
        context = browser.new_context(locale="en")
        context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/migrations/")
        page.wait_for_selector('#connection[data-state="live"]')
        page.evaluate(NOTE_WHAT_IS_PAINTED)
        print("ready", flush=True)
        sys.stdin.read()
        ahead = time.time() - time.monotonic()
        print(json.dumps([[moment - ahead, rows] for moment, rows in page.evaluate("window.painted")]))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
