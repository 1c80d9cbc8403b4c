// Help on your own pages: opens our help in a frame of its own. Asks for nothing before somebody clicks.
//   <a href="https://help.example.com/widget/KEY/" data-helpdesk>Help</a>
//   <script src="https://help.example.com/widget.js" data-key="KEY" data-lang="de" data-theme="auto" async></script>
// Every link with data-helpdesk opens the panel; where there is none, a button appears in the corner.
(() => {
  "use strict";
  const me = document.currentScript;
  const { key, lang, theme } = me.dataset;
  const home = new URL(me.src).origin;
  const spoken = (lang || document.documentElement.lang || navigator.language).slice(0, 2).toLowerCase();
  const WORDS = __WORDS__;
  const [open, close] = WORDS[spoken] || WORDS.en;
  const address = new URL(`/widget/${encodeURIComponent(key)}/`, home);
  if (lang) address.searchParams.set("lang", lang);
  if (theme === "light" || theme === "dark") address.searchParams.set("theme", theme);

  // A shadow tree of its own: neither the page's styles nor ours reach across. The sheet needs no inline style.
  const place = document.createElement("div");
  const root = place.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { all: initial; color-scheme: light dark; }
    button { font: 600 16px/1.25 system-ui, sans-serif; cursor: pointer; }
    button:focus-visible { outline: 3px solid #1a5fb4; outline-offset: 2px; box-shadow: 0 0 0 2px #fff; }
    .open { position: fixed; inset-block-end: 16px; inset-inline-end: 16px; z-index: 2147483000; min-block-size: 48px;
      padding: 8px 20px; border: 1px solid #fff; border-radius: 999px; background: #0a6556; color: #fff; box-shadow: 0 4px 16px rgb(0 0 0 / 25%); }
    .open:hover { background: #084f44; }
    dialog { position: fixed; inset: auto; inset-block-end: 16px; inset-inline-end: 16px; z-index: 2147483001; box-sizing: border-box;
      inline-size: min(400px, 100vw); block-size: min(640px, calc(100dvh - 32px)); max-inline-size: none; max-block-size: none; margin: 0; padding: 0;
      border: 1px solid #85867f; border-radius: 16px; overflow: hidden; background: Canvas; box-shadow: 0 12px 48px rgb(0 0 0 / 30%); }
    iframe { display: block; inline-size: 100%; block-size: 100%; border: 0; }
    .close { position: absolute; inset-block-start: 8px; inset-inline-end: 8px; inline-size: 40px; block-size: 40px; padding: 0;
      border: 1px solid #85867f; border-radius: 50%; background: #fff; color: #1b2421; font-size: 22px; line-height: 1; }
    @media (max-width: 480px) { dialog { inset: 0; inline-size: 100vw; block-size: 100dvh; border: 0; border-radius: 0; } }
    @media print { :host { display: none; } }`);
  root.adoptedStyleSheets = [sheet];

  const make = (tag, facts) => Object.assign(document.createElement(tag), facts);
  const panel = make("dialog", { id: "panel" });
  panel.setAttribute("aria-label", open);
  const out = make("button", { type: "button", className: "close", textContent: "×" });
  out.setAttribute("aria-label", close);
  let frame = null;
  let opener = null;

  function show(from) {
    opener = from;
    if (!frame) {
      frame = make("iframe", { src: address.href, title: open, referrerPolicy: "origin" });
      frame.addEventListener("load", () => panel.open && frame.contentWindow.focus());
      panel.append(frame, out); // the way out stands last, behind what it closes, and is seen first
    }
    if (panel.open) return;
    if (matchMedia("(max-width: 480px)").matches) panel.showModal(); // the whole screen: nothing behind it can be reached
    else panel.show();
    frame.contentWindow.focus();
    tell(true);
  }

  function hide() {
    if (panel.open) panel.close();
  }

  panel.addEventListener("close", () => { tell(false); opener?.focus(); });
  panel.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  out.addEventListener("click", hide);
  addEventListener("message", (event) => {
    if (frame && event.source === frame.contentWindow && event.origin === home && event.data === "helpdesk:close") hide();
  });

  let openers = [];
  const tell = (on) => { for (const one of openers) one.setAttribute("aria-expanded", on); };

  function start() {
    openers = [...document.querySelectorAll("[data-helpdesk]")];
    if (!openers.length) {
      openers = [make("button", { type: "button", className: "open", textContent: open })];
      root.append(openers[0]);
    }
    for (const one of openers) {
      one.setAttribute("aria-haspopup", "dialog");
      one.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new window, as for any link
        event.preventDefault();
        if (panel.open) hide();
        else show(one);
      });
    }
    root.append(panel);
    tell(false);
    document.body.append(place);
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
