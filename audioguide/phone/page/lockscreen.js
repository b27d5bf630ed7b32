"use strict";

/** The lock screen and the buttons of a headset (Media Session), where the browser has them. */
const lockscreen = (() => {
  const media = navigator.mediaSession;

  // With any of these set, iOS shows "10 seconds back and forth" in the place of "previous" and "next".
  const SEEKS = { seekbackward: null, seekforward: null, seekto: null };

  /** Set what the buttons do. WebKit forgets it when a sound starts: call it on each `playing`. */
  function listen(send) {
    const buttons = {
      play: () => send("play"),
      pause: () => send("pause"),
      nexttrack: () => send("ground"),
      previoustrack: () => send("back"),
      ...SEEKS,
    };
    for (const [button, handler] of Object.entries(buttons)) {
      try {
        media?.setActionHandler(button, handler);
      } catch {
        // A button that this browser does not know.
      }
    }
  }

  /** Show what is playing: {title, artist, album, cover}. */
  function describe({ title, artist, album, cover }) {
    if (!media || !window.MediaMetadata) return;
    const src = cover && new URL(cover, document.baseURI).href;
    const artwork = src.startsWith("http") ? [{ src, sizes: "1400x1400", type: "image/jpeg" }] : []; // no file: may
    media.metadata = new MediaMetadata({ title, artist, album, artwork });
  }

  /** Show whether something plays, and how far it is: seconds. */
  function place(sounds, position, duration) {
    if (!media) return;
    media.playbackState = sounds ? "playing" : "paused";
    if (!(duration > 0)) return;
    const within = Math.min(Math.max(0, position), duration);
    media.setPositionState?.({ duration, position: within, playbackRate: 1 });
  }

  return Object.freeze({ listen, describe, place, exists: Boolean(media) });
})();
