// Answers that fit what is being written, below its field. The form itself carries what is counted: there is no session.
"use strict";

(() => {
  const place = document.querySelector("[data-suggest]");
  const form = place?.closest("form");
  const written = form?.elements.body;
  if (!written) return;
  const PAUSE = 600;
  let timer = null;
  let going = null;
  let asked = "";

  async function ask(address, facts) {
    going?.abort();
    const turn = going = new AbortController();
    const body = new URLSearchParams({ token: form.elements.token.value, carried: form.elements.carried.value, ...facts });
    try {
      const answer = await fetch(address, { method: "POST", body, credentials: "omit", signal: turn.signal });
      if (!answer.ok || turn.signal.aborted) return false;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      if (turn.signal.aborted) return false;
      const kept = fresh.querySelector("[data-carried]");
      if (kept) form.elements.carried.value = kept.dataset.carried;
      const open = [...place.querySelectorAll("details[open] [data-article]")].map((one) => one.dataset.article);
      place.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
      for (const one of place.querySelectorAll("[data-article]")) if (open.includes(one.dataset.article)) one.closest("details").open = true;
      return true;
    } catch {
      return false; // offline, or another question came: the form is there all the same
    }
  }

  function look() {
    if (written.value === asked) return;
    asked = written.value;
    ask(place.dataset.suggest, { body: asked });
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  }

  written.addEventListener("input", soon);
  form.addEventListener("submit", () => { clearTimeout(timer); going?.abort(); });
  place.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-article]");
    if (!button || !await ask(place.dataset.solved, { article: button.dataset.article })) return;
    const done = place.querySelector("[data-done]");
    if (!done) return;
    written.value = asked = form.elements.carried.value = "";
    written.dispatchEvent(new Event("input", { bubbles: true })); // the draft goes too
    clearTimeout(timer);
    done.focus();
  });
  if (written.value.trim()) soon();
})();
