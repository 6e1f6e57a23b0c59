"use strict";
// Shows only what holds every word of the search box; texts are read once.
const box = document.getElementById("search");
const found = document.getElementById("found");
const parts = Array.from(document.querySelectorAll("article, #accounts tbody tr"), (element) => ({
  element,
  text: element.textContent.toLowerCase(),
}));
box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { element, text } of parts) {
    element.hidden = !words.every((word) => text.includes(word));
    shown += element.hidden ? 0 : 1;
  }
  found.textContent = words.length ? `${shown} of ${parts.length} shown` : "";
});
