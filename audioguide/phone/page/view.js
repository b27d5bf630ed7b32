"use strict";

/** Everything that the page shows: takes data, and changes nothing but the page. */
const view = (() => {
  /** The upper large control by state: its text, its icon, and the event it sends. */
  const PRIMARY = {
    ready: ["play", "play", "play"],
    testing: ["play", "play", "play"],
    playing: ["pause", "pause", "pause"],
    paused: ["play", "play", "play"],
    grounding: ["return", "return", "back"],
    grounded: ["return", "return", "back"],
    closing: ["return", "return", "back"],
    finished: ["anew", "play", "play"],
  };
  const BEFORE = ["ready", "testing"];
  const OVER = ["finished"];
  /** Browsers inside other apps: they may be closed together with the app, and do not use the lock screen. */
  const IN_APP = /\b(FBAN|FBAV|Instagram|Line|MicroMessenger|Snapchat)\b|; wv\)/;

  const byId = (id) => document.getElementById(id);
  const fill = (words, value) => words.replace(/\{\w+\}/, () => value);

  /** @returns {string} seconds as 12:30, or 1:02:03. */
  function clock(t) {
    const s = Math.max(0, Math.floor(t));
    const two = (number) => String(number).padStart(2, "0");
    const [hours, minutes] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
    return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
  }

  function element(name, text = "", language = "") {
    const created = document.createElement(name);
    created.textContent = text;
    if (language) created.lang = language;
    return created;
  }

  function inList(content) {
    const item = element("li");
    item.append(content);
    return item;
  }

  /** Set a text if it differs: a screen reader would read the same text again. */
  function setText(target, text) {
    if (target.textContent !== text) target.textContent = text;
  }

  function translate(words) {
    document.documentElement.lang = words.language;
    for (const target of document.querySelectorAll("[data-word]")) target.textContent = words[target.dataset.word];
  }

  function showMain(id) {
    for (const main of document.querySelectorAll("main")) main.hidden = main.id !== id;
  }

  // --- the list of sessions ---

  /** @param {{session: object, words: object, at: number}[]} offers at: where the listener left it, 0 for the start */
  function showChoice(offers, words) {
    translate(words);
    const titles = offers.map(({ session }) => session.title);
    const hasTwin = ({ session: { title } }) => titles.indexOf(title) !== titles.lastIndexOf(title);
    byId("sessions").replaceChildren(...offers.map((one) => offer(one, hasTwin(one))));
    showMain(offers.length ? "choice" : "none");
    document.title = offers.length ? words.choose : words.sessions;
  }

  /** @returns {HTMLElement} the title; also the file name if another session has the same title. */
  function offer({ session, words, at }, hasTwin) {
    const link = element("a", session.title, session.language);
    link.href = `#${session.id}`;
    if (hasTwin) link.append(element("small", session.file.replace(/\.mp3$/i, "")));
    if (at) link.append(element("small", fill(words.resume, clock(at)), words.language));
    return inList(link);
  }

  // --- one session ---

  /** Show what does not change while a session is open. */
  function showSession({ session, words, plan }, seek) {
    translate(words);
    document.title = session.title;
    for (const id of ["title", "transcript", "chapters"]) byId(id).lang = session.language;
    setText(byId("title"), session.title);
    byId("chapters").replaceChildren(...session.chapters.map((mark) => chapter(mark, seek)));
    byId("transcript").replaceChildren(...session.lines.map(([, , text]) => element("p", text)));
    link("download", session.audio, session.file);
    link("captions", session.captions, session.file.replace(/\.mp3$/i, ".vtt"));
    setText(byId("download"), fill(words.download, (session.size_bytes / 1e6).toFixed(1)));
    byId("more").open = false;
    byId("inside").hidden = !IN_APP.test(navigator.userAgent);
    byId("secondary").hidden = !plan.grounding;
    showMain("player");
  }

  function link(id, href, file) {
    const target = byId(id);
    target.hidden = !href;
    target.href = href;
    target.download = file;
  }

  function chapter([start, title], seek) {
    const button = element("button");
    button.type = "button";
    button.append(element("span", title), element("small", clock(start)));
    button.addEventListener("click", () => seek(start));
    return inList(button);
  }

  /** Show a state of the player. */
  function showState({ session, words, state, hasOthers, isDownloaded, lost }) {
    const focused = document.activeElement;
    const [word, icon] = PRIMARY[state.name];
    const isBefore = BEFORE.includes(state.name);
    const isOn = !isBefore && !OVER.includes(state.name);
    label("primary", words[word], icon);
    label("secondary", state.name === "grounded" ? words.again : words.grounding, "grounding");
    byId("player").dataset.state = state.name;
    byId("before").hidden = !isBefore;
    byId("finish").hidden = !isOn;
    byId("back").hidden = isOn || !hasOthers;
    byId("volume").hidden = !isBefore || !session.lines.length;
    byId("start").hidden = !isBefore || !state.at;
    byId("advice").hidden = Boolean(state.at) || IN_APP.test(navigator.userAgent); // the sheet has it, too
    setText(byId("volume"), state.name === "testing" ? words.enough : words.volume);
    setText(byId("status"), status(words, state, lost));
    setText(byId("wifi"), isBefore ? "" : isDownloaded ? words.here : words.keep);
    if (focused?.closest("[hidden]")) byId("primary").focus(); // the control that had the focus is hidden now
  }

  function label(id, text, icon) {
    const button = byId(id);
    setText(button.querySelector("span"), text);
    button.querySelector("use").setAttribute("href", `#icon-${icon}`);
  }

  function status(words, state, lost) {
    if (lost) return words.lost;
    if (state.held) return words[`held_${state.name}`];
    if (state.name === "ready") return state.at ? fill(words.resume, clock(state.at)) : "";
    return words[`is_${state.name}`];
  }

  /** Show the remaining time, in the open sheet. */
  function showRemaining({ words, session, state }) {
    const remaining = session.length_s - (state.at ?? session.length_s);
    if (byId("more").open) setText(byId("left"), fill(words.left, clock(remaining)));
  }

  /** After the sheet was opened or closed: make what it covers inert, and change its label. */
  function onMoreToggled(words) {
    const { open } = byId("more");
    for (const id of ["info", "controls"]) byId(id).inert = open;
    byId("more").querySelector("summary").textContent = open ? words.less : words.more;
  }

  function closeMore() {
    if (!byId("more").open) return;
    byId("more").open = false;
    byId("more").querySelector("summary").focus();
  }

  /** @returns {string} the event that the upper large control sends. */
  const primaryEvent = (state) => PRIMARY[state.name][2];

  return Object.freeze({
    showChoice, showSession, showState, showRemaining, onMoreToggled, closeMore, primaryEvent,
  });
})();
