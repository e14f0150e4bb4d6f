// Keeps a page up to date: sections that changed come as HTML, escaped by the server.
"use strict";

const body = document.body;
const lost = document.getElementById("lost");
let version = body.dataset.version || "";
let source = null;
let pause = 500;

function patch(changed) {
  for (const [name, html] of Object.entries(changed)) {
    const section = document.querySelector(`[data-section="${name}"]`);
    if (!section) continue;
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    keep(section, fresh.content);
    const scrolled = new Map();
    for (const part of section.querySelectorAll("[data-keep]")) scrolled.set(part.dataset.keep, part.scrollTop);
    section.replaceChildren(fresh.content);
    for (const part of section.querySelectorAll("[data-keep]")) part.scrollTop = scrolled.get(part.dataset.keep) || 0;
  }
}

// What somebody opened, or types in, stays as it is.
function keep(old, fresh) {
  for (const part of old.querySelectorAll("[data-key]")) {
    const typed = [...part.querySelectorAll("input:not([type=hidden])")].some((input) => input.value);
    if (!part.open && !typed && !part.contains(document.activeElement)) continue;
    const other = fresh.querySelector(`[data-key="${CSS.escape(part.dataset.key)}"]`);
    if (other) other.replaceWith(part);
  }
}

function connect() {
  if (source || document.hidden || !body.dataset.events) return;
  const opened = new EventSource(`${body.dataset.events}?seen=${encodeURIComponent(version)}`);
  source = opened;
  opened.onopen = () => { lost.hidden = true; pause = 500; };
  opened.addEventListener("patch", (event) => {
    version = event.lastEventId;
    patch(JSON.parse(event.data));
  });
  opened.onerror = () => {
    opened.close();
    if (source !== opened) return;
    source = null;
    lost.hidden = false;
    setTimeout(connect, pause);
    pause = Math.min(2 * pause, 5000);
  };
}

// A browser has few connections to one server: pages in the background give theirs back.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return connect();
  if (source) source.close();
  source = null;
});

document.addEventListener("toggle", async (event) => {
  const part = event.target;
  if (!part.open || !part.dataset.src || part.dataset.read) return;
  part.dataset.read = "yes";
  const inside = part.querySelector(".inside");
  try {
    const answer = await fetch(part.dataset.src);
    if (!answer.ok) throw new Error(answer.status);
    inside.innerHTML = await answer.text();
  } catch {
    inside.textContent = "It could not be read; close it and open it again.";
    delete part.dataset.read;
  }
}, true);

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("note" in form.dataset)) return;
  event.preventDefault();
  const button = event.submitter;
  if (button.dataset.sure && !confirm(button.dataset.sure)) return;
  const given = new FormData(form);
  const reason = (given.get("reason") || "").trim();
  const text = button.dataset.text ? button.dataset.text + (button.dataset.text === "no" && reason ? `: ${reason}` : "") : given.get("text") || "";
  const answer = (form.querySelector("[data-answer]") || form.parentElement.querySelector("[data-answer]"));
  button.disabled = true;
  answer.textContent = "Sending…";
  try {
    const sent = await fetch("notes", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ kind: button.value, text, call: given.get("call") || "" }),
    });
    const said = await sent.json();
    if (!sent.ok) throw new Error(said.problem);
    answer.textContent = said.running ? "Sent; the run hears it at its next step." : "Sent; the run hears it once it is resumed.";
    if (form.elements.text) form.elements.text.value = "";
  } catch (problem) {
    answer.textContent = problem.message || "It was not sent.";
  }
  button.disabled = false;
});

// The first frame comes first.
requestAnimationFrame(() => setTimeout(connect));
