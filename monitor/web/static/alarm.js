"use strict";
// The name of whoever acts is remembered on this device, so that the next alarm takes one tap. Without it, or where the
// browser keeps nothing, the forms work as they are.
(() => {
  const KEY = "exosome-monitor.name";
  const kept = () => { try { return localStorage.getItem(KEY) ?? ""; } catch { return ""; } };
  const keep = (name) => { try { localStorage.setItem(KEY, name); } catch { /* a private window */ } };
  const fill = () => {
    for (const each of document.querySelectorAll("input[name=by]")) if (!each.value) each.value = kept();
  };
  document.addEventListener("submit", (event) => {
    const form = event.target, name = form.elements.by?.value.trim();
    if (name) keep(name);
    for (const each of form.querySelectorAll("button")) each.disabled = true; // a second tap would only be refused
  });
  window.addEventListener("pageshow", () => { // back from a refusal
    for (const each of document.querySelectorAll("form button")) each.disabled = false;
  });
  document.addEventListener("click", (event) => {
    if (event.target.matches?.(".jump")) document.querySelector("#shelve details")?.setAttribute("open", "");
  });
  document.addEventListener("refreshed", fill);
  fill();
})();
