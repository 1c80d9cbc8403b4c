// In a note, @ and the first letters of a name offer colleagues; Enter or Tab puts the name in.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const note = desk.find("[data-people]");
  if (!note) return;
  const list = document.createElement("ul");
  Object.assign(list, { className: "box-list mention-list", id: "people-found", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Colleagues");
  note.before(list);
  note.setAttribute("aria-controls", list.id);
  note.setAttribute("aria-autocomplete", "list");
  let found = [], at = 0, turn = 0;

  // The @ before the caret and what was typed behind it, at most three words.
  const typed = () => note.value.slice(0, note.selectionStart).match(/(?:^|[^\w.@])@((?:[^\s@]+ ?){0,3})$/);
  const show = () => {
    list.replaceChildren(...found.map((one, place) => {
      const item = document.createElement("li");
      item.id = `people-${place}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(place === at));
      item.textContent = `${one.name} · ${one.email}`;
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(place); });
      return item;
    }));
    list.hidden = !found.length;
    if (found.length) note.setAttribute("aria-activedescendant", `people-${at}`);
    else note.removeAttribute("aria-activedescendant");
  };
  const hide = () => { found = []; turn += 1; show(); };
  const take = (place) => {
    const end = note.selectionStart, start = end - (typed()?.[1].length ?? 0);
    note.setRangeText(`${found[place].name} `, start, end, "end");
    hide();
    note.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const look = async () => {
    const words = typed();
    if (!words) { hide(); return; }
    const mine = ++turn;
    const answer = await fetch(`${note.dataset.people}?q=${encodeURIComponent(words[1].trim())}`);
    if (!answer.ok || answer.redirected || mine !== turn) return;
    const { people } = await answer.json();
    const done = people.length === 1 && words[1].trim().toLowerCase() === people[0].name.toLowerCase();
    found = done ? [] : people;
    at = 0;
    show();
  };
  note.addEventListener("input", look);
  note.addEventListener("blur", hide);
  note.addEventListener("keydown", (event) => {
    if (!found.length || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      at = (at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
      show();
    } else if (event.key === "Enter" || event.key === "Tab") take(at);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
});
