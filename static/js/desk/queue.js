// The list by keyboard: one row is the current one; what is chosen can be acted on.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const rows = [...document.querySelectorAll(".row")];
  const link = (row) => row.querySelector("a");
  const box = (row) => row.querySelector("input[type=checkbox]");
  const current = () => rows.findIndex((row) => row.contains(document.activeElement));
  const go = (place) => { if (rows[place]) { link(rows[place]).focus(); rows[place].scrollIntoView({ block: "nearest" }); } };
  const form = document.getElementById("chosen");

  const all = form.querySelector("[data-all]");
  const count = () => {
    const chosen = rows.filter((row) => box(row).checked).length;
    form.classList.toggle("has-chosen", chosen > 0 || Boolean(all?.checked));
    form.querySelector("[data-chosen]").textContent = all?.checked ? "With" : chosen ? `${chosen} chosen:` : "With the chosen:";
  };
  form.addEventListener("change", count);
  window.addEventListener("pageshow", count);

  const choose = () => {
    const row = rows[current()];
    if (row) { box(row).checked = !box(row).checked; count(); }
  };
  // Acts on the chosen rows; on the current one where none is chosen.
  const act = (name) => {
    if (!all?.checked && !rows.some((row) => box(row).checked)) choose();
    if (all?.checked || rows.some((row) => box(row).checked)) desk.press(name);
  };
  const down = () => go(Math.min(current() + 1, rows.length - 1));
  const up = () => go(Math.max(current() - 1, 0));
  const open = (id, selector) => { const box = document.getElementById(id); box.open = true; box.querySelector(selector).focus(); };
  document.querySelectorAll(".queue-tabs > a").forEach((tab, place) => { if (place < 9) desk.keys[place + 1] = () => tab.click(); });
  const chooseAll = () => { if (all) { all.checked = !all.checked; count(); } };
  const tag = () => { if (!form.classList.contains("has-chosen")) choose(); document.getElementById("many-tags")?.focus(); };
  document.getElementById("many-tags")?.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); desk.press("tag"); } });
  Object.assign(desk.keys, { X: chooseAll, t: tag, e: () => act("resolve") });
  Object.assign(desk.keys, { f: () => open("filter", "#f-intent"), v: () => open("save-view", "#view-name") });
  Object.assign(desk.keys, { j: down, k: up, ArrowDown: down, ArrowUp: up, x: choose, a: () => act("take"), s: () => act("snooze"), n: () => desk.press("next") });
  desk.find("[data-skip]").addEventListener("click", (event) => { if (rows.length) { event.preventDefault(); go(0); } });
});
