// What is being written is kept in this browser until it is sent: through a crash, Back, a login or a lost session.
// Cleared after sending, on log-out and on "forget this browser". Only texts are kept, never files or passwords.
"use strict";

(() => {
  const PREFIX = "draft:";
  const DAYS = 7;
  const FIELDS = "textarea[name], input[type=text][name], input[type=email][name], input[name=once]";
  const owner = document.body.dataset.owner ?? "";
  const words = document.getElementById("words")?.dataset ?? {};
  const store = (() => {
    try {
      localStorage.setItem(`${PREFIX}test`, "");
      localStorage.removeItem(`${PREFIX}test`);
      return localStorage;
    } catch {
      return null; // private windows and full disks: then there are no drafts
    }
  })();
  if (!store) return;

  const keys = () => Object.keys(store).filter((key) => key.startsWith(PREFIX));
  const drop = (name) => store.removeItem(PREFIX + name);

  // What the page says is done needs no draft any more.
  function finish() {
    for (const done of document.querySelectorAll("[data-done]")) {
      const [kind, ...names] = done.dataset.done.split(" ");
      if (kind === "forget") keys().forEach((key) => store.removeItem(key));
      if (kind === "sent") for (const name of names) { drop(name); drop(name.replace("reply:", "line:")); drop(name.replace("reply:", "follow-up:")); }
    }
  }
  finish();
  document.addEventListener("htmx:afterSettle", finish);

  const fields = (form) => [...form.querySelectorAll(FIELDS)];

  function read(form) {
    try {
      const kept = JSON.parse(store.getItem(PREFIX + form.dataset.draft) ?? "null");
      if (!kept || Date.now() - kept.at > DAYS * 86400e3) return null;
      return kept.owner === "" || kept.owner === owner ? kept : null; // never another account's
    } catch {
      return null;
    }
  }

  function keep(form) {
    const values = {};
    for (const field of fields(form)) values[field.name] = field.value;
    const written = fields(form).some((field) => field.name !== "once" && field.value !== field.defaultValue);
    if (!written) return drop(form.dataset.draft);
    try {
      store.setItem(PREFIX + form.dataset.draft, JSON.stringify({ at: Date.now(), owner, values }));
    } catch { /* full: the page still holds it */ }
  }

  function restore(form) {
    const kept = read(form);
    if (!kept) return;
    let restored = false;
    for (const field of fields(form)) {
      const value = kept.values[field.name];
      if (value === undefined) continue;
      // The page's own words (a form that came back with mistakes) are newer than the draft.
      if (field.name === "once" || (field.value === field.defaultValue && field.defaultValue === "" && value)) {
        restored ||= field.name === "body" && field.value !== value;
        field.value = value;
      }
    }
    if (restored) offerToClear(form);
  }

  function offerToClear(form) {
    const note = document.createElement("p");
    note.className = "note";
    note.setAttribute("role", "status");
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "button button-link";
    clear.textContent = words.clear;
    clear.addEventListener("click", () => {
      for (const field of fields(form)) if (field.name !== "once") field.value = "";
      drop(form.dataset.draft);
      note.remove();
      form.querySelector("textarea, input[type=text]")?.focus();
    });
    note.append(`${words.restored} `, clear);
    form.querySelector(".field")?.after(note);
  }

  const known = new WeakSet();
  function watch() {
    for (const form of document.querySelectorAll("form[data-draft]")) {
      if (known.has(form)) continue;
      known.add(form);
      restore(form);
      form.addEventListener("input", () => keep(form));
    }
  }
  watch();
  document.addEventListener("htmx:afterSettle", watch);
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-forget]")) keys().forEach((key) => store.removeItem(key));
    else if (event.target.matches("form[data-draft]")) keep(event.target);
  }, true);
})();
