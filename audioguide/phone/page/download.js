"use strict";

/** A file that is fetched whole into memory; it tries until it has it, and goes on where it was cut off. */
class Download {
  static LONGEST_PAUSE = 30; // seconds, like the next one
  static PATIENCE = 20;
  #parts = [];
  #got = 0;
  #attempt = new AbortController();
  #patience = 0;
  #isRunning = false;
  #isOver = false;

  /** @type {string} The object URL of the whole file; empty until it is there. */
  url = "";

  /**
   * @param {string} source where it stands
   * @param {number} size its bytes
   * @param {() => void} told called when the server answers, and when the file is whole
   */
  constructor(source, size, told) {
    this.source = source;
    this.size = size;
    this.told = told;
  }

  /** Fetch it, if that is not happening already; resolves after the first try, whatever came of it. */
  async start() {
    // A page that was opened as a file may not fetch; its sound stands beside it.
    if (this.#isRunning || location.protocol === "file:") return;
    this.#isRunning = true;
    if (!(await this.#try())) this.#again();
  }

  /** Give it up, and free the memory. */
  drop() {
    this.#isOver = true;
    this.#attempt.abort();
    this.#parts = [];
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = "";
  }

  async #again() {
    for (let pause = 1; !this.#isOver; pause = Math.min(2 * pause, Download.LONGEST_PAUSE)) {
      await this.#wait(pause);
      if (await this.#try()) return;
    }
  }

  /** Wait; shorter where the network comes back. */
  #wait(pause) {
    return new Promise((resolve) => {
      setTimeout(resolve, 1000 * pause);
      addEventListener("online", resolve, { once: true });
    });
  }

  /** @returns {Promise<boolean>} whether nothing is left to do. */
  async #try() {
    try {
      await this.#read();
    } catch {
      // Gone, cut off or given up: what has come so far is kept for the next try.
    } finally {
      clearTimeout(this.#patience);
      this.#patience = 0;
    }
    if (this.#isOver) return true;
    if (this.#got !== this.size) return false;
    this.url = URL.createObjectURL(new Blob(this.#parts, { type: "audio/mpeg" }));
    this.#parts = [];
    this.told();
    return true;
  }

  async #read() {
    const headers = this.#got ? { Range: `bytes=${this.#got}-` } : {};
    const { signal } = this.#attend();
    const answer = await fetch(this.source, { headers, priority: "low", signal });
    if (!answer.ok) throw new Error(answer.statusText);
    if (answer.status !== 206) this.#empty();
    this.told();
    const reader = answer.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      this.#attend();
      this.#parts.push(part.value);
      this.#got += part.value.length;
    }
    if (this.#got > this.size) this.#empty();
  }

  /** Begin, or go on with, an attempt; it is given up when nothing comes for long, as from a network that went. */
  #attend() {
    if (!this.#patience) this.#attempt = new AbortController();
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#attempt.abort(), 1000 * Download.PATIENCE);
    return this.#attempt;
  }

  #empty() {
    this.#parts = [];
    this.#got = 0;
  }
}
