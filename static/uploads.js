// Uploads of files and folders, dropped or chosen, in parts and some at a time; a part that fails is sent again. The same
// file, chosen again after a reload, goes on where it was.
(() => {
  //: Requests with bytes at a time, over all files; and the pauses before a part is sent again.
  const AT_ONCE = 4;
  const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 16000];
  //: Rows of the list: those of ten thousand files would only slow the page down.
  const SHOWN = 20;
  const files = [];
  //: Files of the system that stay out, and the names of dropped folders without any file.
  let leftOut = 0;
  const emptyFolders = [];
  let sending = 0;
  const waiting = [];

  const panel = () => document.querySelector("[data-upload]");
  const isOver = (file) => ["done", "kept", "failed", "cancelled"].includes(file.state);

  // ---- requests ----
  class Refused extends Error {
    constructor(status, answer) {
      const error = answer?.error ?? {};
      const fields = Object.values(error.fields ?? {}).flat().join(" ");
      super(fields || error.message || "The connection was lost.");
      this.status = status;
      this.error = error;
    }
    get mayPass() { return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500; }
  }

  function ask(place, method, url, body, { signal, told = () => {} }) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      request.setRequestHeader("X-CSRFToken", place.token);
      request.setRequestHeader("Batchdeck-Team", place.team);
      const isJson = body !== null && !(body instanceof Blob);
      if (body !== null) request.setRequestHeader("Content-Type", isJson ? "application/json" : "application/octet-stream");
      request.upload.addEventListener("progress", (event) => told(event.loaded));
      const stop = () => request.abort();
      signal.addEventListener("abort", stop);
      request.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      request.addEventListener("loadend", () => {
        signal.removeEventListener("abort", stop);
        let answer = null;
        try { answer = JSON.parse(request.responseText || "null"); } catch { /* a proxy's page */ }
        if (request.status >= 200 && request.status < 300) resolve(answer);
        else reject(new Refused(request.status, answer));
      });
      request.send(isJson ? JSON.stringify(body) : body);
    });
  }

  const pause = (milliseconds, signal) => new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("", "AbortError")); }, { once: true });
  });

  async function askAgain(place, method, url, body, options) {
    for (const milliseconds of [...PAUSES_MS, null]) {
      try {
        return await ask(place, method, url, body, options);
      } catch (error) {
        if (!(error instanceof Refused) || !error.mayPass || milliseconds === null) throw error;
        options.told?.(0);
        await pause(milliseconds, options.signal);
      }
    }
    return null;
  }

  // A turn to send bytes.
  async function inTurn(work) {
    if (sending >= AT_ONCE) await new Promise((go) => { waiting.push(go); });
    sending += 1;
    try {
      return await work();
    } finally {
      sending -= 1;
      waiting.shift()?.();
    }
  }

  // ---- one file ----
  async function sendWhole(file) {
    const url = `${file.place.objects}?path=${encodeURIComponent(file.uri)}&replace=${file.replace}`;
    const told = (bytes) => { file.sent = Math.min(bytes, file.body.size); draw(); };
    await inTurn(() => askAgain(file.place, "PUT", url, file.body.slice(), { signal: file.stop.signal, told }));
  }

  async function sendInParts(file) {
    const { signal } = file.stop;
    const about = { path: file.uri, size: file.body.size, modified: file.body.lastModified, replace: file.replace };
    const upload = await askAgain(file.place, "POST", file.place.uploads, about, { signal });
    file.url = `${file.place.uploads}${upload.id}/`;
    const there = new Set(upload.parts);
    const bytesOf = (number) => Math.min(upload.part_size, file.body.size - (number - 1) * upload.part_size);
    const sent = new Map([...there].map((number) => [number, bytesOf(number)]));
    const told = (number, bytes) => {
      sent.set(number, Math.min(bytes, bytesOf(number)));
      file.sent = [...sent.values()].reduce((sum, one) => sum + one, 0);
      draw();
    };
    const missing = [];
    for (let number = 1; number <= upload.part_count; number += 1) if (!there.has(number)) missing.push(number);
    const sendNext = async () => {
      for (let number = missing.shift(); number !== undefined; number = missing.shift()) {
        const start = (number - 1) * upload.part_size;
        const part = file.body.slice(start, start + bytesOf(number));
        const url = `${file.url}parts/${number}/`;
        const at = number;
        await inTurn(() => askAgain(file.place, "PUT", url, part, { signal, told: (bytes) => told(at, bytes) }));
        told(at, bytesOf(at));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sendNext));
    const end = `${file.url}complete/?replace=${file.replace}`;
    await askAgain(file.place, "POST", end, null, { signal });
  }

  async function send(file) {
    file.state = "sending";
    draw();
    try {
      await (file.body.size > file.place.small || file.url ? sendInParts(file) : sendWhole(file));
      file.state = "done";
      file.sent = file.body.size;
    } catch (error) {
      if (error.name === "AbortError") file.state = "cancelled";
      else if (error.error?.code === "object_exists") {
        file.state = "asking";
        file.sent = 0;
        file.there = error.error;
      } else {
        file.state = "failed";
        file.problem = error instanceof Refused ? error.message : "The file cannot be read any more. Choose it again.";
      }
      if (file.state !== "asking") file.stop.abort();
    }
    draw();
  }

  // ---- all files ----
  let running = 0;
  async function work() {
    running += 1;
    for (let file = next(); file; file = next()) await send(file);
    running -= 1;
    if (running === 0 && !askToReplace()) refresh();
  }
  const next = () => files.find((file) => file.state === "queued");

  function start() {
    while (running < AT_ONCE && next()) work();
    draw();
  }

  function add(place, chosen) {
    for (const { body, path, problem = "" } of chosen) {
      const state = problem ? "failed" : "queued";
      const isUnreadable = Boolean(problem);
      files.push({
        place, body, path, problem, state, isUnreadable, uri: place.folder + path, sent: 0, replace: false, stop: new AbortController(),
      });
    }
    start();
  }

  function cancel(file) {
    const wasWaiting = file.state === "queued" || file.state === "asking";
    file.stop.abort();
    if (wasWaiting) file.state = "cancelled";
    if (file.url) ask(file.place, "DELETE", file.url, null, { signal: new AbortController().signal }).catch(() => {});
    draw();
  }

  function again(file, replace) {
    Object.assign(file, { state: "queued", replace: file.replace || replace, stop: new AbortController(), problem: "" });
  }

  // What is there already: one question for all. Whether it is asked.
  function askToReplace() {
    const taken = files.filter((file) => file.state === "asking");
    const dialog = panel()?.querySelector("[data-replace]");
    if (!taken.length || !dialog || dialog.open) return dialog?.open ?? false;
    const title = make("h2", taken.length === 1 ? "Replace 1 object?" : `Replace ${taken.length.toLocaleString()} objects?`);
    title.id = "replace-title";
    const list = document.createElement("ul");
    for (const file of taken.slice(0, SHOWN)) {
      const size = file.there.size === undefined ? "" : `, ${bytes(file.there.size)}`;
      const at = file.there.modified ? `, from ${new Date(file.there.modified).toLocaleString()}` : "";
      list.append(make("li", `${file.uri}${size}${at}`, "mono sm wrap"));
    }
    if (taken.length > SHOWN) list.append(make("li", `and ${(taken.length - SHOWN).toLocaleString()} more`));
    const says = make("p", "They are there already. What is replaced cannot be brought back.", "soft");
    const yes = make("button", taken.length === 1 ? "Replace it" : "Replace them", "btn bad");
    const no = make("button", "Keep what is there", "btn");
    const row = make("div", "", "row-x wraps");
    row.append(yes, no);
    dialog.replaceChildren(title, says, list, row);
    const answer = (replace) => {
      for (const file of taken) {
        if (file.state !== "asking") continue;
        if (replace) again(file, true);
        else {
          cancel(file);
          file.state = "kept";
        }
      }
      dialog.close();
      start();
      if (!replace) refresh();
    };
    yes.addEventListener("click", () => answer(true));
    no.addEventListener("click", () => answer(false));
    dialog.oncancel = () => answer(false);
    dialog.showModal();
    no.focus();
    return true;
  }

  function refresh() {
    const place = panel();
    if (!place || !files.some((file) => file.state === "done" && !file.isShown)) return;
    for (const file of files) if (file.state === "done") file.isShown = true;
    const target = document.querySelector(place.dataset.target);
    if (!target) return;
    window.htmx.ajax("GET", place.dataset.refresh, {
      source: target, target, select: place.dataset.target, swap: "outerHTML",
    }).catch(() => {});
  }

  // ---- the list ----
  function make(tag, text, classes = "") {
    const node = document.createElement(tag);
    node.textContent = text;
    if (classes) node.className = classes;
    if (tag === "button") node.type = "button";
    return node;
  }

  function bytes(count) {
    const units = ["B", "KB", "MB", "GB", "TB"];
    let size = count;
    let unit = 0;
    while (size >= 1024 && unit < units.length - 1) { size /= 1024; unit += 1; }
    return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
  }

  const SAYS = {
    queued: () => "waits",
    sending: (file) => `${bytes(file.sent)} of ${bytes(file.body.size)}`,
    asking: () => "is there already",
    done: (file) => `uploaded, ${bytes(file.body.size)}`,
    kept: () => "not replaced",
    failed: (file) => file.problem,
    cancelled: () => "cancelled",
  };

  function rowOf(file) {
    if (!file.row) {
      const item = make("li", "", "row-x wraps");
      const name = make("span", file.path, "mono sm wrap grow");
      const bar = document.createElement("progress");
      bar.max = 1;
      bar.setAttribute("aria-label", file.path);
      const says = make("span", "", "sm");
      const button = make("button", "", "btn tiny");
      button.addEventListener("click", () => {
        if (file.state === "failed" || file.state === "cancelled") {
          again(file, false);
          start();
        } else cancel(file);
      });
      item.append(name, bar, says, button);
      file.row = { item, bar, says, button };
    }
    const { item, bar, says, button } = file.row;
    bar.value = file.state === "done" || !file.body.size ? Number(file.state === "done") : file.sent / file.body.size;
    bar.className = { done: "ok", failed: "fail" }[file.state] ?? "";
    says.textContent = SAYS[file.state](file);
    says.className = file.state === "failed" ? "sm t-fail" : "sm soft";
    button.hidden = file.state === "done" || file.state === "kept" || file.isUnreadable;
    const word = file.state === "failed" || file.state === "cancelled" ? "Try again" : "Cancel";
    if (button.firstChild?.textContent !== word) button.replaceChildren(word, make("span", ` ${file.path}`, "vh"));
    return item;
  }

  let isDue = false;
  function draw() {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      drawNow();
    });
  }

  function drawNow() {
    const box = panel()?.querySelector("[data-upload-list]");
    const notes = [
      leftOut ? `${leftOut.toLocaleString()} ${leftOut === 1 ? "file" : "files"} of the system, such as .DS_Store, left out` : "",
      emptyFolders.length ? `without any file: ${emptyFolders.slice(0, 5).join(", ")}` : "",
    ].filter(Boolean);
    if (!box || (!files.length && !notes.length)) return;
    if (!box.firstChild) {
      const bar = make("div", "", "row-x wraps upload-sum");
      const says = make("span", "", "sm grow");
      says.setAttribute("role", "status");
      const stop = make("button", "Cancel all", "btn tiny");
      stop.addEventListener("click", () => files.filter((file) => !isOver(file)).forEach(cancel));
      const clear = make("button", "Clear the list", "btn tiny");
      clear.addEventListener("click", () => {
        const rest = files.filter((file) => !isOver(file));
        files.length = 0;
        for (const file of rest) files.push(file);
        leftOut = 0;
        emptyFolders.length = 0;
        if (files.length) draw();
        else box.replaceChildren();
      });
      bar.append(says, stop, clear);
      box.append(bar, make("ul", "", "plain-list lined"));
    }
    const over = files.filter(isOver);
    const [says, stop, clear] = box.firstChild.children;
    const failed = files.filter((file) => file.state === "failed").length;
    const count = `${over.length.toLocaleString()} of ${files.length.toLocaleString()} ${files.length === 1 ? "file" : "files"}`;
    const total = files.reduce((sum, file) => sum + file.body.size, 0);
    const sent = files.reduce((sum, file) => sum + file.sent, 0);
    const outcome = `${count}, ${bytes(sent)} of ${bytes(total)}${failed ? `; ${failed.toLocaleString()} failed` : ""}`;
    const text = [...(files.length ? [outcome] : []), ...notes].join("; ");
    if (says.textContent !== text) says.textContent = text;
    stop.hidden = over.length === files.length;
    clear.hidden = !over.length && !notes.length;
    // What needs a person first, then what moves.
    const order = ["failed", "asking", "sending", "cancelled", "queued", "kept", "done"];
    const shown = files.length <= SHOWN ? files
      : order.flatMap((state) => files.filter((file) => file.state === state)).slice(0, SHOWN);
    const rows = shown.map(rowOf);
    const list = box.lastChild;
    if (rows.length !== list.children.length || rows.some((row, at) => row !== list.children[at])) list.replaceChildren(...rows);
  }

  // ---- choosing ----
  function placeOf(element) {
    const box = element.closest("[data-upload]");
    return {
      uploads: box.dataset.upload,
      objects: box.dataset.objects,
      folder: box.dataset.folder,
      team: box.dataset.team,
      small: Number(box.dataset.small),
      token: box.querySelector("[name=csrfmiddlewaretoken]").value,
    };
  }

  // What systems write into folders by themselves: a job would read them as inputs.
  const isOfSystem = (path) => path.includes("/") && /(^|\/)(\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini)$/.test(path);

  function addFound(place, found) {
    const wanted = found.filter(({ path }) => !isOfSystem(path));
    leftOut += found.length - wanted.length;
    add(place, wanted);
  }

  // Adds the files below an entry as they are found; one that cannot be read hinders no other.
  async function addBelow(place, entry) {
    const path = entry.fullPath.replace(/^\//, "");
    try {
      if (entry.isFile) {
        const body = await new Promise((resolve, reject) => { entry.file(resolve, reject); });
        addFound(place, [{ body, path }]);
        return 1;
      }
      const reader = entry.createReader();
      let count = 0;
      // A call gives some entries; none are left when it gives none.
      for (;;) {
        const entries = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
        if (!entries.length) return count;
        for (const inner of entries) count += await addBelow(place, inner);
      }
    } catch {
      const problem = entry.isFile ? "The file cannot be read." : "The folder cannot be read.";
      add(place, [{ body: new Blob(), path, problem }]);
      return 1;
    }
  }

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-upload] [data-files]")) return;
    const chosen = [...event.target.files].map((body) => ({ body, path: body.webkitRelativePath || body.name }));
    addFound(placeOf(event.target), chosen);
    event.target.value = "";
  });
  // Beside the place to drop, a dropped file would be opened in place of the page.
  document.addEventListener("dragover", (event) => {
    if (!panel() || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    panel().classList.add("over");
  });
  for (const name of ["dragend", "drop"]) {
    document.addEventListener(name, () => { panel()?.classList.remove("over"); });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) panel()?.classList.remove("over");
  });
  document.addEventListener("drop", async (event) => {
    if (!panel() || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    const place = placeOf(panel());
    // Before the first wait: afterwards the event's data are gone.
    const dropped = [...event.dataTransfer.items].filter((item) => item.kind === "file")
      .map((item) => item.webkitGetAsEntry() ?? item.getAsFile()).filter(Boolean);
    for (const one of dropped) {
      if (one instanceof File) addFound(place, [{ body: one, path: one.name }]);
      else if (!await addBelow(place, one)) emptyFolders.push(one.name);
    }
    draw();
  });
  window.addEventListener("beforeunload", (event) => {
    if (files.some((file) => ["queued", "sending", "asking"].includes(file.state))) event.preventDefault();
  });
  document.addEventListener("htmx:afterSwap", draw);
})();
