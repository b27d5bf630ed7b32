"use strict";

/**
 * PURE. The states of the player: no page, no sound, no clock. All times are in seconds.
 *
 * @typedef {"ready" | "testing" | "playing" | "paused" | "grounding" | "grounded" | "closing" | "finished"} Name
 *     testing: the first lines play, to adjust the volume; grounded: the grounding is over, and nothing plays until the
 *     listener acts.
 * @typedef {{name: Name, held: boolean, at: number | null}} State
 *     held: grounding or closing is paused, for example by a call.
 *     at: the place in the session; null when it is over.
 * @typedef {{type: string, t: number}} Event
 *     t: the position in the file that plays; for "seek" the place in the session to go to.
 * @typedef {[start: number, end: number, text: string]} Line
 * @typedef {{lines: Line[], grounding: {lines: Line[], end: number, closing: number} | null}} Plan
 * @typedef {{track: "session" | "grounding", from: number} | "pause" | null} Action
 *     What the sound has to do: play a file from a position, pause, or continue as it is.
 */
const machine = (() => {
  const BACK = 3;
  const LEAD = 0.4; // a loudspeaker in standby swallows the first syllable
  const LONGEST_TEST = 10;
  const GROUNDING_LEAD = 0.25; // something has just played: start with the voice, not with the fade-in before it

  /** @returns {State} the state before Play. */
  const begin = (/** @type {number} */ at) => ({ name: "ready", held: false, at });

  /** @returns {boolean} whether something plays in a state. */
  const sounds = (/** @type {State} */ { name, held }) =>
    ["testing", "playing", "grounding", "closing"].includes(name) && !held;

  /** @returns {"session" | "grounding"} which file belongs to a state. */
  const track = (/** @type {State} */ { name }) =>
    ["grounding", "grounded", "closing"].includes(name) ? "grounding" : "session";

  /** @returns {number} t, or shortly before the line that starting at t would cut. */
  const lineStart = (/** @type {Line[]} */ lines, /** @type {number} */ t) => {
    const cut = lines.findIndex(([start, end]) => start < t && t < end);
    if (cut < 0) return t;
    const before = cut ? lines[cut - 1][1] : 0;
    return Math.max(before, lines[cut][0] - LEAD);
  };

  /** @returns {[number, number]} start and end of the volume test. */
  const testSpan = (/** @type {Line[]} */ lines) => [Math.max(0, lines[0][0] - LEAD), lines[0][0] + LONGEST_TEST];

  /** @returns {boolean} whether the volume test is over: after two lines at most. */
  const isTested = (/** @type {Line[]} */ lines, /** @type {number} */ t) =>
    t >= Math.min(testSpan(lines)[1], Math.max(...lines.slice(0, 2).map(([, end]) => end)));

  // --- steps: (state, t, plan) -> [state, action] ---

  const playSession = (from) => [{ name: "playing", held: false, at: from }, { track: "session", from }];
  const resume = (state, t, plan) => playSession(lineStart(plan.lines, state.at));
  const restart = () => playSession(0);
  const seek = (state, t) => playSession(t);
  const tick = (state, t) => [{ ...state, at: t }, null];
  const pause = (state, t) => [{ name: "paused", held: false, at: t }, "pause"];
  const hold = (state) => (state.held ? [state, null] : [{ ...state, held: true }, "pause"]);
  const end = () => [{ name: "finished", held: false, at: null }, "pause"];

  const startTest = (state, t, plan) => [
    { ...state, name: "testing" }, { track: "session", from: testSpan(plan.lines)[0] },
  ];
  const endTest = (state) => [{ ...state, name: "ready" }, "pause"];
  const testTick = (state, t, plan) => (isTested(plan.lines, t) ? endTest(state) : [state, null]);

  const playGrounding = (name, from) => (state) => [{ ...state, name, held: false }, { track: "grounding", from }];
  const ground = (state, t, plan) => {
    if (!plan.grounding) return [state, null];
    const voice = plan.grounding.lines[0]?.[0] ?? 0;
    return playGrounding("grounding", Math.max(0, voice - GROUNDING_LEAD))(state);
  };
  const groundHere = (state, t, plan) => ground({ ...state, at: t }, t, plan);
  const release = (state, t, plan) =>
    state.held ? playGrounding(state.name, lineStart(plan.grounding.lines, t))(state) : [state, null];
  const endGrounding = (state) => [{ ...state, name: "grounded", held: false }, "pause"];
  const groundingTick = (state, t, plan) => (t < plan.grounding.end ? [state, null] : endGrounding(state));
  const back = (state) => (state.at === null ? end() : playSession(Math.max(0, state.at - BACK)));
  const close = (state, t, plan) =>
    plan.grounding ? playGrounding("closing", plan.grounding.closing)(state) : end();
  const closeHere = (state, t, plan) => close({ ...state, at: t }, t, plan);

  /** By event and state: the step. In all other states the event does nothing. */
  const STEPS = {
    play: { ready: resume, testing: resume, paused: resume, grounding: release, closing: release, finished: restart },
    pause: { testing: endTest, playing: pause, grounding: hold, closing: hold },
    ground: {
      ready: ground, testing: ground, playing: groundHere, paused: ground,
      grounding: release, grounded: ground, closing: ground, finished: ground,
    },
    back: { grounding: back, grounded: back, closing: back },
    finish: { playing: closeHere, paused: close, grounding: close, grounded: close, closing: release },
    test: { ready: startTest, testing: endTest },
    seek: {
      ready: seek, testing: seek, playing: seek, paused: seek,
      grounding: seek, grounded: seek, closing: seek, finished: seek,
    },
    tick: { testing: testTick, playing: tick, grounding: groundingTick },
    ended: { testing: endTest, playing: end, grounding: endGrounding, closing: end },
  };

  /** @returns {[State, Action]} the result of an event; the same state object if it changes nothing. */
  const step = (/** @type {State} */ state, /** @type {Event} */ { type, t }, /** @type {Plan} */ plan) => {
    const next = STEPS[type][state.name];
    return next ? next(state, t, plan) : [state, null];
  };

  return Object.freeze({ begin, sounds, track, lineStart, step });
})();
