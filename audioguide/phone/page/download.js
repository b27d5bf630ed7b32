"use strict";

/** Downloads a whole file into memory; retries until it is complete, and continues where it was interrupted. */
class Download {
  static LONGEST_PAUSE = 30; // seconds between two tries
  static PATIENCE = 20; // seconds without data, until a try is given up
  #parts = [];
  #received = 0;
  #attempt = new AbortController();
  #timer = 0;
  #isRunning = false;
  #isDropped = false;

  /** @type {string} The object URL of the whole file; empty until it is complete. */
  url = "";

  /**
   * @param {string} source the URL of the file
   * @param {number} size bytes
   * @param {() => void} onProgress called when the server responds, and when the file is complete
   */
  constructor(source, size, onProgress) {
    this.source = source;
    this.size = size;
    this.onProgress = onProgress;
  }

  /** Start, unless it has started already; resolves after the first try, successful or not. */
  async start() {
    // A page that was opened from disk must not fetch; its files are on disk, too.
    if (this.#isRunning || location.protocol === "file:") return;
    this.#isRunning = true;
    if (!(await this.#try())) this.#retry();
  }

  /** Give up, and free the memory. */
  drop() {
    this.#isDropped = true;
    this.#attempt.abort();
    this.#parts = [];
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = "";
  }

  async #retry() {
    for (let pause = 1; !this.#isDropped; pause = Math.min(2 * pause, Download.LONGEST_PAUSE)) {
      await this.#wait(pause);
      if (await this.#try()) return;
    }
  }

  /** Wait for some seconds, or until the network is back. */
  #wait(pause) {
    return new Promise((resolve) => {
      setTimeout(resolve, 1000 * pause);
      addEventListener("online", resolve, { once: true });
    });
  }

  /** @returns {Promise<boolean>} whether no further try is needed. */
  async #try() {
    try {
      await this.#read();
    } catch {
      // No connection, interrupted or dropped: the next try continues after the data received so far.
    } finally {
      clearTimeout(this.#timer);
      this.#timer = 0;
    }
    if (this.#isDropped) return true;
    if (this.#received !== this.size) return false;
    this.url = URL.createObjectURL(new Blob(this.#parts, { type: "audio/mpeg" }));
    this.#parts = [];
    this.onProgress();
    return true;
  }

  async #read() {
    const headers = this.#received ? { Range: `bytes=${this.#received}-` } : {};
    const { signal } = this.#restartTimer();
    const response = await fetch(this.source, { headers, priority: "low", signal });
    if (!response.ok) throw new Error(response.statusText);
    if (response.status !== 206) this.#reset();
    this.onProgress();
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      this.#restartTimer();
      this.#parts.push(part.value);
      this.#received += part.value.length;
    }
    if (this.#received > this.size) this.#reset();
  }

  /** Begin or extend an attempt; it is aborted after a time without data: a lost network may report no error. */
  #restartTimer() {
    if (!this.#timer) this.#attempt = new AbortController();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#attempt.abort(), 1000 * Download.PATIENCE);
    return this.#attempt;
  }

  #reset() {
    this.#parts = [];
    this.#received = 0;
  }
}
