// One ticket: writing, sending, what happens on it meanwhile, and the list beside it.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const page = document.getElementById("desk"), form = document.getElementById("work");
  const talk = document.getElementById("talk"), frame = document.getElementById("talk-frame");
  const reply = desk.find("[data-keep=reply]"), note = desk.find("[data-keep=note]");

  // --- the conversation: the newest in view, earlier ones on demand ------------------------------------------
  const toNewest = () => { frame.scrollTop = frame.scrollHeight; };
  toNewest();
  talk.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-earlier]");
    if (!link) return;
    event.preventDefault();
    const answer = await fetch(link.dataset.earlier);
    if (!answer.ok) { location.assign(link.href); return; }
    const before = frame.scrollHeight;
    link.closest("li").outerHTML = await answer.text();
    frame.scrollTop += frame.scrollHeight - before;
  });

  // --- the writer grows with its text -----------------------------------------------------------------------
  const grow = (field) => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight + 2, window.innerHeight * 0.5)}px`;
  };
  [reply, note].forEach((field) => {
    if (!field) return;
    ["input", "desk:grown"].forEach((kind) => field.addEventListener(kind, () => grow(field)));
    grow(field);
  });

  const write = (kind) => {
    const tab = document.getElementById(`writer-${kind}`), field = kind === "note" ? note : reply;
    if (!tab || !field) return;
    tab.checked = true;
    grow(field);
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    field.scrollIntoView({ block: "nearest" });
  };
  const squeezed = (text) => text.replace(/\s+/g, " ").trim();
  const insert = (id) => {
    const source = document.getElementById(id);
    if (!source || !reply) return;
    const text = source.textContent.trim();
    if (!squeezed(reply.value).includes(squeezed(text))) {
      reply.value = reply.value.trim() ? `${reply.value.trimEnd()}\n\n${text}` : text;
      reply.dispatchEvent(new Event("input", { bubbles: true }));
    }
    write("reply");
  };
  desk.insert = insert;
  document.querySelectorAll("[data-insert=suggestion]").forEach((link) => link.addEventListener("click", (event) => { event.preventDefault(); insert(link.dataset.insert); }));

  // --- every step: the draft is on the server before it goes --------------------------------------------------
  desk.sendStep = (name) => {
    const button = document.createElement("button");
    Object.assign(button, { name: "step", value: name, hidden: true });
    form.append(button);
    form.requestSubmit(button);
  };
  let cleared = false;
  form.addEventListener("submit", async (event) => {
    if (cleared) return;
    event.preventDefault();
    event.stopPropagation();
    if (form.dataset.saving) return;
    form.dataset.saving = "yes";
    const submitter = event.submitter;
    const kept = await desk.draft.save();
    delete form.dataset.saving;
    if (typeof kept === "string") { location.assign(kept); return; }  // the session has ended; the text waits
    if (kept === false && desk.find("#draft-choice")) return;
    cleared = true;
    desk.renewTokens();
    // Not before this event is over: a form that is being sent ignores a second sending.
    setTimeout(() => { form.requestSubmit(submitter ?? undefined); cleared = false; }, 0);
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || desk.find("dialog[open]")) return;
    if (event.target === note && (event.ctrlKey || event.metaKey)) { event.preventDefault(); desk.press("note"); return; }
    if (event.target !== reply && desk.isTyping(event.target)) return;
    if ((event.ctrlKey || event.metaKey) && event.shiftKey) { event.preventDefault(); desk.press(desk.find("[data-press=send-resolve]") ? "send-resolve" : "send"); }
    else if (event.ctrlKey || event.metaKey) { event.preventDefault(); desk.press("send"); }
    else if (event.altKey) { event.preventDefault(); desk.press("send-wait"); }
  });

  // --- who is here, and what is new -----------------------------------------------------------------------
  let etag = "", seen = Number(form.elements["reply-seen"].value);
  const markRead = (id) => {
    if (id <= Number(form.elements["reply-seen"].value)) return;
    form.elements["reply-seen"].value = id;
    form.elements["resolve-seen"].value = id;
  };
  // A message that came in place counts as read once it has been in view for a second.
  const reader = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
    clearTimeout(target.reading);
    if (isIntersecting) target.reading = setTimeout(() => { markRead(Number(target.dataset.message)); reader.unobserve(target); }, 1000);
  }), { root: frame, threshold: 0.2 });
  const poll = async () => {
    if (document.hidden) return;
    const address = `${page.dataset.live}?seen=${seen}&version=${desk.draft.version()}&writing=${desk.draft.isWriting() ? 1 : 0}`;
    const answer = await fetch(address, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
    etag = answer.headers.get("ETag") ?? etag;
    if (answer.status !== 200 || answer.redirected) return;
    const news = await answer.json();
    desk.find("[data-here]").innerHTML = news.here;
    desk.find("[data-status]").innerHTML = news.status;
    if (news.messages) {
      const atEnd = frame.scrollHeight - frame.scrollTop - frame.clientHeight < 80;
      const known = new Set([...talk.querySelectorAll("[data-message]")].map((one) => one.dataset.message));
      const fresh = document.createElement("template");
      fresh.innerHTML = news.messages;
      fresh.content.querySelectorAll("[data-message]").forEach((one) => { if (!known.has(one.dataset.message)) { talk.append(one); reader.observe(one); } });
      seen = news.seen;
      if (atEnd) toNewest();
    }
    if (news.draft && !desk.draft.isDirty()) desk.draft.adopt(news.draft);
  };
  const keepPolling = async () => { try { await poll(); } catch { /* the next one may get through */ } setTimeout(keepPolling, 2000); };
  keepPolling();

  // --- details that are loaded when they are opened -------------------------------------------------------------
  document.querySelectorAll("details[data-load]").forEach((details) => details.addEventListener("toggle", async () => {
    if (!details.open || details.dataset.loaded) return;
    details.dataset.loaded = "yes";
    const answer = await fetch(details.dataset.load);
    if (answer.ok) details.querySelector("p").outerHTML = await answer.text();
  }));

  // --- the list beside the ticket --------------------------------------------------------------------------
  const beside = document.getElementById("beside");
  const showBeside = async (open) => {
    localStorage.setItem("desk-beside", open ? "open" : "");
    beside.hidden = !open;
    page.classList.toggle("has-beside", open);
    if (!open || beside.childElementCount) return;
    const answer = await fetch(`${page.dataset.beside}?queue=${encodeURIComponent(page.dataset.queue)}`);
    if (!answer.ok) return;
    beside.innerHTML = await answer.text();
    beside.querySelector(`[data-row="${page.dataset.ticket}"]`)?.setAttribute("aria-current", "page");
  };
  const width = localStorage.getItem("desk-beside-width");
  if (width) beside.style.width = width;
  new ResizeObserver(() => { if (!beside.hidden && beside.style.width) localStorage.setItem("desk-beside-width", beside.style.width); }).observe(beside);
  const kept = localStorage.getItem("desk-beside");
  if (kept === "open" || (kept === null && window.innerWidth >= 1600)) showBeside(true);

  const macro = document.getElementById("id_macro");
  const open = (id, selector) => { const details = document.getElementById(id); if (details) { details.open = true; details.querySelector(selector).focus(); } };
  Object.assign(desk.keys, {
    r: () => write("reply"), n: () => write("note"), i: () => insert("suggestion"), a: () => desk.press("take"), e: () => desk.press("resolve"),
    c: () => open("correct", "input"), s: () => open("snooze", "select"), j: () => desk.press("next"), k: () => history.back(),
    f: () => desk.press("follow"), C: () => open("told", "input"), d: () => desk.press("mention"),
    l: () => open("together", "input"), M: () => desk.press("merge"), S: () => desk.press("split"),
    t: () => open("tags", "input"), m: () => { write("reply"); macro?.focus(); },
    b: () => showBeside(beside.hidden), q: () => desk.find(".frame-brand").click(),
  });
  // Fields that offer names while one types, and take Enter for their own step.
  const offers = (field, step) => {
    if (!field) return;
    let asked;
    const ask = async () => {
      const answer = await fetch(`${field.dataset.options}${field.dataset.options.includes("?") ? "&" : "?"}q=${encodeURIComponent(field.value)}`);
      if (answer.ok && !answer.redirected) field.list.innerHTML = await answer.text();
    };
    field.addEventListener("focus", ask);
    field.addEventListener("input", () => { clearTimeout(asked); asked = setTimeout(ask, 150); });
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); step(); } });
  };
  // A macro's texts join the writer in place, and the cursor stands behind them.
  const applyMacro = async () => {
    if (macro.dataset.busy || !macro.value.trim()) return;
    macro.dataset.busy = "yes";
    [reply, note].forEach((field) => { field.readOnly = true; });
    try { await applyNamed(macro.value); } catch { desk.tell("No connection. Try again.", "warning"); }
    [reply, note].forEach((field) => { field.readOnly = false; });
    delete macro.dataset.busy;
  };
  const applyNamed = async (name) => {
    const kept = await desk.draft.save();
    if (typeof kept === "string") { location.assign(kept); return; }
    if (kept !== true) return;
    const answer = await desk.draft.with(page.dataset.macro, { macro: name });
    if (answer.status === 401) { location.assign((await answer.json()).login); return; }
    const done = await answer.json().catch(() => ({ message: "The server could not apply it. Try again." }));
    if (!answer.ok) { desk.tell(done.message, "warning"); macro.select(); return; }
    macro.value = "";
    if (done.whole) { location.replace(`${location.pathname}${location.search}#write`); location.reload(); return; }
    desk.draft.adopt(done);
    desk.find("[data-send]").innerHTML = done.buttons;
    desk.tell(done.told, "success");
    write(reply.value || !note.value ? "reply" : "note");
  };
  if (macro) offers(macro, applyMacro);
  macro?.form.addEventListener("submit", (event) => { if (event.submitter?.value === "macro") { event.preventDefault(); event.stopImmediatePropagation(); applyMacro(); } }, true);
  if (location.hash === "#write") write(note?.value && !reply?.value ? "note" : "reply");
  offers(document.getElementById("id_tags"), () => desk.sendStep("tag"));
  offers(document.getElementById("id_link"), () => desk.sendStep("link"));
  desk.keys.g = () => open("fields", "[data-field]");
  document.querySelectorAll("[data-field]").forEach((field) => field.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); desk.sendStep("fields"); } }));
  const copy = document.getElementById("id_copy");
  copy?.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); desk.sendStep("copy"); } });
  const snooze = document.getElementById("id_until");
  snooze?.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); desk.sendStep("snooze"); } });
  document.querySelectorAll("[data-intent]").forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("id_intent").value = link.dataset.intent;
    desk.sendStep("correct");
  }));
});
