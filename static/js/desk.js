// Comforts of the supervisors' pages. Every action also works without this file.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const find = (selector) => document.querySelector(selector);

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
