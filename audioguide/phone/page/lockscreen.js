"use strict";

/** The lock screen and the buttons of a headset (Media Session), in browsers that have it. */
const lockscreen = (() => {
  const media = navigator.mediaSession;

  // If any of these is set, iOS shows "10 seconds back" and "forward" instead of "previous" and "next".
  const SEEKS = { seekbackward: null, seekforward: null, seekto: null };

  /** Set what the buttons send. WebKit forgets it when a sound starts: call this on each `playing`. */
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
        // This browser does not know the button.
      }
    }
  }

  /** Show what is playing: {title, artist, album, cover}. */
  function describe({ title, artist, album, cover }) {
    if (!media || !window.MediaMetadata) return;
    const src = cover && new URL(cover, document.baseURI).href;
    const isAllowed = src.startsWith("http"); // file: URLs are not
    const artwork = isAllowed ? [{ src, sizes: "1400x1400", type: "image/jpeg" }] : [];
    media.metadata = new MediaMetadata({ title, artist, album, artwork });
  }

  /** Show whether something plays, and its position: seconds. */
  function place(sounds, position, duration) {
    if (!media) return;
    media.playbackState = sounds ? "playing" : "paused";
    if (!(duration > 0)) return;
    const within = Math.min(Math.max(0, position), duration);
    media.setPositionState?.({ duration, position: within, playbackRate: 1 });
  }

  return Object.freeze({ listen, describe, place, exists: Boolean(media) });
})();
