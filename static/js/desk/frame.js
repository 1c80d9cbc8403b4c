// The frame of the agents' pages: keys, the palette, the bar that takes a reply back. All of it works without too.
"use strict";

const desk = {
  keys: {},
  find: (selector) => document.querySelector(selector),
  press: (name) => desk.find(`[data-press="${name}"]`)?.click(),
  token: () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "",
  isTyping: (target) => Boolean(target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")),
};

desk.post = (url, body) => fetch(url, {
  method: "POST", body, headers: { "X-CSRFToken": desk.token(), Accept: "application/json" }, credentials: "same-origin", keepalive: !(body instanceof FormData && (body.has("reply-files") || body.has("note-files"))),
});

// What the server said in answer to a step that loaded no page.
desk.tell = (words, kind) => {
  document.querySelectorAll("[data-told]").forEach((one) => one.remove());
  const line = document.createElement("p");
  line.className = `frame-flash frame-${kind}`;
  line.dataset.told = "";
  line.setAttribute("role", "status");
  line.textContent = words;
  desk.find("[data-news]").append(line);
};

// The session may have been renewed in another window: forms carry the token of now.
desk.renewTokens = () => document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((field) => { if (desk.token()) field.value = desk.token(); });

desk.suggestWhileTyping = (field, look, choose) => {
  const list = document.createElement("ul");
  list.className = "box-list";
  list.id = `${field.id}-found`;
  list.hidden = true;
  list.setAttribute("role", "listbox");
  field.after(list);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");
  let found = [], at = 0, turn = 0, waiting;
  const show = () => {
    list.replaceChildren(...found.map((one, place) => {
      const item = document.createElement("li");
      item.id = `${list.id}-${place}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(place === at));
      item.textContent = one.title;
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(place); });
      return item;
    }));
    list.hidden = !found.length;
    field.setAttribute("aria-expanded", String(Boolean(found.length)));
    if (found.length) field.setAttribute("aria-activedescendant", `${list.id}-${at}`);
    else field.removeAttribute("aria-activedescendant");
  };
  const hide = () => { found = []; turn += 1; show(); };
  const take = (place) => { const one = found[place]; hide(); if (one) choose(one); };
  const search = async () => {
    const mine = ++turn;
    const rows = await look(field.value.trim());
    if (mine !== turn) return;
    found = rows; at = 0;
    show();
  };
  field.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 120); });
  field.addEventListener("blur", hide);
  field.addEventListener("keydown", async (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!found.length) return;
      event.preventDefault();
      at = (at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
      show();
    } else if (event.key === "Escape" && found.length) {
      event.stopPropagation();
      hide();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      if (!field.value.trim()) return;
      event.preventDefault();
      clearTimeout(waiting);
      if (!found.length) await search();
      if (found.length) take(at); else field.form?.requestSubmit();
    }
  });
  return search;
};

desk.lookUpIntents = async (words) => {
  if (!words) return [];
  const reply = await fetch(`${document.body.dataset.intents}?q=${encodeURIComponent(words)}`);
  return reply.ok ? (await reply.json()).intents : [];
};

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("[data-press=palette], [data-press=help]").forEach((button) => { button.hidden = false; });

  // --- help and palette ---------------------------------------------------------------------------------
  const help = desk.find("#desk-keys");
  const toggleHelp = () => (help.open ? help.close() : help.showModal());
  desk.find("[data-press=help]").addEventListener("click", toggleHelp);

  const palette = desk.find("#palette"), words = desk.find("#palette-words"), list = desk.find("#palette-list");
  let rows = [], at = 0, turn = 0;
  const here = () => [...document.querySelectorAll("[data-command], main button[data-press], .frame-head button[data-press=next]")]
    .map((one) => ({ title: (one.dataset.command ?? one.textContent).replace(/\s+/g, " ").trim(), act: () => one.click() }));
  const draw = () => {
    list.replaceChildren(...rows.map((row, place) => {
      const item = document.createElement("li");
      item.id = `palette-${place}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(place === at));
      item.textContent = row.title;
      item.addEventListener("click", () => { palette.close(); row.act(); });
      return item;
    }));
    words.setAttribute("aria-activedescendant", rows.length ? `palette-${at}` : "");
  };
  const look = async () => {
    const mine = ++turn, typed = words.value.trim().toLowerCase();
    rows = here().filter((row) => row.title.toLowerCase().includes(typed)).slice(0, 8);
    at = 0;
    draw();
    if (typed.length < 2) return;
    const reply = await fetch(`${document.body.dataset.find}?q=${encodeURIComponent(typed)}`);
    if (!reply.ok || mine !== turn) return;
    rows = [...rows, ...(await reply.json()).found.map((one) => ({ title: one.title, act: () => location.assign(one.url) }))];
    draw();
  };
  const openPalette = () => { if (palette.open) { palette.close(); return; } words.value = ""; palette.showModal(); look(); };
  desk.find("[data-press=palette]").addEventListener("click", openPalette);
  words.addEventListener("input", look);
  palette.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (rows.length) { at = (at + (event.key === "ArrowDown" ? 1 : rows.length - 1)) % rows.length; draw(); }
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (rows[at]) { palette.close(); rows[at].act(); }
    }
  });

  // --- keys -----------------------------------------------------------------------------------------------
  desk.keys["?"] = toggleHelp;
  desk.keys["/"] = () => desk.find("#search").focus();
  desk.keys.z = () => desk.press("undo");
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); return; }
    const typing = desk.isTyping(event.target);
    if (event.key === "Escape") {
      document.querySelectorAll(".frame-menu[open]").forEach((menu) => { menu.open = false; });
      if (typing && !desk.find("dialog[open]")) event.target.blur();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || desk.find("dialog[open]")) return;
    const act = Object.hasOwn(desk.keys, event.key) && desk.keys[event.key];
    if (act && act(event) !== false) event.preventDefault();
  });
  document.addEventListener("click", (event) => document.querySelectorAll(".frame-menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  }));

  // --- a reply on its way -----------------------------------------------------------------------------------
  document.querySelectorAll("[data-leaving]").forEach((bar) => {
    let left = Number(bar.dataset.leaving);
    const words = bar.querySelector("[data-seconds]");
    const tick = () => {
      if (left <= 0) { bar.remove(); return; }
      words.textContent = `in ${left} s`;
      left -= 1;
      setTimeout(tick, 1000);
    };
    tick();
  });

  // A form is sent once, with the token of now. The server guards this too.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    desk.renewTokens();
    if (!event.defaultPrevented) form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

  document.querySelectorAll("[data-intents-box]").forEach((field) => {
    const isStep = field.getAttribute("form") === "work";
    desk.suggestWhileTyping(field, desk.lookUpIntents, (one) => {
      field.value = isStep ? one.code : one.title;
      if (isStep) desk.sendStep?.("correct"); else field.form.requestSubmit();
    });
  });
});
