// One key a verdict on the page where answers are reviewed. Every button also works without this file.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-review]");
  if (!form) return;
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key === "Escape" && typing) typing.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key === "w") {
      event.preventDefault();
      document.getElementById("why").focus();
      return;
    }
    const button = form.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (button) button.click();
  });
});
