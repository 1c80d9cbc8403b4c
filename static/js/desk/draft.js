// The draft: what is typed goes to the server while it is typed, and before anything else on the page is sent.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const page = document.getElementById("desk"), form = document.getElementById("work");
  const fields = [...document.querySelectorAll("[data-keep]")];
  const state = desk.find("[data-draft-state]"), files = desk.find("[data-files]"), noteFiles = desk.find("[data-note-files]");
  const version = form.elements.version;
  const saved = Object.fromEntries(fields.map((field) => [field.dataset.keep, field.value]));
  const isDirty = () => fields.some((field) => field.value !== saved[field.dataset.keep]);
  const say = (words) => { if (state && state.textContent !== words) state.textContent = words; };
  let waiting, busy = null, again = false;

  const showFiles = (draft) => {
    if (files && draft.files !== undefined) files.innerHTML = draft.files;
    if (noteFiles && draft.note_files !== undefined) noteFiles.innerHTML = draft.note_files;
  };
  const adopt = (draft) => {
    version.value = draft.version;
    fields.forEach((field) => {
      const name = field.dataset.keep;
      if (draft[name] === undefined) return;
      if (field.value === saved[name]) { field.value = draft[name]; field.dispatchEvent(new Event("desk:grown")); }
      saved[name] = draft[name];
    });
    showFiles(draft);
  };

  // Both texts stay: the one here in its field, the other one below it to choose.
  const choose = (other) => {
    desk.find("#draft-choice")?.remove();
    const box = document.createElement("div");
    box.id = "draft-choice";
    box.className = "desk-alert";
    box.setAttribute("role", "alert");
    const words = document.createElement("p"), text = document.createElement("p"), theirs = document.createElement("button"), mine = document.createElement("button");
    words.textContent = other.message;
    text.className = "suggestion-text";
    text.textContent = [other.reply, other.note, other.intent].filter(Boolean).join("\n\n");
    [theirs.textContent, mine.textContent] = ["Take the other window's text", "Keep this window's text"];
    [theirs, mine].forEach((button) => { button.type = "button"; button.className = "desk-button desk-button-small"; });
    theirs.addEventListener("click", () => { fields.forEach((field) => { field.value = saved[field.dataset.keep] = other[field.dataset.keep] ?? ""; field.dispatchEvent(new Event("desk:grown")); }); version.value = other.version; box.remove(); });
    mine.addEventListener("click", () => { version.value = other.version; box.remove(); save(); });
    box.append(words, text, theirs, " ", mine);
    desk.find("#write").prepend(box);
  };

  const typed = () => {
    const body = new FormData();
    fields.forEach((field) => body.append(field.name, field.value));
    body.append("version", version.value);
    return body;
  };
  // A step that loads no page: what is typed goes along with it.
  const withTyped = (address, more) => {
    const body = typed();
    Object.entries(more).forEach(([name, value]) => body.append(name, value));
    return desk.post(address, body);
  };

  const send = async (extra) => {
    const body = typed();
    (extra?.files ?? []).forEach((file) => body.append(extra.name, file));
    const sent = Object.fromEntries(fields.map((field) => [field.dataset.keep, field.value]));
    let reply;
    try {
      reply = await desk.post(page.dataset.draft, body);
    } catch {
      say("Not kept: no connection. It is tried again.");
      return false;
    }
    if (reply.status === 401) { say("Your session has ended. Log in again: this text is kept."); return (await reply.json()).login; }
    const draft = await reply.json().catch(() => ({ message: "The server could not keep it. It is tried again." }));
    if (reply.status === 409) { choose(draft); say("Changed in another window"); return false; }
    if (!reply.ok) { say(draft.message); return false; }
    version.value = draft.version;
    Object.assign(saved, sent);
    showFiles(draft);
    say(fields.some((field) => field.value) ? "Draft kept" : "");
    return true;
  };

  const save = async (extra) => {
    clearTimeout(waiting);
    if (busy) { again = true; await busy; }
    if (!extra && !isDirty()) return true;
    busy = send(extra);
    const done = await busy;
    busy = null;
    if (done !== true) waiting = setTimeout(save, 5000);
    else if (again) { again = false; return save(); }
    return done;
  };

  fields.forEach((field) => field.addEventListener("input", () => { say("…"); clearTimeout(waiting); waiting = setTimeout(save, 350); }));
  document.addEventListener("visibilitychange", () => { if (document.hidden && isDirty()) save(); });
  window.addEventListener("pagehide", () => { if (isDirty()) send(); });
  // Every other way off the page: the text is on its way first.
  document.addEventListener("submit", (event) => { if (event.target !== form && isDirty()) send(); }, true);
  document.addEventListener("click", (event) => { if (event.target.closest?.("a[href]") && isDirty()) send(); }, true);

  document.querySelectorAll("[name=reply-files], [name=note-files]").forEach((chooser) => chooser.addEventListener("change", async () => {
    const chosen = [...chooser.files];
    if (chosen.length && (await save({ name: chooser.name, files: chosen })) === true) chooser.value = "";
  }));
  [files, noteFiles].forEach((list) => list?.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-drop]");
    if (!button) return;
    event.preventDefault();
    const reply = await desk.post(button.formAction, new FormData());
    if (reply.ok) showFiles(await reply.json());
  }));

  desk.draft = { save, adopt, with: withTyped, isDirty, version: () => version.value, isWriting: () => fields.some((field) => field === document.activeElement && field.value !== "" ) };
});
