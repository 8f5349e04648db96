"use strict";
// Keeps a page current: hears of changes, fetches its fragment again at most once a second, swaps what differs,
// and says loudly when it can't, because an old temperature must never pass for a present one.
(() => {
  const main = document.querySelector("[data-fragment]");
  const still = main.hasAttribute("data-still"); // shows an instant of the past: nothing changes it
  const notice = document.getElementById("connection");
  const link = document.getElementById("link");
  const EVERY = 1000, SILENT = 15000, ANYWAY = 30000, RETRY = 3000;
  let ahead = Date.parse(main.dataset.now) - Date.now(); // of the server's clock before this machine's
  let source, heard = Date.now(), opened = 0, fetched = 0, timer = null, busy = false, again = false;
  const broken = new Map(); // what is broken ("stream", "page") and since when
  const now = () => Date.now() + ahead;

  // --- time ---
  const clock = (at, zone) => {
    const parts = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "longOffset",
    }).formatToParts(at);
    const found = Object.fromEntries(parts.map((part) => [part.type, part.value]));
    return `${found.hour}:${found.minute}:${found.second} ${found.timeZoneName.replace("GMT", "") || "+00:00"}`;
  };
  const span = (seconds) => {
    const s = Math.max(0, Math.floor(seconds));
    if (s < 5400) return s < 90 ? `${s} s` : `${Math.floor(s / 60)} min`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
    return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  };
  const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  function tick() {
    for (const each of document.querySelectorAll("time[data-age]")) {
      const seconds = (now() - Date.parse(each.dateTime)) / 1000;
      const text = span(each.dataset.age === "in" ? Math.abs(seconds) : seconds);
      const left = seconds < 0 ? `in ${text}` : `passed ${text} ago`;
      put(each, { for: `for ${text}`, in: left }[each.dataset.age] ?? `${text} ago`);
    }
    for (const each of document.querySelectorAll("time[data-zone]")) put(each, clock(now(), each.dataset.zone));
  }

  // --- is it current ---
  function say() {
    const since = Math.min(...broken.values());
    const zone = document.querySelector("time[data-zone]")?.dataset.zone;
    notice.hidden = broken.size === 0;
    document.body.classList.toggle("stale", broken.size > 0);
    put(link, broken.size ? "not live" : "live");
    link.dataset.link = broken.size ? "lost" : "live";
    const what = broken.has("stream") ? "Connection lost" : "The monitor does not answer";
    put(notice, broken.size ? `${what} since ${clock(since, zone)}. What you see is from then.` : "");
  }
  const lost = (what, at) => { if (!broken.has(what)) { broken.set(what, at + ahead); say(); } };
  const found = (what) => { if (broken.delete(what) || link.dataset.link === "connecting") say(); };

  // --- the fragment ---
  const parts = (root) => new Map([...root.querySelectorAll("[data-part]")].map((part) => [part.id, part]));
  const known = new Map([...parts(main)].map(([id, part]) => [id, part.outerHTML])); // as the server wrote them
  const NAMED = "input[name]:not([type=hidden]), textarea[name]";
  function carry(old, next) { // what somebody is typing or has opened survives what changed around it
    for (const form of old.querySelectorAll("form")) {
      const same = next.querySelector(`form[action="${CSS.escape(form.getAttribute("action"))}"]`);
      for (const field of same?.querySelectorAll(NAMED) ?? []) {
        const typed = field.type === "radio" ? [...form.querySelectorAll(NAMED)].find((one) => one.value === field.value) : form.elements[field.name];
        if (!typed) continue;
        if (field.type === "radio") field.checked = typed.checked;
        else field.value = typed.value;
      }
    }
    const opened = [...old.querySelectorAll("details")].map((each) => each.open);
    [...next.querySelectorAll("details")].forEach((each, n) => { each.open = opened[n] ?? each.open; });
    const here = document.activeElement;
    if (!here?.name || !old.contains(here)) return () => {};
    const action = here.form?.getAttribute("action"), at = here.selectionStart;
    return () => {
      const field = [...next.querySelectorAll(NAMED)].find((one) => one.name === here.name && one.form?.getAttribute("action") === action);
      field?.focus({ preventScroll: true });
      if (field && at !== null && field.type !== "radio") field.setSelectionRange(at, at);
    };
  }
  function swap(html) {
    const made = document.createElement("template");
    made.innerHTML = html;
    const next = parts(made.content), shown = parts(main);
    const focus = main.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const written = new Map([...next].map(([id, part]) => [id, part.outerHTML]));
    if ([...next.keys()].join() !== [...shown.keys()].join()) main.replaceChildren(made.content);
    else {
      for (const [id, part] of next) {
        if (known.get(id) === written.get(id)) continue;
        if (part.role === "status") put(shown.get(id), part.textContent); // a spoken line must stay the same element
        else {
          const old = shown.get(id), focusAgain = carry(old, part);
          old.replaceWith(part);
          focusAgain();
        }
      }
    }
    known.clear();
    for (const [id, text] of written) known.set(id, text);
    if (focus && !main.contains(document.activeElement)) main.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
    tick();
    document.dispatchEvent(new Event("refreshed"));
  }
  async function refresh() {
    timer = null;
    if (busy) { again = true; return; }
    busy = true;
    fetched = Date.now();
    try {
      const answer = await fetch(main.dataset.fragment, { signal: AbortSignal.timeout(10000) });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      swap(await answer.text());
      found("page");
    } catch { lost("page", fetched); }
    busy = false;
    if (again) { again = false; soon(); }
  }
  const soon = () => { timer ??= setTimeout(refresh, Math.max(0, fetched + EVERY - Date.now())); };

  // --- the stream ---
  const other = (mine, theirs) => mine && theirs && mine !== theirs;
  function hear(message) {
    heard = Date.now();
    found("stream");
    const { kind, body } = JSON.parse(message.data);
    if (body.now) ahead = Date.parse(body.now) - Date.now();
    if (kind !== "tick" && !other(main.dataset.unit, body.unit) && !other(main.dataset.lot, body.lot)) soon();
  }
  function connect() {
    source?.close();
    opened = Date.now();
    source = new EventSource("/api/v1/stream");
    source.onmessage = hear;
    source.onerror = () => lost("stream", heard);
  }
  function watch() {
    tick();
    if (still) return;
    const silent = Date.now() - heard > SILENT;
    if (silent) lost("stream", heard);
    if ((silent || source.readyState === EventSource.CLOSED) && Date.now() - opened > (silent ? SILENT : RETRY)) connect();
    if (Date.now() - fetched > ANYWAY) soon();
  }
  tick();
  fetched = Date.now();
  setInterval(watch, 1000);
  if (still) { put(link, "not live: the past"); link.dataset.link = "past"; } else connect();
})();
