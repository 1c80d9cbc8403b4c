// Small comforts. Every page works without this file.
"use strict";

// A form that is on its way is not sent a second time. The server guards this too.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
});

// Coming back by the browser's "back" finds the form as it was: it may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

// A form that came back with mistakes is taken up at the first of them, once the browser has settled.
window.addEventListener("load", () => {
  requestAnimationFrame(() => document.querySelector("[aria-invalid='true']")?.focus());
});

// After a part of the page was replaced: say where things stand now, and let whoever pressed a button
// there go on from it.
document.addEventListener("htmx:afterSettle", () => {
  const outcome = document.getElementById("outcome");
  const announcement = document.getElementById("announcement");
  if (!outcome || !announcement) return;
  const title = outcome.querySelector("h2").textContent;
  if (announcement.textContent !== title) announcement.textContent = title;
  const lost = !document.activeElement || document.activeElement === document.body;
  if (lost && outcome.dataset.reading === undefined) outcome.focus({ preventScroll: true });
});

// Anything but a page in answer to a partial request: load the whole page instead and show what it says.
document.addEventListener("htmx:responseError", () => window.location.reload());
