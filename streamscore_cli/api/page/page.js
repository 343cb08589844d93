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
const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });
const duration = (ms) => {
  if (!ms) return "–";
  if (ms < 0.001) return `${(ms * 1e6).toPrecision(3)} ns`;
  if (ms < 1) return `${(ms * 1e3).toPrecision(3)} µs`;
  return ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(3)} s`;
};
const since = (seconds) => {
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]], at = parts.findIndex(([, size]) => seconds >= size);
  if (at < 0) return "0 s";
  const [unit, size] = parts[at], rest = parts[at + 1];
  const whole = `${Math.floor(seconds / size)} ${unit}`;
  return rest ? `${whole} ${Math.floor((seconds % size) / rest[1])} ${rest[0]}` : whole;
};

/* Tables are drawn anew only when what they show has changed. */
const drawn = new WeakMap();
function changed(node, value) {
  const text = JSON.stringify(value);
  if (drawn.get(node) === text) return false;
  drawn.set(node, text);
  return true;
}
function table(node, columns, rows, empty) {
  if (!changed(node, [rows, columns.map((column) => column.mark)])) return;
  const head = make("tr");
  for (const column of columns) {
    const cell = make("th", column.pick ? undefined : column.title, column.number ? "n" : "");
    cell.scope = "col";
    if (column.pick) {
      const button = make("button", column.title + (column.mark || ""));
      button.type = "button";
      button.addEventListener("click", column.pick);
      cell.append(button);
      if (column.mark) cell.ariaSort = column.mark === " ↓" ? "descending" : "ascending";
    }
    head.append(cell);
  }
  const body = make("tbody");
  for (const row of rows) {
    const line = make("tr");
    row.forEach((cell, at) => {
      const [text, className] = Array.isArray(cell) ? cell : [cell, ""];
      line.append(make("td", text, [columns[at].number ? "n" : columns[at].wrap ? "wrap" : "", className].join(" ").trim()));
    });
    body.append(line);
  }
  if (!rows.length) {
    const cell = make("td", empty, "soft");
    cell.colSpan = columns.length;
    const line = make("tr");
    line.append(cell);
    body.append(line);
  }
  const top = make("thead");
  top.append(head);
  node.replaceChildren(top, body);
}

/* Charts: one path a line over the samples of the last five minutes. */
const SVG = "http://www.w3.org/2000/svg";
function shape(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value || 1));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value) || 1;
}
function chart(node, lines, format, now) {
  const width = node.clientWidth || 500, height = 170, left = 58, bottom = 20, span = MOST_SAMPLES * 1000;
  const largest = ceiling(Math.max(...lines.flatMap((line) => line.values), 0) || 1);
  const x = (ms) => left + (width - left) * (1 - (now - ms) / span);
  const y = (value) => (height - bottom) * (1 - value / largest) + 6;
  const parts = [];
  for (const share of [0, 0.5, 1]) {
    parts.push(shape("line", { class: "grid", x1: left, x2: width, y1: y(largest * share), y2: y(largest * share) }));
    parts.push(shape("text", { x: left - 8, y: y(largest * share) + 4, "text-anchor": "end" }, share ? format(largest * share) : "0"));
  }
  for (const minutes of [4, 3, 2, 1]) {
    parts.push(shape("text", { x: x(now - minutes * 60000), y: height + 2, "text-anchor": "middle" }, `−${minutes} min`));
  }
  const kept = samples.map((sample, at) => [sample.at_ms, at]).filter(([ms]) => now - ms <= span);
  for (const line of lines) {
    const points = kept.map(([ms, at]) => `${x(ms).toFixed(1)} ${y(line.values[at]).toFixed(1)}`);
    if (points.length < 2) continue;
    const path = `M${points.join("L")}`;
    if (line.area) {
      parts.push(shape("path", { class: "area", d: `${path}L${x(kept.at(-1)[0]).toFixed(1)} ${y(0)}L${x(kept[0][0]).toFixed(1)} ${y(0)}Z` }));
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
  ["latency_p99_ms", "Latency p99", true, duration], ["since", "In service since", true, clock],
];
function models() {
  const words = find("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = state.instances.flatMap((one) => one.models);
  const found = all.filter((model) => {
    const text = `${model.data_type} ${model.name} ${model.engine}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const sign = sort.down ? -1 : 1;
  found.sort((one, other) => sign * (one[sort.key] > other[sort.key] ? 1 : one[sort.key] < other[sort.key] ? -1 : 0));
  const columns = COLUMNS.map(([key, title, number]) => ({
    title, number, wrap: key === "name", mark: key === sort.key ? (sort.down ? " ↓" : " ↑") : "",
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

function events(all) {
  const shown = all.flatMap((one) => one.events).sort((one, other) => other.at_ms - one.at_ms).slice(0, 50);
  const node = find("events");
  if (!changed(node, shown)) return;
  node.replaceChildren(...shown.map((event) => {
    const line = make("li");
    line.append(make("time", clock(event.at_ms)));
    const rejected = event.state === "rejected";
    line.append(make("span", `${event.name || "a model"} version ${event.version}`));
    line.append(make("span", rejected ? " rejected" : " in service", rejected ? "bad" : "good"));
    line.append(` for ${event.data_type}`);
    if (event.previous) line.append(make("span", `, instead of ${event.previous}`, "soft"));
    if (event.reason) line.append(make("div", event.reason, "soft"));
    return line;
  }));
  if (!shown.length) node.append(make("li", "Nothing yet.", "soft"));
}

function details(all) {
  const flat = (key) => all.flatMap((one) => one[key]);
  table(find("last"), [{ title: "Time" }, { title: "Data type" }, { title: "Model", wrap: true }, { title: "Result", number: true }],
    flat("last_scores").sort((one, other) => other.at_ms - one.at_ms).slice(0, 10)
      .map((one) => [clock(one.at_ms), one.data_type, one.model, String(one.result)]), "No result yet.");
  const partitions = flat("partitions");
  table(find("partitions"), [{ title: "Topic" }, { title: "Partition", number: true }, { title: "Behind", number: true }, { title: "Waits for a model of" }],
    partitions.slice(0, MOST_ROWS).map((one) => [one.topic, String(one.partition), count(one.lag), [one.waiting, "warn"]]), "None assigned.");
  find("partitions-count").textContent = count(partitions.length);
  const causes = new Map();
  for (const one of flat("letters")) {
    const key = `${one.stage} ${one.cause}`;
    causes.set(key, { ...one, count: one.count + (causes.get(key)?.count || 0) });
  }
  table(find("letters"), [{ title: "Stage" }, { title: "Cause" }, { title: "Records", number: true }],
    [...causes.values()].map((one) => [one.stage, one.cause, count(one.count)]), "None.");
  find("letters-count").textContent = count([...causes.values()].reduce((sum, one) => sum + one.count, 0));
  const sinks = flat("sinks");
  find("sinks-section").hidden = !sinks.length;
  table(find("sinks"), [{ title: "Sink" }, { title: "Written", number: true }, { title: "Waiting", number: true }, { title: "Dropped", number: true }, { title: "Problem", wrap: true }],
    sinks.map((one) => [one.name, count(one.written), count(one.waiting), count(one.dropped_total), [one.problem, "warn"]]), "None.");
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
  chart(find("rate"), [{ name: "one", area: true, values: of("results_per_s") }], rate, now);
  chart(find("latency"), [{ name: "one", values: of("p50_ms") }, { name: "two", values: of("p99_ms") }], duration, now);
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
async function follow() {
  const token = sessionStorage.getItem(KEY), abort = new AbortController();
  const watch = setInterval(() => { if (Date.now() - lastMs > LATE_MS) abort.abort(); }, 1000);
  lastMs = Date.now();
  try {
    const answer = await fetch("live", { headers: token ? { Authorization: `Bearer ${token}` } : {}, signal: abort.signal, cache: "no-store" });
    if (answer.status === 401) return "token";
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

async function run() {
  for (;;) {
    const end = await follow();
    if (end === "token") {
      say("lost", "a token is needed");
      sessionStorage.removeItem(KEY);
      find("login").hidden = false;
      find("token").focus();
      return;
    }
    say("lost", state ? `connection lost at ${clock(lastMs)}, trying again` : "no connection, trying again");
    await new Promise((resolve) => setTimeout(resolve, retryMs));
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
new ResizeObserver(() => { if (state) charts(); }).observe(find("rate"));
run();
