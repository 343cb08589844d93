"use strict";
const MOST_ROWS = 100, MOST_SAMPLES = 300, LATE_MS = 5000, KEY = "streamscore token";
const find = (id) => document.getElementById(id);
const sort = { key: "results", down: true };
let samples = [], state = null, retryMs = 500, lastMs = 0;

const make = (tag, text, className) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
};
const count = (value) => Math.round(value).toLocaleString("en");
const rate = (value) => value >= 100 ? count(value) : value.toFixed(value >= 10 ? 1 : 2).replace(/\.?0+$/, "");
const outcome = (value) => typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : String(value ?? "–");
const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });
const moment = (ms) => Date.now() - ms < 86_400_000 ? clock(ms)
  : new Date(ms).toLocaleString("en", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false });
const digits = (value) => value >= 1000 ? count(value) : value.toPrecision(3);
const duration = (ms) => {
  if (!ms) return "–";
  const [unit, size] = [["s", 1e3], ["ms", 1], ["µs", 1e-3]].find(([, size]) => ms >= size * 0.9995) || ["ns", 1e-6];
  return `${digits(ms / size)} ${unit}`;
};
const since = (seconds) => {
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]], at = parts.findIndex(([, size]) => seconds >= size);
  if (at < 0) return "0 s";
  const [unit, size] = parts[at], rest = parts[at + 1];
  const whole = `${Math.floor(seconds / size)} ${unit}`;
  return rest ? `${whole} ${Math.floor((seconds % size) / rest[1])} ${rest[0]}` : whole;
};

/* What is drawn stays as long as it is right: the keyboard keeps its place, a selection its text. */
const drawn = new WeakMap();
function changed(node, value) {
  const text = JSON.stringify(value);
  if (drawn.get(node) === text) return false;
  drawn.set(node, text);
  return true;
}
function write(node, text, className) {
  if (node.textContent !== text) node.textContent = text;
  if (node.className !== className) node.className = className;
}
function fit(parent, tag, number) {
  while (parent.childElementCount > number) parent.lastChild.remove();
  while (parent.childElementCount < number) parent.append(document.createElement(tag));
  return parent.children;
}
function heads(node, columns) {
  const cells = fit(node.tHead?.rows[0] || node.createTHead().insertRow(), "th", columns.length);
  columns.forEach((column, at) => {
    const cell = cells[at];
    cell.scope = "col";
    if (!column.pick) return write(cell, column.title, column.number ? "n" : "");
    if (!cell.firstChild) {
      const button = cell.appendChild(make("button"));
      button.type = "button";
      button.addEventListener("click", column.pick);
    }
    write(cell.firstChild, column.title + { "": "", ascending: " ↑", descending: " ↓" }[column.sorted], "");
    cell.className = column.number ? "n" : "";
    if (column.sorted) cell.setAttribute("aria-sort", column.sorted);
    else cell.removeAttribute("aria-sort");
  });
}
function table(node, columns, rows, empty) {
  if (!changed(node, [rows, columns])) return;
  heads(node, columns);
  const lines = fit(node.tBodies[0] || node.createTBody(), "tr", rows.length || 1);
  rows.forEach((row, number) => {
    const cells = fit(lines[number], "td", row.length);
    row.forEach((cell, at) => {
      const [text, className] = Array.isArray(cell) ? cell : [cell, ""], column = columns[at];
      cells[at].removeAttribute("colspan");
      write(cells[at], text, [column.number ? "n" : column.wrap ? "wrap" : "", className].join(" ").trim());
    });
  });
  if (rows.length) return;
  const [cell] = fit(lines[0], "td", 1);
  cell.colSpan = columns.length;
  write(cell, empty, "soft");
}

/* Charts: one path a line over the samples of the last five minutes, with a gap where there is nothing to tell. */
const SVG = "http://www.w3.org/2000/svg";
function shape(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}
function linear(values) {
  const largest = Math.max(...values, 0) || 1, power = 10 ** Math.floor(Math.log10(largest));
  const top = [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= largest) || 10 * power;
  return { ticks: [0, top / 2, top], share: (value) => value / top };
}
function decades(values) {
  const told = values.filter((value) => value > 0), exponents = told.length ? told.map(Math.log10) : [0];
  const low = Math.floor(Math.min(...exponents)), high = Math.max(Math.ceil(Math.max(...exponents)), low + 1);
  const step = Math.ceil((high - low) / 4), ticks = [];
  for (let at = low; at <= high; at += step) ticks.push(10 ** at);
  return { ticks, share: (value) => (Math.log10(value) - low) / (high - low) };
}
const decade = (ms) => duration(ms).replace(".00", "").replace(".0", "");
function chart(node, lines, scale, format, now) {
  const width = node.clientWidth || 500, height = 170, left = 58, bottom = 20, span = MOST_SAMPLES * 1000;
  const { ticks, share } = scale(lines.flatMap((line) => line.values));
  const x = (ms) => left + (width - left) * (1 - (now - ms) / span);
  const y = (value) => (height - bottom) * (1 - share(value)) + 6;
  const parts = [];
  for (const tick of ticks) {
    parts.push(shape("line", { class: "grid", x1: left, x2: width, y1: y(tick), y2: y(tick) }));
    parts.push(shape("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, tick ? format(tick) : "0"));
  }
  for (const minutes of [4, 3, 2, 1]) {
    parts.push(shape("text", { x: x(now - minutes * 60000), y: height + 2, "text-anchor": "middle" }, `−${minutes} min`));
  }
  const kept = samples.map((sample, at) => [sample.at_ms, at]).filter(([ms]) => now - ms <= span);
  for (const line of lines) {
    let path = "", pen = "M";
    for (const [ms, at] of kept) {
      const told = Number.isFinite(share(line.values[at]));
      if (told) path += `${pen}${x(ms).toFixed(1)} ${y(line.values[at]).toFixed(1)}${pen === "M" ? "h0" : ""}`;
      pen = told ? "L" : "M";
    }
    if (line.area && kept.length > 1) {
      const base = y(0), [first, last] = [kept[0], kept.at(-1)].map(([ms]) => x(ms).toFixed(1));
      parts.push(shape("path", { class: "area", d: `${path}L${last} ${base}L${first} ${base}Z` }));
    }
    parts.push(shape("path", { class: line.name, d: path }));
  }
  node.setAttribute("viewBox", `0 0 ${width} ${height}`);
  node.replaceChildren(...parts);
}

function figures(all) {
  const recent = samples.at(-1) || { results_per_s: 0, p50_ms: 0, p99_ms: 0 };
  const sum = (pick) => all.reduce((total, one) => total + pick(one), 0);
  const letters = sum((one) => one.dead_letters.total);
  const shown = [
    ["Results a second", rate(recent.results_per_s)], ["Median latency", duration(recent.p50_ms)],
    ["99th percentile", duration(recent.p99_ms)], ["Behind", `${count(sum((one) => one.lag))}`, "records"],
    ["Results", count(sum((one) => one.results))], ["Dead letters", count(letters), "", letters ? "warn" : ""],
  ];
  const node = find("figures");
  if (!changed(node, shown)) return;
  node.replaceChildren(...shown.map(([title, value, unit, className]) => {
    const part = make("div"), figure = make("dd", value, className);
    if (unit) figure.append(make("small", unit));
    part.append(make("dt", title), figure);
    return part;
  }));
}

const COLUMNS = [
  ["data_type", "Data type"], ["name", "Model"], ["version", "Version", true], ["engine", "Engine"],
  ["rate_per_s", "Records/s", true, rate], ["results", "Results", true, count], ["scoring_p99_ms", "Scoring p99", true, duration],
  ["latency_p99_ms", "Latency p99", true, duration], ["since", "In service since", true, moment],
];
function served(all) {
  const merged = new Map();
  for (const model of all.flatMap((one) => one.models)) {
    const key = JSON.stringify([model.data_type, model.name, model.version]), known = merged.get(key) || model;
    const most = (of) => Math.max(known[of], model[of]), sum = (of) => (known === model ? 0 : known[of]) + model[of];
    merged.set(key, {
      ...model, since: Math.min(known.since, model.since), results: sum("results"), rate_per_s: sum("rate_per_s"),
      scoring_p99_ms: most("scoring_p99_ms"), latency_p99_ms: most("latency_p99_ms"),
    });
  }
  return [...merged.values()];
}
function models() {
  const words = find("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = served(state.instances);
  const found = all.filter((model) => {
    const text = `${model.data_type} ${model.name} ${model.engine}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const sign = sort.down ? -1 : 1;
  found.sort((one, other) => sign * (one[sort.key] > other[sort.key] ? 1 : one[sort.key] < other[sort.key] ? -1 : 0));
  const columns = COLUMNS.map(([key, title, number]) => ({
    title, number, wrap: key === "name", sorted: key !== sort.key ? "" : sort.down ? "descending" : "ascending",
    pick: () => {
      sort.down = key === sort.key ? !sort.down : Boolean(number);
      sort.key = key;
      models();
    },
  }));
  const rows = found.slice(0, MOST_ROWS).map((model) => COLUMNS.map(([key, , , format]) => (format || String)(model[key])));
  table(find("models"), columns, rows, all.length ? "No model matches the filter." : "No model yet: publish one with streamscore publish model FILE.");
  find("models-count").textContent = all.length === found.length ? count(all.length) : `${count(found.length)} of ${count(all.length)}`;
  const more = find("models-more");
  more.hidden = found.length <= MOST_ROWS;
  more.textContent = `The first ${MOST_ROWS} are shown; filter or sort to see others.`;
}

/* Each instance takes a model into service by itself: told once, with the number of instances that did. */
function happened(all) {
  const merged = new Map();
  for (const one of all) {
    const times = new Map();
    for (const event of one.events) {
      const what = JSON.stringify([event.state, event.data_type, event.name, event.version]);
      times.set(what, (times.get(what) || 0) + 1);
      const key = `${what}${times.get(what)}`, known = merged.get(key);
      merged.set(key, { ...event, at_ms: Math.min(event.at_ms, known?.at_ms ?? event.at_ms), instances: (known?.instances || 0) + 1 });
    }
  }
  return [...merged.values()].sort((one, other) => other.at_ms - one.at_ms).slice(0, 50);
}
function events(all) {
  const shown = happened(all), node = find("events");
  if (!changed(node, [shown, all.length])) return;
  node.replaceChildren(...shown.map((event) => {
    const line = make("li");
    line.append(make("time", moment(event.at_ms)));
    const rejected = event.state === "rejected";
    line.append(make("span", `${event.name || "a model"} version ${event.version}`));
    line.append(make("span", rejected ? " rejected" : " in service", rejected ? "bad" : "good"));
    line.append(` for ${event.data_type}`);
    if (event.previous) line.append(make("span", `, instead of ${event.previous}`, "soft"));
    if (all.length > 1) line.append(make("span", `, on ${event.instances} of ${all.length} instances`, "soft"));
    if (event.reason) line.append(make("div", event.reason, "soft"));
    return line;
  }));
  if (!shown.length) node.append(make("li", "Nothing yet.", "soft"));
}

function details(all) {
  table(find("last"), [{ title: "Time" }, { title: "Data type" }, { title: "Model", wrap: true }, { title: "Result", number: true }],
    all.flatMap((one) => one.last_scores).sort((one, other) => other.at_ms - one.at_ms).slice(0, 10)
      .map((one) => [clock(one.at_ms), one.data_type, one.model, outcome(one.result)]), "No result yet.");
  const several = all.length > 1, of = (name, columns) => (several ? [name, ...columns] : columns);
  const partitions = all.flatMap((one) => one.partitions.map((part) => ({ ...part, instance: one.name })))
    .sort((one, other) => Boolean(other.waiting) - Boolean(one.waiting));
  table(find("partitions"), of({ title: "Instance" }, [{ title: "Topic" }, { title: "Partition", number: true }, { title: "Behind", number: true }, { title: "Waits for a model of" }]),
    partitions.slice(0, MOST_ROWS).map((one) => of(one.instance, [one.topic, String(one.partition), one.lag === null ? "–" : count(one.lag), [one.waiting, "warn"]])), "None assigned.");
  find("partitions-count").textContent = count(partitions.length);
  const causes = new Map();
  for (const one of all.flatMap((one) => one.dead_letters.causes)) {
    const key = `${one.stage} ${one.cause}`;
    causes.set(key, { ...one, count: one.count + (causes.get(key)?.count || 0) });
  }
  table(find("letters"), [{ title: "Stage" }, { title: "Cause" }, { title: "Records", number: true }],
    [...causes.values()].map((one) => [one.stage, one.cause, count(one.count)]), "None.");
  find("letters-count").textContent = count(all.reduce((sum, one) => sum + one.dead_letters.total, 0));
  const sinks = all.flatMap((one) => one.sinks.map((sink) => ({ ...sink, instance: one.name })));
  find("sinks-section").hidden = !sinks.length;
  table(find("sinks"), of({ title: "Instance" }, [{ title: "Sink" }, { title: "Written", number: true }, { title: "Waiting", number: true }, { title: "Dropped", number: true }, { title: "Problem", wrap: true }]),
    sinks.map((one) => of(one.instance, [one.name, count(one.written), count(one.waiting), count(one.dropped_total), [one.problem, "warn"]])), "None.");
  table(find("instances"), [{ title: "Instance" }, { title: "Address" }, { title: "State", wrap: true }, { title: "Up", number: true }, { title: "Records/s", number: true }],
    all.map((one) => [one.name, `${one.host}:${one.port}`, one.ready ? ["ready", "good"] : [one.missing.join(", "), "bad"], since(one.uptime_s), rate(one.rate_per_s)]), "None.");
  find("instances-count").textContent = count(all.length);
  const loading = all.map((one) => one.loading).filter(Boolean);
  const missing = all.filter((one) => !one.ready).map((one) => `${one.name}: ${one.missing.join(", ")}`);
  const notice = find("notice"), text = [...missing, ...loading.map((name) => `loading ${name}`)].join(" · ");
  notice.hidden = !text;
  if (notice.textContent !== text) notice.textContent = text;
}

function charts() {
  const now = samples.at(-1)?.at_ms || Date.now(), of = (key) => samples.map((sample) => sample[key]);
  chart(find("rate"), [{ name: "one", area: true, values: of("results_per_s") }], linear, rate, now);
  chart(find("latency"), [{ name: "one", values: of("p50_ms") }, { name: "two", values: of("p99_ms") }], decades, decade, now);
}

function show(next) {
  const restarted = state && next.started !== state.started;
  const known = next.whole || restarted ? -1 : samples.at(-1)?.at_ms ?? -1;
  samples = [...(known < 0 ? [] : samples), ...next.history.filter((sample) => sample.at_ms > known)].slice(-MOST_SAMPLES);
  state = next;
  const all = next.instances;
  find("who").textContent = all.length === 1 ? `${all[0].name} · up ${since(all[0].uptime_s)}` : `${all.length} instances`;
  figures(all);
  charts();
  models();
  events(all);
  details(all);
}

function say(kind, text) {
  const node = find("state");
  node.dataset.state = kind;
  if (node.textContent !== text) node.textContent = text;
}

/* fetch and not EventSource: a token is sent as a header, never in an address. */
let current = new AbortController();
async function follow() {
  const token = sessionStorage.getItem(KEY), abort = current = new AbortController();
  const watch = setInterval(() => { if (Date.now() - lastMs > LATE_MS) abort.abort(); }, 1000);
  lastMs = Date.now();
  try {
    const answer = await fetch("live", { headers: token ? { Authorization: `Bearer ${token}` } : {}, signal: abort.signal, cache: "no-store" });
    if (answer.status === 401) return "token";
    if (answer.status === 503) return "full";
    if (!answer.ok) return "lost";
    let text = "";
    for (const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) return "lost";
      text += value;
      const parts = text.split("\n\n");
      text = parts.pop();
      for (const part of parts) if (part.startsWith("data: ")) show(JSON.parse(part.slice(6)));
      lastMs = Date.now();
      retryMs = 500;
      say("live", "live");
    }
  } catch (error) {
    if (error instanceof TypeError || error.name === "AbortError") return "lost";
    throw error;
  } finally {
    clearInterval(watch);
    abort.abort();
  }
}

function ask() {
  say("lost", "a token is needed");
  find("refused").hidden = !sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  find("login").hidden = false;
  find("token").focus();
}

/* A tab in the background asks for nothing: who looks at something else costs the server nothing. */
const seen = () => new Promise((resolve) => {
  if (!document.hidden) return resolve();
  say("waiting", "waits until you look");
  document.addEventListener("visibilitychange", () => resolve(seen()), { once: true });
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function run() {
  for (;;) {
    await seen();
    const end = await follow();
    if (end === "token") return ask();
    if (document.hidden) continue;
    if (end === "full") say("lost", "too many look at this page, trying again");
    else say("lost", state ? `connection lost at ${clock(lastMs)}, trying again` : "no connection, trying again");
    await pause(retryMs * (1 + Math.random() / 2));
    retryMs = Math.min(retryMs * 2, 5000);
  }
}

find("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, find("token").value.trim());
  find("token").value = "";
  find("login").hidden = true;
  run();
});
find("filter").addEventListener("input", () => { if (state) models(); });
document.addEventListener("visibilitychange", () => { if (document.hidden) current.abort(); });
new ResizeObserver(() => { if (state) charts(); }).observe(find("rate"));
run();
