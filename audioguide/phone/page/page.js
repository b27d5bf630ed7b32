"use strict";

/** Connects taps, buttons and the sound with the machine, and carries out its actions. All times are in seconds. */
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  /** One element for all sounds: after the first tap a phone lets it play without another, also when locked. */
  const audio = byId("audio");
  const SAVE_INTERVAL = 2;
  const DOUBLE_TAP = 0.4;

  /** The open session and everything that belongs to it; null while the list is shown. */
  let current = null;
  /** Where to start when the file is known; null when it has started. */
  let pendingStart = null;
  /** Whether playing has stopped because the network is missing. */
  let lost = false;
  /** Whether no data arrive; some may be left to play. */
  let starved = false;

  // --- the place in each session, stored on this phone ---

  const key = (session) => `audioguide:${session.id}`;

  function recall(session) {
    try {
      const at = Number(localStorage.getItem(key(session)));
      return at > 0 && at < session.length_s ? at : 0;
    } catch {
      return 0; // storage is not allowed
    }
  }

  function remember() {
    const { session, state } = current;
    current.saved = state.at ?? 0;
    try {
      if (state.at) localStorage.setItem(key(session), state.at.toFixed(2));
      else localStorage.removeItem(key(session));
    } catch {
      // Storage is not allowed, or full: a reload starts at the beginning.
    }
  }

  // --- the list, and opening a session ---

  function wordsOf(language) {
    const base = language.toLowerCase().split(/[-_]/)[0];
    const known = Object.hasOwn(data.words, base) ? base : "en";
    return { language: known, ...data.words[known] };
  }

  function route() {
    const chosen = data.sessions.find(({ id }) => `#${id}` === location.hash);
    const session = chosen ?? (data.sessions.length === 1 ? data.sessions[0] : null);
    leaveSession();
    if (session) openSession(session);
    else showList();
  }

  function showList() {
    const words = wordsOf(data.sessions[0]?.language ?? document.documentElement.lang);
    const offers = data.sessions.map((one) => ({ session: one, words: wordsOf(one.language), at: recall(one) }));
    view.showChoice(offers, words);
  }

  function openSession(session) {
    const track = data.groundings[session.grounding];
    const grounding = track && {
      lines: track.lines, end: track.grounding_end_s, closing: track.closing_start_s, length: track.length_s,
    };
    const at = recall(session);
    current = {
      session,
      words: wordsOf(session.language),
      plan: { lines: session.lines, grounding: grounding ?? null },
      state: machine.begin(at),
      saved: at,
      files: {
        session: new Download(session.audio, session.size_bytes, onDownload),
        grounding: track && new Download(track.audio, track.size_bytes, onDownload),
      },
    };
    current.groundingTried = current.files.grounding?.start();
    load("session", at);
    view.showSession(current, (start) => {
      view.closeMore();
      send("seek", start);
    });
    lockscreen.listen(send);
    show();
    describe();
  }

  function leaveSession() {
    if (!current) return;
    send("pause");
    for (const file of Object.values(current.files)) file?.drop();
    current = null;
    audio.removeAttribute("src");
    audio.load();
  }

  // --- the sound ---

  const position = () => pendingStart ?? audio.currentTime;
  const urlOf = (track) => current.files[track].url || current.files[track].source;
  const isLoaded = (track) => audio.getAttribute("src") === urlOf(track) && !audio.error;
  /** Whether there are no data to continue with. */
  const isDry = () => audio.error !== null || audio.readyState <= HTMLMediaElement.HAVE_CURRENT_DATA;

  /** Load a file, from its copy on this phone if that is complete, and go to a position. */
  function load(track, at) {
    const isOther = !isLoaded(track);
    if (isOther) audio.src = urlOf(track);
    if (isOther || pendingStart !== null) pendingStart = at;
    if (isOther || Math.abs(audio.currentTime - at) > 0.01) audio.currentTime = at;
  }

  function play(track, at) {
    starved = false;
    load(track, at);
    audio.play().catch((error) => {
      // Not allowed without a tap. Any other failure is also reported by an event.
      if (error.name === "NotAllowedError") send("pause");
    });
  }

  function send(type, t = position()) {
    if (!current) return;
    const before = current.state;
    const [state, action] = machine.step(before, { type, t }, current.plan);
    current.state = state;
    if (action === "pause") audio.pause();
    else if (action) play(action.track, action.from);
    if (!machine.sounds(state)) lost = false;
    const isNew = state.name !== before.name || state.held !== before.held;
    if (isNew) {
      show();
      describe();
    }
    if (isNew || Math.abs(state.at - current.saved) >= SAVE_INTERVAL) remember();
  }

  /** The server has responded to a download, or a download is complete. */
  function onDownload() {
    if (!current) return;
    if (machine.sounds(current.state) && isDry() && (lost || !isLoaded(machine.track(current.state)))) recover();
    show();
  }

  /** Continue from the copy on this phone, or from a server that is back. */
  function recover() {
    const { state, plan } = current;
    const track = machine.track(state);
    const at = track === "session" && audio.error ? state.at : position();
    const { lines } = track === "session" ? plan : plan.grounding;
    if (lost) audio.removeAttribute("src"); // so that the same URL is requested again
    play(track, lost ? machine.lineStart(lines, at) : at);
  }

  /** The sound may have run out of data. */
  function checkData() {
    if (!machine.sounds(current.state) || !isDry()) return;
    const copy = current.files[machine.track(current.state)].url;
    if (!copy) {
      lost = true;
      downloadSession();
      show();
    } else if (audio.getAttribute("src") !== copy) {
      recover();
    } else if (audio.error) {
      send("pause"); // the network is not the reason
    }
  }

  async function downloadSession() {
    const { groundingTried, files } = current;
    await groundingTried; // first, because it is small and may be needed at any moment
    files.session.start();
  }

  const onAudio = {
    loadedmetadata() {
      // Safari may lose a position that was set before the metadata were known.
      if (pendingStart !== null && Math.abs(audio.currentTime - pendingStart) > 0.1) audio.currentTime = pendingStart;
      pendingStart = null;
    },
    playing() {
      lost = false;
      starved = false;
      downloadSession();
      lockscreen.listen(send);
      describe();
      show();
    },
    play() {
      // After a call iOS resumes what it has paused. This page resumes only when the listener acts.
      if (lockscreen.exists && !machine.sounds(current.state)) audio.pause();
    },
    pause() {
      // Not by this page: a call, an unplugged headphone, another app.
      if (audio.paused && !audio.ended && !audio.error && machine.sounds(current.state)) send("pause");
      showPosition();
    },
    timeupdate() {
      if (pendingStart === null && !audio.seeking) send("tick");
      view.showRemaining(current);
    },
    ended: () => send("ended"),
    seeked: () => showPosition(),
    waiting: () => (starved || current.files[machine.track(current.state)].url) && checkData(),
    stalled() {
      starved = true;
      checkData();
    },
    progress() {
      starved = false;
    },
    error: checkData,
    ratechange() {
      if (audio.playbackRate !== 1) audio.playbackRate = 1; // the silences keep their lengths
    },
  };

  // --- what is shown, here and on the lock screen ---

  function show() {
    const { files } = current;
    const isOnDisk = location.protocol === "file:";
    const isDownloaded = isOnDisk || Object.values(files).every((file) => !file || file.url);
    view.showState({ ...current, hasOthers: data.sessions.length > 1, isDownloaded, lost });
    view.showRemaining(current);
  }

  function describe() {
    const { session, words, state } = current;
    const { title, practice, cover } = session;
    const part = { grounding: words.grounding, grounded: words.grounding, closing: words.closing }[state.name];
    lockscreen.describe({ title: part ?? title, artist: part ? title : practice, album: practice, cover });
    showPosition();
  }

  function showPosition() {
    const { session, state, plan } = current;
    const { end, closing, length } = plan.grounding ?? {};
    const spans = { session: [0, session.length_s], grounding: [0, end] };
    const [start, stop] = state.name === "closing" ? [closing, length] : spans[machine.track(state)];
    lockscreen.place(machine.sounds(state), position() - start, stop - start);
  }

  /** Ignore the second of two quick taps: on a control that changes, it would undo the first. */
  function ignoreDoubleTap(act) {
    let last = -Infinity;
    return ({ timeStamp }) => {
      if (timeStamp - last > 1000 * DOUBLE_TAP) act();
      last = timeStamp;
    };
  }

  function listen() {
    for (const [event, handle] of Object.entries(onAudio)) audio.addEventListener(event, () => current && handle());
    byId("primary").addEventListener("click", ignoreDoubleTap(() => send(view.primaryEvent(current.state))));
    byId("secondary").addEventListener("click", () => send("ground"));
    byId("finish").addEventListener("click", () => send("finish"));
    byId("volume").addEventListener("click", () => send("test"));
    byId("start").addEventListener("click", () => send("seek", 0));
    byId("back").addEventListener("click", () => location.replace("#")); // adds no step to the history
    byId("more").addEventListener("toggle", () => {
      if (current) view.onMoreToggled(current.words);
      if (current) view.showRemaining(current);
    });
    addEventListener("keydown", (event) => event.key === "Escape" && view.closeMore());
    addEventListener("hashchange", () => {
      route();
      byId(current ? "title" : "choose").focus(); // tells a screen reader that the page has changed
    });
    addEventListener("pagehide", () => current && current.state.at !== current.saved && remember());
  }

  listen();
  route();
})();
