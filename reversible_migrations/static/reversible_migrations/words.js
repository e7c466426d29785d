/* Numbers and times of a run in the reader's language: what dashboard/wording.py does on the server. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

const numbers = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 0 });

export function fill(sentence, gaps) {
  return sentence.replace(/\{(\w+)\}/g, (gap, name) => (name in gaps ? gaps[name] : gap));
}

export function duration(seconds, words) {
  if (seconds < 90) return fill(words.seconds, { number: numbers.format(seconds) });
  if (seconds < 90 * MINUTE) return fill(words.minutes, { number: numbers.format(seconds / MINUTE) });
  if (seconds < 2 * DAY) return fill(words.hours, { number: numbers.format(seconds / HOUR) });
  return fill(words.days, { number: numbers.format(seconds / DAY) });
}

function timeLeft(eta, words) {
  if (!eta || eta[0] === null) return "";
  const low = duration(eta[0], words);
  if (eta[1] === null) return fill(words.at_least, { low });
  const high = duration(eta[1], words);
  return low === high ? fill(words.about, { time: low }) : fill(words.between, { low, high });
}

function rows(message, words) {
  const seen = numbers.format(message.processed);
  if (message.total === null) return fill(words.rows, { seen });
  const total = (message.total_is_estimate ? "~" : "") + numbers.format(message.total);
  return fill(words.rows_of, { seen, total });
}

function batch(message, words) {
  const size = message.batch_size === null ? "" : numbers.format(message.batch_size);
  return message.workers > 1 ? fill(words.workers, { batch: size, number: message.workers }) : size;
}

export function percent(message, words) {
  return message.percent === null ? "" : fill(words.percent, { number: message.percent });
}

export function heartbeat(seconds, words) {
  return seconds === null ? "" : fill(words.ago, { time: duration(seconds, words) });
}

/* What changes on a card while the status stays, by the names of its places. */
export function facts(message, words) {
  return {
    rows: rows(message, words),
    rate: message.rate === null ? "" : fill(words.rate, { number: numbers.format(message.rate) }),
    left: timeLeft(message.eta, words),
    step: message.step ? fill(words.step, message.step) : "",
    batch: batch(message, words),
    gauge: message.gauge.replaceAll(" %", "\u00a0%"),
    owner: message.owner,
    heartbeat: heartbeat(message.heartbeat_seconds, words),
    waiting: message.waiting,
    error: message.error,
  };
}
