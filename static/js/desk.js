// Shortcuts and comforts of the agent's desk. Every action also works without this file.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const desk = document.querySelector(".desk");
  const find = (selector) => document.querySelector(selector);

  const write = (kind) => {
    const tab = document.getElementById(`writer-${kind}`);
    if (!tab) return;
    tab.checked = true;
    const field = find(`.writer-${kind} textarea`);
    field.focus();
    field.scrollIntoView({ block: "center" });
  };

  const insert = (id) => {
    const source = document.getElementById(id);
    const field = find(".writer-reply textarea");
    if (!source || !field) return;
    const text = source.textContent.trim();
    field.value = field.value.trim() ? `${field.value.trimEnd()}\n\n${text}` : text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    write("reply");
  };

  const press = (key) => {
    const button = find(`[data-key="${key}"]`);
    if (button) button.click();
  };

  const help = () => {
    const dialog = document.getElementById("desk-keys");
    if (dialog) dialog.open ? dialog.close() : dialog.showModal();
  };

  const correct = () => {
    const details = document.getElementById("correct");
    if (!details) return;
    details.open = true;
    const field = document.getElementById("id_intent");
    field.focus();
    field.scrollIntoView({ block: "center" });
  };

  const toQueue = () => {
    const link = find(".desk-head-tools a");
    if (link) link.click();
  };

  const onDesk = {
    r: () => write("reply"), n: () => write("note"), i: () => insert("suggestion"), a: () => press("take"),
    c: correct, j: () => press("next"), q: toQueue, "?": help,
  };
  const onQueue = { j: () => press("next") };
  const keys = desk ? onDesk : find(".desk-next") ? onQueue : {};

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "Escape" && typing) typing.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]")) return;
    if (Object.hasOwn(keys, event.key)) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  document.querySelectorAll("[data-insert]").forEach((link) =>
    link.addEventListener("click", (event) => {
      event.preventDefault();
      insert(link.dataset.insert);
    }));
  document.querySelectorAll('[data-key="help"]').forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", help);
  });

  // The theme's choosers would announce only what is chosen, and nothing before that.
  const nameChooser = (chooser) => {
    const select = chooser.previousElementSibling;
    const label = select && select.id && find(`label[for="${select.id}"]`);
    const button = chooser.querySelector("[role=combobox]");
    if (label && button) {
      label.id ||= `${select.id}_label`;
      button.setAttribute("aria-labelledby", `${label.id} ${button.getAttribute("aria-labelledby")}`);
    }
    const search = chooser.querySelector(".select2-search__field");
    if (search) search.setAttribute("aria-label", "Search");
  };
  new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach((node) => {
    if (node.classList?.contains("select2-container")) nameChooser(node);
  }))).observe(document.body, { childList: true, subtree: true });

  // The letters follow what is typed into the facts of the house, before it is saved.
  const house = find("[data-preview]");
  if (house) {
    const form = house.querySelector("form");
    const letters = document.getElementById("house-answers");
    let waiting, newest = 0;
    const preview = async () => {
      const turn = ++newest;
      const reply = await fetch(house.dataset.preview, { method: "POST", body: new FormData(form) });
      if (!reply.ok || turn !== newest) return;
      const open = [...letters.querySelectorAll("details[open]")].map((one) => one.dataset.answer);
      letters.innerHTML = await reply.text();
      open.forEach((id) => { const one = letters.querySelector(`[data-answer="${id}"]`); if (one) one.open = true; });
    };
    form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(preview, 400); });
    const asked = /^#answer-\d+$/.test(location.hash) && find(`${location.hash} > details`);
    if (asked) { asked.open = true; asked.scrollIntoView({ block: "nearest" }); }
  }

  // Leaving with an unsent text asks first; sending it does not, and sends once only.
  let unsent = false;
  document.querySelectorAll("form[data-keep]").forEach((form) => {
    form.addEventListener("input", () => { unsent = [...form.querySelectorAll("textarea")].some((field) => field.value.trim()); });
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
      unsent = false;
    });
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-keep]").forEach((form) => delete form.dataset.sent));
  window.addEventListener("beforeunload", (event) => { if (unsent) event.preventDefault(); });
});
