"use strict";
// Shows only the groups and accounts that contain every word of the search box and, if the box is
// ticked, only groups that changed. Texts are read once.
const box = document.getElementById("search");
const changed = document.getElementById("changed"); // absent if there was no earlier match
const found = document.getElementById("found");
const parts = Array.from(document.querySelectorAll("article, #accounts tbody tr"), (element) => ({
  element,
  text: element.textContent.toLowerCase(),
  unchanged: element.matches("article:not([data-changed])"),
}));
function show() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fewer = Boolean(changed?.checked);
  let shown = 0;
  for (const { element, text, unchanged } of parts) {
    element.hidden = (fewer && unchanged) || !words.every((word) => text.includes(word));
    shown += element.hidden ? 0 : 1;
  }
  found.textContent = words.length || fewer ? `${shown} of ${parts.length} shown` : "";
}
box.addEventListener("input", show);
changed?.addEventListener("change", show);
