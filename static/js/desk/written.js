// What a language model was asked to write: asked for, waited for, put into the reply. The page never waits for it.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const box = document.getElementById("written");
  if (!box) return;
  const panel = box.querySelector("[data-written-panel]"), state = box.querySelector("[data-written-state]");
  const reply = desk.find("[data-keep=reply]");
  const say = (words) => { if (state.textContent !== words) state.textContent = words; };
  let turn = 0;

  const show = (news) => { panel.innerHTML = news.html; return news.waiting; };
  const wait = async (mine, since) => {
    while (mine === turn) {
      await new Promise((done) => { setTimeout(done, 500); });
      if (Date.now() - since > 2000) say("Still being written. What is suggested stands.");
      let answer;
      try { answer = await fetch(box.dataset.written, { headers: { Accept: "application/json" }, cache: "no-store" }); } catch { continue; }
      if (mine !== turn) return;
      if (!answer.ok || answer.redirected) { say("It could not be looked up. Load the page again."); return; }
      if (!show(await answer.json())) { say(panel.querySelector(".written-parts") ? "It is there." : "It came to nothing."); return; }
    }
  };
  const ask = async (kind) => {
    const mine = ++turn, body = new FormData();
    body.append("kind", kind);
    if (kind === "translation") body.append("reply-body", reply?.value ?? "");
    say("Being written …");
    let answer;
    try { answer = await desk.post(box.dataset.written, body); } catch { say("No connection. What is suggested stands."); return; }
    const news = await answer.json().catch(() => ({ message: "It could not be asked for. What is suggested stands." }));
    if (mine !== turn) return;
    if (answer.status !== 202) { say(news.message ?? "Your session has ended. Log in again."); return; }
    if (show(news)) await wait(mine, Date.now()); else say("It is there.");
  };

  box.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-write], [data-insert], [data-replace], [data-refuse]");
    if (!button) return;
    event.preventDefault();
    if (button.dataset.write) { ask(button.dataset.write); return; }
    if (button.dataset.insert) { desk.insert(button.dataset.insert); return; }
    if (button.dataset.replace) {
      reply.value = document.getElementById(button.dataset.replace).textContent.trim();
      reply.dispatchEvent(new Event("input", { bubbles: true }));
      reply.focus();
      return;
    }
    const answer = await desk.post(button.formAction, new FormData());
    if (answer.ok) { show(await answer.json()); say(""); box.querySelector("[data-write]").focus(); }
  });
  Object.assign(desk.keys, {
    w: () => desk.press("draft"), u: () => desk.press("summary"), x: () => desk.press("translation"), I: () => desk.press("insert-draft"),
  });
  if (panel.querySelector("[data-waiting]")) { turn += 1; say("Being written …"); wait(turn, Date.now()); }
});
