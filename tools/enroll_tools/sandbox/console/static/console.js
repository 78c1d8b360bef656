// Only adds to pages that work without it: live updates, copying, and showing a secret in its place.
"use strict";

const root = document.documentElement;
const status = document.getElementById("live");
let last = document.body.dataset.newest;
let source = null;
let waiting = false;
let pause = 100;

root.classList.add("live");
// What the server last said of each region; a secret that was shown since is no news.
for (const region of document.querySelectorAll("[data-live]")) region.dataset.html = region.innerHTML;
if (location.hash === "#message") document.getElementById("message")?.focus();

function say(text) {
  if (status && status.textContent !== text) status.textContent = text;
}

async function page(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(answer.status);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function states() {
  return new Map([...document.querySelectorAll("[data-device]")].map((it) => [it.dataset.device, it.dataset.state]));
}

function focusables(region) {
  return [...region.querySelectorAll("a, button, input, select, summary")];
}

// Exchange what has changed of the regions that the server keeps up to date; whoever is in one stays where they are.
async function refresh() {
  if (waiting || !document.querySelector("[data-live]")) return;
  waiting = true;
  await new Promise((done) => setTimeout(done, pause));
  waiting = false;
  const started = performance.now();
  const address = new URL(location.href);
  address.searchParams.delete("m");
  address.searchParams.set("live", "1");
  address.hash = "";
  const fresh = await page(address);
  // A page that takes the sandbox long to make is asked for less often.
  pause = Math.max(100, 5 * (performance.now() - started));
  const before = states();
  for (const region of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(region.id);
    if (!next || next.innerHTML === region.dataset.html) continue;
    const place = focusables(region).indexOf(document.activeElement);
    region.dataset.html = next.innerHTML;
    region.replaceChildren(...next.childNodes);
    if (place >= 0) (focusables(region)[place] || region).focus();
  }
  const changed = [...states()].filter(([device, state]) => before.get(device) !== state);
  for (const [device, state] of changed) {
    for (const it of document.querySelectorAll("[data-device]")) if (it.dataset.device === device) it.classList.add("fresh");
    say(`${device}: ${state}`);
  }
}

// Of packets that say the same in a row, the newest stands for all.
function fold(list, row) {
  const before = list.firstElementChild;
  if (!row?.dataset.same || row.dataset.same !== before?.dataset.same || before.querySelector("details[open]")) return;
  row.dataset.count = Number(row.dataset.count) + Number(before.dataset.count);
  const told = row.querySelector("[data-times]");
  told.textContent = `${row.dataset.count} times in a row.`;
  told.hidden = false;
  before.remove();
}

function insert(html) {
  const list = document.getElementById("packets");
  const template = document.createElement("template");
  template.innerHTML = html;
  const rows = [...template.content.children].filter((row) => !document.getElementById(row.id));
  for (const row of rows) row.classList.add("fresh");
  fold(list, rows.at(-1));
  list.prepend(...rows);
  if (!rows.length) return;
  document.querySelector("[data-empty]").hidden = true;
  say(rows.length === 1 ? "A new packet" : `${rows.length} new packets`);
  while (list.children.length > 500) list.lastElementChild.remove();
}

function listen() {
  if (source || !status) return;
  const filter = document.getElementById("packets")?.dataset.filter || "";
  source = new EventSource(`/events?after=${last}&${filter}`);
  source.addEventListener("open", () => say("Live"));
  source.addEventListener("error", () => {
    say(source && source.readyState === EventSource.CLOSED ? "Not live: load the page again" : "Connection lost: start the sandbox again");
  });
  source.addEventListener("update", (event) => {
    last = event.lastEventId;
    const update = JSON.parse(event.data);
    if (update.packets) insert(update.packets);
    const gap = document.querySelector("[data-gap]");
    if (gap && update.gap) gap.hidden = false;
    refresh().catch(() => say("Connection lost: start the sandbox again"));
  });
}

// A browser keeps six connections to a server, and each open page takes one: only those in view do.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    source?.close();
    source = null;
  } else listen();
});
if (!document.hidden) listen();

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Browsers give the clipboard to pages of https and of this machine only.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

async function swap(id, address) {
  const next = (await page(address)).getElementById(id);
  const here = document.getElementById(id);
  if (!next || !here) throw new Error("gone");
  here.replaceWith(next);
  (next.querySelector("a, button") || next).focus();
}

async function hidden(id) {
  const address = document.querySelector(`#${id} [data-swap]`).href;
  return (await page(address)).querySelector(`#${id} [data-value]`).textContent;
}

async function copied(button) {
  const { copy: text, copyHidden, copyFrom } = button.dataset;
  if (copyHidden) await copy(await hidden(copyHidden));
  else if (copyFrom) await copy(await (await fetch(copyFrom)).text());
  else await copy(text);
  const label = button.firstChild;
  const before = label.textContent;
  label.textContent = "Copied";
  button.focus();
  say("Copied");
  setTimeout(() => { label.textContent = before; }, 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-hidden], [data-copy-from]");
  const link = event.target.closest("a[data-swap]");
  if (button) copied(button).catch(() => say("Not copied: the page is out of date, load it again"));
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    swap(link.dataset.swap, link.href).catch(() => { location.href = link.href; });
  }
});
