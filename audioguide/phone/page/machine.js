"use strict";

/**
 * PURE. What the player does next: no page, no sound, no clock. All times are seconds.
 *
 * @typedef {"ready" | "testing" | "playing" | "paused" | "grounding" | "grounded" | "closing" | "finished"} Name
 *     testing: the first words sound, for the volume; grounded: the grounding is over, and nothing plays until asked.
 * @typedef {{name: Name, held: boolean, at: number | null}} State
 *     held: grounding or closing stands still, after a call, say.
 *     at: how far one is in the session; null where it is over.
 * @typedef {{type: string, t: number}} Event
 *     t: where the sound is, in whatever plays; of "seek": where to go in the session.
 * @typedef {[start: number, end: number, text: string]} Line
 * @typedef {{lines: Line[], grounding: {lines: Line[], end: number, closing: number} | null}} Plan
 * @typedef {{track: "session" | "grounding", from: number} | "pause" | null} Action
 *     What the sound has to do: play from there, stand still, or nothing new.
 */
const machine = (() => {
  const BACK = 3;
  const LEAD = 0.4; // a speaker that fell asleep swallows the first syllable
  const LONGEST_TEST = 10;
  const AT_ONCE = 0.25; // a loudspeaker is awake by then: the voice, not the fade in front of it

  /** @returns {State} before Play. */
  const begin = (/** @type {number} */ at) => ({ name: "ready", held: false, at });

  /** @returns {boolean} whether something should be heard. */
  const sounds = (/** @type {State} */ { name, held }) =>
    ["testing", "playing", "grounding", "closing"].includes(name) && !held;

  /** @returns {"session" | "grounding"} which of the two files that is. */
  const track = (/** @type {State} */ { name }) =>
    ["grounding", "grounded", "closing"].includes(name) ? "grounding" : "session";

  /** @returns {number} t, or shortly before the line that it would cut. */
  const lineStart = (/** @type {Line[]} */ lines, /** @type {number} */ t) => {
    const cut = lines.findIndex(([start, end]) => start < t && t < end);
    if (cut < 0) return t;
    const before = cut ? lines[cut - 1][1] : 0;
    return Math.max(before, lines[cut][0] - LEAD);
  };

  /** @returns {[number, number]} the words that are enough to hear how loud it will be. */
  const test = (/** @type {Line[]} */ lines) => [Math.max(0, lines[0][0] - LEAD), lines[0][0] + LONGEST_TEST];

  /** @returns {boolean} whether the words for the volume are over. */
  const tested = (/** @type {Line[]} */ lines, /** @type {number} */ t) =>
    t >= Math.min(test(lines)[1], Math.max(...lines.slice(0, 2).map(([, end]) => end)));

  // --- steps: (state, t, plan) -> [state, action] ---

  const session = (from) => [{ name: "playing", held: false, at: from }, { track: "session", from }];
  const goOn = (state, t, plan) => session(lineStart(plan.lines, state.at));
  const anew = () => session(0);
  const seek = (state, t) => session(t);
  const tick = (state, t) => [{ ...state, at: t }, null];
  const pause = (state, t) => [{ name: "paused", held: false, at: t }, "pause"];
  const hold = (state) => (state.held ? [state, null] : [{ ...state, held: true }, "pause"]);
  const finished = () => [{ name: "finished", held: false, at: null }, "pause"];

  const hear = (state, t, plan) => [{ ...state, name: "testing" }, { track: "session", from: test(plan.lines)[0] }];
  const heard = (state) => [{ ...state, name: "ready" }, "pause"];
  const hearing = (state, t, plan) => (tested(plan.lines, t) ? heard(state) : [state, null]);

  const off = (name, from) => (state) => [{ ...state, name, held: false }, { track: "grounding", from }];
  const ground = (state, t, plan) =>
    plan.grounding ? off("grounding", Math.max(0, (plan.grounding.lines[0]?.[0] ?? 0) - AT_ONCE))(state) : [state, null];
  const groundFrom = (state, t, plan) => ground({ ...state, at: t }, t, plan);
  const free = (state, t, plan) =>
    state.held ? off(state.name, lineStart(plan.grounding.lines, t))(state) : [state, null];
  const grounding = (state, t, plan) =>
    t < plan.grounding.end ? [state, null] : [{ ...state, name: "grounded", held: false }, "pause"];
  const grounded = (state) => [{ ...state, name: "grounded", held: false }, "pause"];
  const back = (state) => (state.at === null ? finished() : session(Math.max(0, state.at - BACK)));
  const close = (state, t, plan) =>
    plan.grounding ? off("closing", plan.grounding.closing)(state) : finished();
  const closeFrom = (state, t, plan) => close({ ...state, at: t }, t, plan);

  /** Event by event: what it does in which state. In every other state it does nothing. */
  const STEPS = {
    play: { ready: goOn, testing: goOn, paused: goOn, grounding: free, closing: free, finished: anew },
    pause: { testing: heard, playing: pause, grounding: hold, closing: hold },
    ground: {
      ready: ground, testing: ground, playing: groundFrom, paused: ground,
      grounding: free, grounded: ground, closing: ground, finished: ground,
    },
    back: { grounding: back, grounded: back, closing: back },
    finish: { playing: closeFrom, paused: close, grounding: close, grounded: close, closing: free },
    test: { ready: hear, testing: heard },
    seek: {
      ready: seek, testing: seek, playing: seek, paused: seek,
      grounding: seek, grounded: seek, closing: seek, finished: seek,
    },
    tick: { testing: hearing, playing: tick, grounding },
    ended: { testing: heard, playing: finished, grounding: grounded, closing: finished },
  };

  /** @returns {[State, Action]} what comes of an event; the very same state where it changes nothing. */
  const step = (/** @type {State} */ state, /** @type {Event} */ { type, t }, /** @type {Plan} */ plan) => {
    const found = STEPS[type][state.name];
    return found ? found(state, t, plan) : [state, null];
  };

  return Object.freeze({ begin, sounds, track, lineStart, step });
})();
