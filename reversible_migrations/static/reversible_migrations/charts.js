/* Lines over time as SVG: one chart for each thing measured, with its limit as a line and waits shaded. */

import { fill } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 140;
const MARGIN = { left: 56, right: 12, top: 10, bottom: 22 };
const GAP = 30; // seconds at least, and so many usual steps, without a point: the line is interrupted
const USUAL_STEPS = 4;

const numbers = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 3, notation: "compact" });
const exact = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 4 });
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/* Draw all charts of `data`, as charts.json has them, into `place`; what was there goes. */
export function drawCharts(place, data, words) {
  const charts = [
    { title: words.rate, unit: words.rate_unit, values: data.rate },
    { title: words.batch_size, unit: words.batch_size_unit, values: data.batch_size },
    ...Object.entries(data.gauges).map(([name, gauge]) => ({ title: name, ...gauge, isGauge: true })),
  ].filter((chart) => chart.values.some((value) => value !== null));
  const note = document.createElement("p");
  note.className = "quiet";
  note.textContent = charts.length ? words.waits : words.empty;
  note.hidden = charts.length > 0 && data.waits.length === 0;
  place.replaceChildren(...charts.map((chart) => figure(chart, data, place.clientWidth, words)), note);
}

function figure(chart, data, width, words) {
  const found = document.createElement("figure");
  found.className = "chart";
  const title = document.createElement("figcaption");
  const name = document.createElement("strong");
  name.textContent = chart.title;
  if (chart.isGauge) name.lang = "en";
  const reading = document.createElement("span");
  title.append(name, " ", reading);
  const scale = scaleOf(chart, data, Math.max(240, columnWidth(width)));
  const picture = draw(chart, data, scale, words);
  found.append(title, picture);
  const last = chart.values.findLastIndex((value) => value !== null);
  const show = (index) => (reading.textContent = said(chart, data, index, words));
  show(last);
  picture.addEventListener("pointermove", (event) => show(nearest(chart, data, scale, picture, event)));
  picture.addEventListener("pointerleave", () => show(last));
  return found;
}

function columnWidth(width) {
  return width > 900 ? (width - 16) / 2 : width;
}

function said(chart, data, index, words) {
  const time = clock.format(new Date(data.times[index] * 1000));
  const value = `${exact.format(chart.values[index])} ${chart.unit}`;
  const limit = chart.limits?.[index];
  const beside = limit === null || limit === undefined ? "" : ` (${fill(words.limit, { value: `${exact.format(limit)} ${chart.unit}` })})`;
  return fill(words.at, { time, value }) + beside;
}

function scaleOf(chart, data, width) {
  const from = data.times[0];
  const open = data.waits.some((wait) => wait.to === null) ? Date.now() / 1000 : 0;
  const to = Math.max(data.times.at(-1), open, from + 1);
  const highest = Math.max(...chart.values.map((value) => value ?? 0), ...(chart.limits ?? []).map((limit) => limit ?? 0), 1e-9);
  const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  return {
    width, from, to, top: round(highest * 1.05),
    x(time) { return MARGIN.left + (inner.width * (Math.min(Math.max(time, from), to) - from)) / (to - from); },
    y(value) { return MARGIN.top + inner.height * (1 - value / this.top); },
  };
}

/* The next of 1, 2, 2.5, 5 times a power of ten, so that the axis ends at a number that reads well. */
function round(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 2.5, 5, 10].find((step) => step * power >= value);
}

function draw(chart, data, scale, words) {
  const svg = element("svg", { viewBox: `0 0 ${scale.width} ${HEIGHT}`, width: scale.width, height: HEIGHT, role: "img", "aria-label": label(chart, data, words) });
  for (const wait of data.waits) svg.append(shade(wait, scale));
  for (const share of [0, 0.5, 1]) svg.append(...axis(scale.top * share, scale));
  svg.append(...times(scale));
  if (chart.limits) svg.append(path(chart.limits, data.times, scale, "limit"));
  svg.append(path(chart.values, data.times, scale, "line"), ...alone(chart.values, data.times, scale));
  return svg;
}

/* A line of one point cannot be seen. */
function alone(values, times, scale) {
  const found = values.findIndex((value) => value !== null);
  if (found !== values.findLastIndex((value) => value !== null)) return [];
  return [element("circle", { class: "point", cx: scale.x(times[found]), cy: scale.y(values[found]), r: 3 })];
}

function label(chart, data, words) {
  const last = chart.values.findLastIndex((value) => value !== null);
  return `${chart.title}, ${said(chart, data, last, words)}`;
}

function shade(wait, scale) {
  const left = scale.x(wait.from);
  const right = scale.x(wait.to ?? scale.to);
  const rect = element("rect", { class: "wait", x: left, y: MARGIN.top, width: Math.max(1, right - left), height: HEIGHT - MARGIN.top - MARGIN.bottom });
  const title = element("title", {});
  title.textContent = wait.cause;
  rect.append(title);
  return rect;
}

function axis(value, scale) {
  const y = scale.y(value);
  const text = element("text", { x: MARGIN.left - 6, y: y + 4, "text-anchor": "end" });
  text.textContent = numbers.format(value);
  return [element("line", { class: "grid", x1: MARGIN.left, x2: scale.width - MARGIN.right, y1: y, y2: y }), text];
}

function times(scale) {
  return [[scale.from, "start"], [scale.to, "end"]].map(([time, anchor]) => {
    const text = element("text", { x: scale.x(time), y: HEIGHT - 6, "text-anchor": anchor });
    text.textContent = clock.format(new Date(time * 1000));
    return text;
  });
}

function path(values, times, scale, kind) {
  const usual = times.length > 1 ? (times.at(-1) - times[0]) / (times.length - 1) : 0;
  const longest = Math.max(GAP, USUAL_STEPS * usual);
  let d = "";
  let before = null;
  values.forEach((value, index) => {
    if (value === null) return;
    const goesOn = before !== null && times[index] - before <= longest;
    d += `${goesOn ? "L" : "M"}${scale.x(times[index]).toFixed(1)} ${scale.y(value).toFixed(1)}`;
    before = times[index];
  });
  return element("path", { class: kind, d, fill: "none", "vector-effect": "non-scaling-stroke" });
}

function nearest(chart, data, scale, picture, event) {
  const box = picture.getBoundingClientRect();
  const at = ((event.clientX - box.left) / box.width) * scale.width;
  let found = -1;
  chart.values.forEach((value, index) => {
    if (value === null) return;
    const distance = Math.abs(scale.x(data.times[index]) - at);
    if (found < 0 || distance < Math.abs(scale.x(data.times[found]) - at)) found = index;
  });
  return found;
}

function element(name, attributes) {
  const found = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  return found;
}
