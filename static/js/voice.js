// Speaking instead of writing: record, listen, delete; the words go into the form's text, where they can be corrected.
// And on a ticket's page: jump to a word of a recording.
"use strict";

(() => {
  const known = new WeakSet();
  const csrf = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const KINDS = [["audio/webm;codecs=opus", "webm"], ["audio/ogg;codecs=opus", "ogg"], ["audio/mp4", "m4a"]];
  const POLL = 1000;

  function enhance(box) {
    known.add(box);
    const canRecord = Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);
    const form = box.closest("form");
    const text = form?.querySelector("textarea[name=body]");
    const upload = form?.querySelector("[data-upload]")?.dataset.upload;
    if (!canRecord || !text || !upload) return;
    const words = box.dataset;
    const find = (selector) => box.querySelector(selector);
    const button = (name) => find(`[data-do=${name}]`);
    const [live, level, time] = [find(".voice-live"), find("meter"), find(".voice-time")];
    const [state, bar, kept, player] = [find(".voice-state"), find(".voice-progress"), find(".voice-kept"), find("audio")];
    const [heard, chooser] = [find(".voice-words"), find("input[type=file]")];
    let recorder = null, parts = [], spent = 0, since = 0, ticking = 0, sound = null, row = null, put = "", turn = 0;
    box.hidden = false;

    function show(name) {
      const is = (...names) => names.includes(name);
      button("record").hidden = button("choose").hidden = !is("idle");
      button("pause").hidden = !is("recording");
      button("resume").hidden = !is("paused");
      button("stop").hidden = live.hidden = !is("recording", "paused");
      kept.hidden = !is("kept");
      box.dataset.now = name;
    }

    function say(what) { state.textContent = what; }

    async function record() {
      say(words.asking);
      let stream;
      try {
        stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, noiseSuppression: true } });
      } catch (error) {
        say(error.name === "NotFoundError" ? words.noMicrophone : words.denied);
        return;
      }
      const [type, suffix] = KINDS.find(([kind]) => MediaRecorder.isTypeSupported(kind)) ?? ["", "webm"];
      recorder = new MediaRecorder(stream, type ? { mimeType: type, audioBitsPerSecond: 32000 } : {});
      [parts, spent, since] = [[], 0, performance.now()];
      recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
      recorder.addEventListener("stop", () => {
        quiet(stream);
        keep(new File(parts, `${words.name}.${suffix}`, { type: recorder.mimeType }));
      });
      recorder.start(1000);
      listen(stream);
      show("recording");
      say(words.recording);
      button("pause").focus();
    }

    function listen(stream) {
      sound = new AudioContext();
      const analyser = sound.createAnalyser();
      analyser.fftSize = 512;
      sound.createMediaStreamSource(stream).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      ticking = setInterval(() => {
        analyser.getFloatTimeDomainData(samples);
        const loud = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
        level.value = recorder.state === "recording" ? Math.min(1, loud * 4) : 0;
        const now = elapsed();
        time.textContent = `${clock(now)} / ${clock(Number(words.longest))}`;
        if (now >= Number(words.longest) - 1) { say(words.full); recorder.stop(); }
      }, 100);
    }

    const elapsed = () => spent + (recorder.state === "recording" ? (performance.now() - since) / 1000 : 0);

    function quiet(stream) {
      clearInterval(ticking);
      for (const track of stream.getTracks()) track.stop();
      sound?.close();
      sound = null;
    }

    function pause() {
      spent = elapsed();
      recorder.pause();
      show("paused");
      say(words.paused);
      button("resume").focus();
    }

    function resume() {
      since = performance.now();
      recorder.resume();
      show("recording");
      say(words.recording);
      button("pause").focus();
    }

    async function keep(file) {
      if (file.size > Number(words.largest)) { show("idle"); say(words.large); return; }
      const mine = ++turn;
      player.addEventListener("loadedmetadata", () => measure(player), { once: true });
      player.src = URL.createObjectURL(file);
      show("kept");
      button("delete").focus();
      say(words.sending);
      const data = new FormData();
      data.append("file", file);
      let said = {}, status = 0;
      try {
        const answer = await fetch(upload, { method: "POST", body: data, headers: { "X-CSRFToken": csrf() } });
        [status, said] = [answer.status, await answer.json()];
      } catch { /* no answer, or a page */ }
      if (mine !== turn) { if (said.remove) discard(said.remove); return; }
      if (status !== 201) { forget(said.error ?? words.failed); return; }
      row = document.createElement("input");
      Object.assign(row, { type: "hidden", name: "staged", value: said.token });
      row.dataset.remove = said.remove;
      box.append(row);
      say(words.waiting);
      bar.hidden = false;
      bar.removeAttribute("value");
      follow(mine, words.status.replace(words.noToken, said.token));
    }

    async function follow(mine, address) {
      while (mine === turn && box.isConnected) {
        let told = null;
        try {
          const answer = await fetch(address, { headers: { Accept: "application/json" } });
          if (answer.status === 404) { bar.hidden = true; return; }
          if (answer.ok) told = await answer.json();
        } catch { /* asked again */ }
        if (mine !== turn) return;
        if (told?.duration) bar.value = Math.max(0.02, told.heard / told.duration);
        if (told?.state === "done") { understood(told); return; }
        if (told?.state === "failed") { bar.hidden = true; say(told.why); return; }
        await new Promise((wake) => setTimeout(wake, POLL));
      }
    }

    function understood(told) {
      bar.hidden = true;
      put = told.text;
      text.value = text.value.trim() ? `${text.value.trimEnd()}\n\n${put}` : put;
      text.dispatchEvent(new Event("input", { bubbles: true }));
      const place = heard.querySelector("div");
      place.lang = told.language;
      place.replaceChildren(...told.lines.flatMap((line) => line.words.map((word) => {
        const shown = document.createElement(word.doubtful ? "mark" : "span");
        shown.textContent = word.text;
        return shown;
      })));
      heard.hidden = false;
      heard.open = heard.querySelector("mark") !== null;
      heard.querySelector(".voice-doubts").hidden = !heard.open;
      say(words.done);
    }

    function discard(address) { fetch(address, { method: "POST", headers: { "X-CSRFToken": csrf() } }).catch(() => {}); }

    function forget(what) {
      turn += 1;
      if (row) { discard(row.dataset.remove); row.remove(); row = null; }
      if (put && text.value.includes(put)) {
        text.value = text.value.replace(put, "").trim();
        text.dispatchEvent(new Event("input", { bubbles: true }));
      }
      URL.revokeObjectURL(player.src);
      player.removeAttribute("src");
      put = "";
      bar.hidden = heard.hidden = true;
      show("idle");
      say(what);
      button("record").focus();
    }

    const actions = { record, pause, resume, stop: () => recorder.stop(), delete: () => forget(words.deleted), choose: () => chooser.click() };
    box.addEventListener("click", (event) => actions[event.target.closest("[data-do]")?.dataset.do]?.());
    chooser.addEventListener("change", () => { if (chooser.files[0]) keep(chooser.files[0]); chooser.value = ""; });
    window.addEventListener("pagehide", () => { if (recorder && recorder.state !== "inactive") recorder.stop(); });
    show("idle");
  }

  // What a browser records does not say how long it is. A player that is sent to the end finds out, and can be sought in.
  function measure(player) {
    if (player.duration !== Infinity) return;
    player.addEventListener("seeked", () => { player.currentTime = 0; }, { once: true });
    player.currentTime = Number.MAX_SAFE_INTEGER;
  }

  // A recording that was sent: its words are buttons into it. What a browser records has no table of places, so that the
  // whole of it is fetched first.
  function open(box) {
    known.add(box);
    const player = box.querySelector("audio");
    const marks = [...box.querySelectorAll("span[data-at], mark[data-at]")];
    if (!marks.length) return;
    let whole = null;
    const fetched = () => (whole ??= fetch(player.src).then((answer) => answer.blob()).then((blob) => new Promise((ready) => {
      player.addEventListener("loadedmetadata", ready, { once: true });
      player.src = URL.createObjectURL(blob);
    })));
    async function play(at) {
      await fetched();
      player.currentTime = at;
      player.play();
    }
    for (const button of box.querySelectorAll("button[data-at]")) button.hidden = false;
    box.addEventListener("click", (event) => {
      const from = event.target.closest("[data-at]");
      if (from) play(Number(from.dataset.at));
    });
    player.addEventListener("timeupdate", () => {
      const now = player.currentTime;
      const said = marks.findLast((mark) => Number(mark.dataset.at) <= now);
      for (const mark of marks) mark.classList.toggle("is-said", mark === said);
    });
  }

  const watch = () => {
    for (const box of document.querySelectorAll("[data-voice]")) if (!known.has(box)) enhance(box);
    for (const box of document.querySelectorAll("[data-player]")) if (!known.has(box)) open(box);
  };
  watch();
  document.addEventListener("htmx:afterSettle", watch);
})();
