// The open ticket keeps itself up to date: it asks whether anything has changed (304: nothing), every few seconds while
// somebody looks, ever less often while nobody does. A ticket that is being read asks more often.
"use strict";

(() => {
  const words = document.getElementById("words")?.dataset ?? {};
  const SOON = 2000;
  const WATCHED = 4000;
  const SLOWEST = 60000;
  const IDLE = 5 * 60 * 1000;
  let timer = null;
  let touched = Date.now();
  let pause = WATCHED;

  const live = () => document.getElementById("live");
  const isBusy = () => document.querySelector("#live form[data-sent], #reply form[data-sent], #ticket-actions form[data-sent]");

  function plan() {
    clearTimeout(timer);
    const part = live();
    if (!part) return;
    if (part.dataset.soon !== undefined) pause = SOON;
    else if (document.hidden || Date.now() - touched > IDLE) pause = Math.min(pause * 1.5, SLOWEST);
    else pause = WATCHED;
    timer = setTimeout(() => {
      if (navigator.onLine && !isBusy()) htmx.trigger(live(), "poll");
      plan();
    }, pause);
  }

  for (const name of ["keydown", "pointerdown", "scroll"]) {
    addEventListener(name, () => { touched = Date.now(); if (pause > WATCHED) { pause = WATCHED; plan(); } }, { passive: true });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    touched = Date.now();
    htmx.trigger(live(), "poll");
    plan();
  });

  const isPoll = (event) => event.target.id === "live" && event.detail.requestConfig?.verb === "get";
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target.id === "live" && event.detail.verb === "get") event.detail.headers["If-None-Match"] = `"${live().dataset.version}"`;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isPoll(event)) return;
    if (event.detail.xhr.status !== 200) {
      event.detail.shouldSwap = false;
      event.detail.isError = false;
      if (event.detail.xhr.status === 401) loggedOut();
      return;
    }
    before = last();
  });

  const last = () => Number([...document.querySelectorAll("[data-message]")].at(-1)?.dataset.message ?? 0);
  let before = last();
  document.addEventListener("htmx:afterSettle", () => {
    const now = last();
    if (now > before) {
      const said = document.getElementById("announcement");
      if (said && document.querySelector(`[data-message="${now}"]:not(.bubble-requester)`)) said.textContent = words.news;
    }
    before = now;
    plan();
  });

  function loggedOut() {
    clearTimeout(timer);
    const form = document.querySelector("#reply form") ?? live();
    if (form.querySelector(".note-login")) return;
    const note = document.createElement("p");
    note.className = "note note-wait note-login";
    note.setAttribute("role", "alert");
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = words.login;
    note.append(link);
    form.prepend(note);
  }

  plan();
})();
