"use strict";

/** The page: hears taps, buttons and the sound, asks the machine, and does what it says. All times are seconds. */
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  /** One element for everything: a phone lets it sound without another tap, and behind a locked screen. */
  const audio = byId("audio");
  const SAVE_EACH = 2;
  const TREMBLE = 0.4;

  /** The chosen session and all that belongs to it. */
  let now = null;
  /** Where the sound has to begin once its file is known; null when it has begun. */
  let from = null;
  /** Whether the network is missed: nothing is left to play. */
  let lost = false;
  /** Whether nothing comes any more; there may be some left to play. */
  let starved = false;

  // --- where one was, on this phone ---

  const key = (session) => `audioguide:${session.id}`;

  function recall(session) {
    try {
      const at = Number(localStorage.getItem(key(session)));
      return at > 0 && at < session.length_s ? at : 0;
    } catch {
      return 0; // storage is forbidden here
    }
  }

  function remember() {
    const { session, state } = now;
    now.saved = state.at ?? 0;
    try {
      if (state.at) localStorage.setItem(key(session), state.at.toFixed(2));
      else localStorage.removeItem(key(session));
    } catch {
      // Storage is forbidden here, or full: then a reload begins anew.
    }
  }

  // --- choosing ---

  function wordsOf(language) {
    const base = language.toLowerCase().split(/[-_]/)[0];
    const known = Object.hasOwn(data.words, base) ? base : "en";
    return { language: known, ...data.words[known] };
  }

  function route() {
    const chosen = data.sessions.find(({ id }) => `#${id}` === location.hash);
    const session = chosen ?? (data.sessions.length === 1 ? data.sessions[0] : null);
    forget();
    if (session) choose(session);
    else offer();
  }

  function offer() {
    const words = wordsOf(data.sessions[0]?.language ?? document.documentElement.lang);
    const offers = data.sessions.map((one) => ({ session: one, words: wordsOf(one.language), at: recall(one) }));
    view.choice(offers, words);
  }

  function choose(session) {
    const track = data.groundings[session.grounding];
    const grounding = track && {
      lines: track.lines, end: track.grounding_end_s, closing: track.closing_start_s, length: track.length_s,
    };
    const at = recall(session);
    now = {
      session,
      words: wordsOf(session.language),
      plan: { lines: session.lines, grounding: grounding ?? null },
      state: machine.begin(at),
      saved: at,
      files: {
        session: new Download(session.audio, session.size_bytes, reached),
        grounding: track && new Download(track.audio, track.size_bytes, reached),
      },
    };
    now.groundingTried = now.files.grounding?.start();
    load("session", at);
    view.furnish(now, (start) => {
      view.close();
      send("seek", start);
    });
    lockscreen.listen(send);
    show();
    describe();
  }

  function forget() {
    if (!now) return;
    send("pause");
    for (const file of Object.values(now.files)) file?.drop();
    now = null;
    audio.removeAttribute("src");
    audio.load();
  }

  // --- sound ---

  const here = () => from ?? audio.currentTime;
  const urlOf = (track) => now.files[track].url || now.files[track].source;
  const stands = (track) => audio.getAttribute("src") === urlOf(track) && !audio.error;
  /** Whether there is nothing to play on with. */
  const isDry = () => audio.error !== null || audio.readyState <= HTMLMediaElement.HAVE_CURRENT_DATA;

  /** Let a file stand at a place; it is the copy on this phone, if there is one by now. */
  function load(track, at) {
    const isOther = !stands(track);
    if (isOther) audio.src = urlOf(track);
    if (isOther || from !== null) from = at;
    if (isOther || Math.abs(audio.currentTime - at) > 0.01) audio.currentTime = at;
  }

  function play(track, at) {
    starved = false;
    load(track, at);
    audio.play().catch((error) => {
      // Not allowed without a tap. Any other failure comes as an event of its own.
      if (error.name === "NotAllowedError") send("pause");
    });
  }

  function send(type, t = here()) {
    if (!now) return;
    const before = now.state;
    const [state, action] = machine.step(before, { type, t }, now.plan);
    now.state = state;
    if (action === "pause") audio.pause();
    else if (action) play(action.track, action.from);
    if (!machine.sounds(state)) lost = false;
    const isNew = state.name !== before.name || state.held !== before.held;
    if (isNew) {
      show();
      describe();
    }
    if (isNew || Math.abs(state.at - now.saved) >= SAVE_EACH) remember();
  }

  /** The server has answered, or a file is whole. */
  function reached() {
    if (!now) return;
    if (machine.sounds(now.state) && isDry() && (lost || !stands(machine.track(now.state)))) recover();
    show();
  }

  /** Go on from the copy on this phone, or from a server that is back. */
  function recover() {
    const { state, plan } = now;
    const track = machine.track(state);
    const at = track === "session" && audio.error ? state.at : here();
    const { lines } = track === "session" ? plan : plan.grounding;
    if (lost) audio.removeAttribute("src"); // the same file, but asked for anew
    play(track, lost ? machine.lineStart(lines, at) : at);
  }

  /** The sound may have run dry. */
  function miss() {
    if (!machine.sounds(now.state) || !isDry()) return;
    const copy = now.files[machine.track(now.state)].url;
    if (!copy) {
      lost = true;
      fetchSession();
      show();
    } else if (audio.getAttribute("src") !== copy) {
      recover();
    } else if (audio.error) {
      send("pause"); // not for want of a network
    }
  }

  async function fetchSession() {
    const { groundingTried, files } = now;
    await groundingTried; // first, as it is small and may be needed at any moment
    files.session.start();
  }

  const hears = {
    loadedmetadata() {
      // Safari does not always keep a place that was set before the file was known.
      if (from !== null && Math.abs(audio.currentTime - from) > 0.1) audio.currentTime = from;
      from = null;
    },
    playing() {
      lost = false;
      starved = false;
      fetchSession();
      lockscreen.listen(send);
      describe();
      show();
    },
    play() {
      // After a call iOS starts what it has stopped. Here nothing starts by itself.
      if (lockscreen.exists && !machine.sounds(now.state)) audio.pause();
    },
    pause() {
      // Not by us: a call, an unplugged headphone, another app.
      if (audio.paused && !audio.ended && !audio.error && machine.sounds(now.state)) send("pause");
      place();
    },
    timeupdate() {
      if (from === null && !audio.seeking) send("tick");
      view.left(now);
    },
    ended: () => send("ended"),
    seeked: () => place(),
    waiting: () => (starved || now.files[machine.track(now.state)].url) && miss(),
    stalled() {
      starved = true;
      miss();
    },
    progress() {
      starved = false;
    },
    error: miss,
    ratechange() {
      if (audio.playbackRate !== 1) audio.playbackRate = 1; // the silences are as long as they are meant to be
    },
  };

  // --- what is shown, here and on the lock screen ---

  function show() {
    const { files } = now;
    // What was opened as a file has its sound beside it.
    const isHere = location.protocol === "file:" || Object.values(files).every((file) => !file || file.url);
    view.show({ ...now, hasOthers: data.sessions.length > 1, isHere, lost });
    view.left(now);
  }

  function describe() {
    const { session, words, state } = now;
    const { title, practice, cover } = session;
    const part = { grounding: words.grounding, grounded: words.grounding, closing: words.closing }[state.name];
    lockscreen.describe({ title: part ?? title, artist: part ? title : practice, album: practice, cover });
    place();
  }

  function place() {
    const { session, state, plan } = now;
    const { end, closing, length } = plan.grounding ?? {};
    const spans = { session: [0, session.length_s], grounding: [0, end] };
    const [start, stop] = state.name === "closing" ? [closing, length] : spans[machine.track(state)];
    lockscreen.place(machine.sounds(state), here() - start, stop - start);
  }

  /** A trembling hand taps twice; of a control that changes, the second tap would undo the first. */
  function once(act) {
    let last = -Infinity;
    return ({ timeStamp }) => {
      if (timeStamp - last > 1000 * TREMBLE) act();
      last = timeStamp;
    };
  }

  function listen() {
    for (const [event, heard] of Object.entries(hears)) audio.addEventListener(event, () => now && heard());
    byId("primary").addEventListener("click", once(() => send(view.pressed(now.state))));
    byId("secondary").addEventListener("click", () => send("ground"));
    byId("finish").addEventListener("click", () => send("finish"));
    byId("volume").addEventListener("click", () => send("test"));
    byId("start").addEventListener("click", () => send("seek", 0));
    byId("back").addEventListener("click", () => location.replace("#")); // no step in the history to slip back on
    byId("more").addEventListener("toggle", () => {
      if (now) view.toggle(now.words);
      if (now) view.left(now);
    });
    addEventListener("keydown", (event) => event.key === "Escape" && view.close());
    addEventListener("hashchange", () => {
      route();
      byId(now ? "title" : "choose").focus(); // another page, to those who hear it read
    });
    addEventListener("pagehide", () => now && now.state.at !== now.saved && remember());
  }

  listen();
  route();
})();
