/* How the page hears of runs: by a WebSocket, and by asking every few seconds while there is none. */

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;
const POLL_EVERY = 3000;
const ANSWER_WITHIN = 10000;

/* Spread over time what many pages would do at once: between half of `milliseconds` and all of it. */
function jitter(milliseconds) {
  return milliseconds * (0.5 + Math.random() / 2);
}

/*
 * Calls `told(message)` with what is sent, and `changed(state, heard)` when the connection is another one, with the time
 * at which something was heard last. States are "connecting", "live", "polling", "stale" (nothing answers), "ended" (the session) or "forbidden".
 */
export class Connection {
  constructor({ socket, data, told, changed }) {
    Object.assign(this, { socketPath: socket, data, told, changed });
    this.state = "";
    this.wait = FIRST_WAIT;
    this.isOver = false;
    this.heard = new Date();
  }

  start() {
    this.enter("connecting");
    this.connect();
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  enter(state) {
    if (state !== this.state) {
      this.state = state;
      this.changed(state, this.heard);
    }
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    try {
      this.socket = new WebSocket(`${scheme}//${location.host}${this.socketPath}`);
    } catch {
      this.lost();
      return;
    }
    const socket = this.socket;
    // A server that takes the connection and then says nothing is as good as none.
    const patience = setTimeout(() => socket.close(), ANSWER_WITHIN);
    socket.onmessage = (event) => {
      clearTimeout(patience);
      this.wait = FIRST_WAIT;
      clearTimeout(this.nextPoll);
      this.tell(event.data, "live");
    };
    socket.onclose = () => {
      clearTimeout(patience);
      this.lost();
    };
  }

  /* The socket is gone, or never came: ask instead, and try again after longer and longer waits. */
  lost() {
    this.socket = null;
    if (this.isOver) return;
    clearTimeout(this.nextPoll);
    this.poll();
    clearTimeout(this.nextTry);
    this.nextTry = setTimeout(() => this.connect(), jitter(this.wait));
    this.wait = Math.min(LONGEST_WAIT, this.wait * 2);
  }

  /* Do at once what would be done later: the network is back, or somebody looks at the page again. */
  hurry() {
    if (this.isOver || this.socket) return;
    clearTimeout(this.nextTry);
    this.connect();
  }

  async poll() {
    try {
      const answer = await fetch(this.data, {
        credentials: "same-origin",
        headers: { Accept: "application/json" },
        signal: AbortSignal.timeout(ANSWER_WITHIN),
      });
      if (answer.status === 401) return this.end("ended");
      if (answer.status === 403) return this.end("forbidden");
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const text = await answer.text();
      if (!this.isOpen()) this.tell(text, "polling");
    } catch {
      if (!this.isOpen()) this.enter("stale");
    }
    if (!this.isOpen() && !this.isOver) {
      clearTimeout(this.nextPoll);
      this.nextPoll = setTimeout(() => this.poll(), jitter(POLL_EVERY));
    }
  }

  isOpen() {
    return this.socket !== null && this.socket.readyState === WebSocket.OPEN && this.state === "live";
  }

  tell(text, state) {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (message.version !== 1) return;
    this.heard = new Date();
    this.enter(state);
    this.told(message);
  }

  /* Nobody may look any more: nothing is asked again until the page is loaded anew. */
  end(state) {
    this.isOver = true;
    clearTimeout(this.nextTry);
    clearTimeout(this.nextPoll);
    if (this.socket) this.socket.close();
    this.enter(state);
  }
}
