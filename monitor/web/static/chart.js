"use strict";
// Draws the chart of a unit or a lot with Vega's expression interpreter: nothing on this page is ever compiled from text.
(() => {
  const frame = document.getElementById("chart"), words = document.getElementById("chart-words");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const EVERY = 1000 * Number(frame.dataset.every ?? 5); // a long range changes slowly, and costs more to read
  const options = { ast: true, renderer: "svg", actions: false, defaultStyle: false, tooltip: { disableDefaultStyle: true } };
  let view = null, drawn = 0, timer = null;
  async function draw() {
    timer = null;
    drawn = Date.now();
    try {
      const answer = await fetch(`${frame.dataset.chart}&scheme=${dark.matches ? "dark" : "light"}`);
      if (!answer.ok) throw new Error(`the monitor answered ${answer.status}`);
      const spec = await answer.json();
      const next = document.createElement("div");
      next.className = "drawing";
      frame.append(next); // laid out over the old one, and shown only when it is complete
      const made = await vegaEmbed(next, spec, options);
      for (const old of [...frame.children]) if (old !== next) old.remove();
      next.className = "drawn";
      view?.finalize();
      view = made;
      words.textContent = spec.description;
      frame.setAttribute("aria-label", spec.description);
    } catch (error) {
      for (const half of frame.querySelectorAll(".drawing")) half.remove();
      words.textContent = `The chart could not be drawn (${error.message}). It will be tried again.`;
    }
  }
  const soon = () => { timer ??= setTimeout(draw, Math.max(0, drawn + EVERY - Date.now())); };
  document.addEventListener("refreshed", soon); // a page that shows the past is never refreshed
  dark.addEventListener("change", draw);
  draw();
})();
