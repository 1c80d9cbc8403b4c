// Small comforts. Every page works without this file.
"use strict";

const words = document.getElementById("words")?.dataset ?? {};

// The browser's time zone, so that times on the next page are the reader's own. In a frame of another site: no cookie.
if (window.parent === window) try {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`time_zone=${zone}`)) {
    document.cookie = `time_zone=${zone};path=/;max-age=31536000;samesite=lax${location.protocol === "https:" ? ";secure" : ""}`;
  }
} catch { /* without it, times are the house's */ }

// Says something in place, once, next to a form. Read out by screen readers.
function tell(form, text, kind = "wait") {
  let note = form.querySelector(":scope > .note") ?? form.nextElementSibling?.closest?.(".note");
  if (!note) {
    note = document.createElement("p");
    note.setAttribute("role", "status");
    form.append(note);
  }
  note.className = `note note-${kind}`;
  note.textContent = text;
  return note;
}

function free(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
}

// Sends a form once the browser is online again.
function sendWhenOnline(form, submitter) {
  tell(form, words.offline);
  window.addEventListener("online", () => {
    if (!form.isConnected) return;
    tell(form, words.online, "good");
    free(form);
    form.requestSubmit(submitter && submitter.isConnected ? submitter : undefined);
  }, { once: true });
}

// A form that is on its way is not sent a second time. The server guards this too.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  if (!navigator.onLine) {
    event.preventDefault();
    event.stopPropagation();
    sendWhenOnline(form, event.submitter);
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
}, true);

// A request that did not get through: say so, give the buttons back, and try again when there is a connection.
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    const form = event.target.closest?.("[data-quiet]") ? null : event.target.closest?.("form");
    if (!form) return; // what comes by itself may fail by itself
    free(form);
    const submitter = event.detail.requestConfig?.triggeringEvent?.submitter;
    if (navigator.onLine) tell(form, words.failed, "bad");
    else sendWhenOnline(form, submitter);
  });
}

// Coming back by the browser's "back" finds the form as it was: it may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) free(form);
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
document.addEventListener("htmx:responseError", (event) => {
  if (event.target.closest?.("[data-quiet]")) return;
  if (event.detail.requestConfig?.verb === "post") window.location.reload();
});

// Printing needs a script; without one the browser's own menu does it.
function offerPrint() {
  for (const button of document.querySelectorAll("[data-print][hidden]")) button.hidden = false;
}
offerPrint();
document.addEventListener("htmx:afterSettle", offerPrint);
document.addEventListener("click", (event) => { if (event.target.closest?.("[data-print]")) window.print(); });
