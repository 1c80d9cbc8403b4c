// Pages of one step: Ctrl Enter does it, q leaves.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  desk.keys.q = () => desk.press("back");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); desk.press("do"); }
  });
});
