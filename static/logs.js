// A job's log: follows new lines, wraps lines, copies a line's link. Reading and searching work without this file.
(() => {
  const list = document.querySelector("#log-lines");
  if (!list) return;

  // Follow: asks for new lines, and shows the end until the reader scrolls up.
  const KEPT = 5000;
  const PAUSE = Number(list.dataset.every) * 1000;
  // Milliseconds until a request without an answer is sent again.
  const PATIENCE = 30_000;
  const button = document.querySelector("#log-follow-switch");
  const pill = document.querySelector("#log-paused");
  const says = document.querySelector("#log-says");
  let next = document.querySelector("#log-follow").dataset;
  let following = false;
  let asking = false;
  let timer = 0;
  let top = 0;

  function toEnd() {
    list.scrollTop = list.scrollHeight;
    top = list.scrollTop;
  }
  function follow(on) {
    following = on;
    button.setAttribute("aria-pressed", String(on));
    pill.hidden = on;
    clearTimeout(timer);
    if (!on) return;
    toEnd();
    ask();
  }
  async function ask() {
    if (!following || asking) return;
    if (document.visibilityState === "visible") {
      asking = true;
      try {
        const answer = await fetch(next.address, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(PATIENCE) });
        if (!answer.ok || answer.redirected) throw new Error(answer.status);
        add(await answer.text());
        says.textContent = "";
      } catch {
        says.textContent = "The log cannot be read now; trying again.";
      }
      asking = false;
    }
    if ("over" in next) ended();
    else if (following) timer = setTimeout(ask, "more" in next ? 0 : PAUSE);
  }
  function add(answer) {
    const page = new DOMParser().parseFromString(answer, "text/html");
    next = page.querySelector("#log-follow").dataset;
    const lines = page.querySelectorAll("li");
    if (!lines.length) return;
    list.append(...lines);
    document.querySelector("#log-empty")?.remove();
    if (!following) return;
    trim();
    toEnd();
  }
  function ended() {
    follow(false);
    button.remove();
    pill.hidden = true;
    says.textContent = "The job has ended: no line will follow.";
  }
  function trim() {
    const surplus = list.children.length - KEPT;
    for (let count = 0; count < surplus; count += 1) list.firstElementChild.remove();
    if (surplus > 0) passed += surplus;
    if (surplus > 0 && list.hasAttribute("start")) list.start += surplus;
    const first = list.firstElementChild?.dataset.id;
    const older = document.querySelector(".log-more a[href*='before=']");
    if (surplus > 0 && first && older) {
      const address = new URL(older.href);
      address.searchParams.set("before", first);
      older.href = address.href;
    }
  }
  list.addEventListener("scroll", () => {
    if (following && list.scrollTop < top - 4) follow(false);
    else top = list.scrollTop;
  });
  if (button) {
    button.addEventListener("click", () => {
      // Elsewhere in the log the new lines do not follow the lines on the page.
      if (!following && !list.hasAttribute("data-end")) window.location = button.dataset.end;
      else follow(!following);
    });
    pill.addEventListener("click", () => follow(true));
  }

  // The numbers of the lines, where the page does not begin with the first one.
  let passed = 0;
  async function number() {
    const answer = await fetch(list.dataset.number, { signal: AbortSignal.timeout(PATIENCE) });
    const first = answer.ok ? Number(await answer.text()) : 0;
    if (first) list.start = first + passed;
  }
  if (list.dataset.number) number().catch(() => {});

  // Long lines are wrapped unless the reader turned that off, here or on an earlier visit.
  const wrap = document.querySelector("#log-wrap");
  function wrapped(on) {
    list.classList.toggle("nowrap", !on);
    wrap.setAttribute("aria-pressed", String(on));
  }
  wrapped(localStorage.getItem("log-wrap") !== "off");
  wrap.addEventListener("click", () => {
    const on = wrap.getAttribute("aria-pressed") !== "true";
    localStorage.setItem("log-wrap", on ? "on" : "off");
    wrapped(on);
  });

  // One button, beside the line under the pointer or with the focus, copies the line's link.
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "copy-line";
  copy.textContent = "Copy link";
  function offer(event) {
    const line = event.target.closest?.("#log-lines > li");
    if (line && copy.parentElement !== line) {
      copy.textContent = "Copy link";
      line.querySelector(".ts").after(copy);
    }
  }
  list.addEventListener("pointerover", offer);
  list.addEventListener("focusin", (event) => { if (event.target !== copy) offer(event); });
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(copy.parentElement.querySelector(".ts").href);
    copy.textContent = "Copied";
  });

  // The page opens at the end, unless its address names a line.
  if (list.hasAttribute("data-end")) toEnd();
  top = list.scrollTop;
  if (button && "begin" in button.dataset) follow(true);
})();
