"use strict";

/** What is seen: takes what there is to show, and touches nothing but the page. */
const view = (() => {
  /** The upper large control, state by state: its word and icon, and the event it sends. */
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
  /** Browsers inside other apps, which may end with them and know no lock screen. */
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

  function element(name, words = "", language = "") {
    const made = document.createElement(name);
    made.textContent = words;
    if (language) made.lang = language;
    return made;
  }

  function inList(made) {
    const item = element("li");
    item.append(made);
    return item;
  }

  /** Change words; the same words again would be read out again. */
  function put(id, words) {
    const found = byId(id);
    if (found.textContent !== words) found.textContent = words;
  }

  function speak(words) {
    document.documentElement.lang = words.language;
    for (const found of document.querySelectorAll("[data-word]")) found.textContent = words[found.dataset.word];
  }

  function only(shown) {
    for (const main of document.querySelectorAll("main")) main.hidden = main.id !== shown;
  }

  // --- the sessions ---

  /** @param {{session: object, words: object, at: number}[]} offers each with where one was in it */
  function choice(offers, words) {
    speak(words);
    const titles = offers.map(({ session }) => session.title);
    const hasTwin = ({ session: { title } }) => titles.indexOf(title) !== titles.lastIndexOf(title);
    byId("sessions").replaceChildren(...offers.map((one) => offer(one, hasTwin(one))));
    only(offers.length ? "choice" : "none");
    document.title = offers.length ? words.choose : words.sessions;
  }

  /** The title, and the name of the file where another session has the same title. */
  function offer({ session, words, at }, hasTwin) {
    const link = element("a", session.title, session.language);
    link.href = `#${session.id}`;
    if (hasTwin) link.append(element("small", session.file.replace(/\.mp3$/i, "")));
    if (at) link.append(element("small", fill(words.resume, clock(at)), words.language));
    return inList(link);
  }

  // --- one session ---

  /** Fill in what stays the same while a session is on. */
  function furnish({ session, words, plan }, seek) {
    speak(words);
    document.title = session.title;
    for (const id of ["title", "transcript", "chapters"]) byId(id).lang = session.language;
    put("title", session.title);
    byId("chapters").replaceChildren(...session.chapters.map((mark) => chapter(mark, seek)));
    byId("transcript").replaceChildren(...session.lines.map(([, , text]) => element("p", text)));
    link("download", session.audio, session.file);
    link("captions", session.captions, session.file.replace(/\.mp3$/i, ".vtt"));
    put("download", fill(words.download, (session.size_bytes / 1e6).toFixed(1)));
    byId("more").open = false;
    byId("inside").hidden = !IN_APP.test(navigator.userAgent);
    byId("secondary").hidden = !plan.grounding;
    only("player");
  }

  function link(id, href, file) {
    const found = byId(id);
    found.hidden = !href;
    found.href = href;
    found.download = file;
  }

  function chapter([start, title], seek) {
    const button = element("button");
    button.type = "button";
    button.append(element("span", title), element("small", clock(start)));
    button.addEventListener("click", () => seek(start));
    return inList(button);
  }

  /** Show a state. */
  function show({ session, words, state, hasOthers, isHere, lost }) {
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
    byId("advice").hidden = Boolean(state.at) || IN_APP.test(navigator.userAgent); // it stays among the rest
    put("volume", state.name === "testing" ? words.enough : words.volume);
    put("status", status(words, state, lost));
    put("wifi", isBefore ? "" : isHere ? words.here : words.keep);
    if (focused?.closest("[hidden]")) byId("primary").focus(); // what was pressed is gone
  }

  function label(id, words, icon) {
    const found = byId(id);
    const name = found.querySelector("span");
    if (name.textContent !== words) name.textContent = words;
    found.querySelector("use").setAttribute("href", `#icon-${icon}`);
  }

  function status(words, state, lost) {
    if (lost) return words.lost;
    if (state.held) return words[`held_${state.name}`];
    if (state.name === "ready") return state.at ? fill(words.resume, clock(state.at)) : "";
    return words[`is_${state.name}`];
  }

  /** Show how much is left, to whoever opened the sheet. */
  function left({ words, session, state }) {
    if (byId("more").open) put("left", fill(words.left, clock(session.length_s - (state.at ?? session.length_s))));
  }

  /** Let what lies below the open sheet be out of reach. */
  function toggle(words) {
    const { open } = byId("more");
    for (const id of ["info", "controls"]) byId(id).inert = open;
    byId("more").querySelector("summary").textContent = open ? words.less : words.more;
  }

  function close() {
    if (!byId("more").open) return;
    byId("more").open = false;
    byId("more").querySelector("summary").focus();
  }

  const pressed = (state) => PRIMARY[state.name][2];

  return Object.freeze({ choice, furnish, show, left, toggle, close, pressed });
})();
