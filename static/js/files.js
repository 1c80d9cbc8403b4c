// Files go up at once, one by one, while the message is still being written. Without this file they go with the form.
"use strict";

(() => {
  const words = document.getElementById("words")?.dataset ?? {};
  const token = () => document.querySelector("[name=csrfmiddlewaretoken], [data-draft=widget] [name=token]")?.value ?? "";
  const known = new WeakSet();

  function enhance(box) {
    known.add(box);
    const input = box.querySelector("input[type=file]");
    const list = box.querySelector(".file-list");
    const form = box.closest("form");
    const accepted = input.accept.split(",");
    const going = new Set();
    let last = Promise.resolve(); // the upload before: the first one tells the server whose files these are
    for (const row of list.children) adopt(row);
    input.classList.add("file-input");
    input.setAttribute("aria-describedby", `${input.getAttribute("aria-describedby") ?? ""}`.trim());
    const zone = document.createElement("p");
    zone.className = "drop soft small";
    zone.textContent = words.drop;
    input.after(zone);

    // A file that the server has: its box becomes a button that removes it.
    function adopt(row) {
      const check = row.querySelector("input[type=checkbox]");
      const hidden = document.createElement("input");
      Object.assign(hidden, { type: "hidden", name: "staged", value: check.value });
      check.replaceWith(hidden);
      row.append(remover(row, row.querySelector(".file-name").textContent));
    }

    function remover(row, name) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-link small";
      button.textContent = words.remove;
      button.setAttribute("aria-label", `${words.remove}: ${name}`);
      button.addEventListener("click", () => {
        row.request?.abort();
        going.delete(row);
        if (row.dataset.remove) fetch(row.dataset.remove, { method: "POST", headers: { "X-CSRFToken": token() } });
        row.remove();
        input.focus();
        settled();
      });
      return button;
    }

    function add(file) {
      const row = document.createElement("li");
      row.className = "file";
      const name = document.createElement("span");
      name.className = "file-name";
      name.textContent = file.name;
      row.append(name);
      list.append(row);
      const sent = list.querySelectorAll("[name=staged]").length + going.size;
      const suffix = `.${file.name.split(".").pop().toLowerCase()}`;
      if (!accepted.includes(suffix)) return refuse(row, file, words.type);
      if (file.size > Number(box.dataset.maxBytes)) return refuse(row, file, words.large);
      if (sent >= Number(box.dataset.maxFiles)) return refuse(row, file, words.many);
      return send(row, file);
    }

    function refuse(row, file, why) {
      row.classList.add("file-bad");
      const note = document.createElement("span");
      note.className = "file-note";
      note.textContent = why;
      row.append(note, remover(row, file.name));
    }

    function send(row, file) {
      const bar = document.createElement("progress");
      bar.max = 1;
      bar.value = 0;
      bar.setAttribute("aria-label", `${words.uploading} ${file.name}`);
      const cancel = remover(row, file.name);
      row.append(bar, cancel);
      going.add(row);
      const request = new XMLHttpRequest();
      row.request = request;
      request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; });
      const over = new Promise((resolve) => { request.addEventListener("loadend", resolve); });
      request.addEventListener("loadend", () => {
        if (!row.isConnected) return;
        going.delete(row);
        bar.remove();
        let said = {};
        try { said = JSON.parse(request.responseText); } catch { /* no answer, or a page */ }
        if (request.status === 201) {
          const hidden = document.createElement("input");
          Object.assign(hidden, { type: "hidden", name: "staged", value: said.token });
          row.dataset.remove = said.remove;
          const size = document.createElement("span");
          size.className = "soft small";
          size.textContent = said.size;
          cancel.before(size);
          row.prepend(hidden);
        } else {
          cancel.remove();
          refuse(row, file, said.error ?? said.message ?? words.failed);
          if (!said.error) retry(row, file);
        }
        settled();
      });
      const data = new FormData();
      data.append("file", file);
      last = last.then(() => {
        if (!row.isConnected) return null; // removed while it waited
        request.open("POST", box.dataset.upload);
        request.setRequestHeader("X-CSRFToken", token());
        request.send(data);
        return over;
      });
    }

    function retry(row, file) {
      const again = document.createElement("button");
      again.type = "button";
      again.className = "button button-link small";
      again.textContent = words.again;
      again.addEventListener("click", () => { row.remove(); add(file); });
      row.append(again);
    }

    function take(files) {
      for (const file of files) add(file);
    }

    let waiting = null;
    function settled() {
      if (going.size || !waiting) return;
      const submitter = waiting;
      waiting = null;
      delete form.dataset.sent; // it was held back, not sent
      form.requestSubmit(submitter.isConnected ? submitter : undefined);
    }

    input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
    form.addEventListener("submit", (event) => {
      if (!going.size) return;
      event.preventDefault();
      event.stopPropagation();
      waiting = event.submitter ?? form.querySelector("[type=submit]");
      zone.textContent = words.wait;
    }, true);
    form.addEventListener("paste", (event) => {
      if (!event.clipboardData?.files.length) return;
      event.preventDefault();
      take([...event.clipboardData.files]);
    });
    for (const name of ["dragenter", "dragover"]) {
      form.addEventListener(name, (event) => {
        if (![...event.dataTransfer.types].includes("Files")) return;
        event.preventDefault();
        box.classList.add("is-over");
      });
    }
    for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => box.classList.remove("is-over"));
    form.addEventListener("drop", (event) => {
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      take([...event.dataTransfer.files]);
    });
  }

  const watch = () => { for (const box of document.querySelectorAll("[data-upload]")) if (!known.has(box)) enhance(box); };
  watch();
  document.addEventListener("htmx:afterSettle", watch);
})();
