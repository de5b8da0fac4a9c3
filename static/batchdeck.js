// Small conveniences. Every page works without this file.
(() => {
  // Menus close on Escape and on a click elsewhere.
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.removeAttribute("open");
    }
  }
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.activeElement?.closest("details.menu[open]")?.querySelector("summary").focus();
    closeMenus(null);
  });

  // A form is not sent again while its answer is awaited; the server would not act twice either.
  const SENDING_MS = 15000;
  function setSending(form, sending) {
    form.toggleAttribute("data-sending", sending);
    for (const button of form.elements) {
      if (button.type === "submit") button.setAttribute("aria-disabled", String(sending));
    }
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.elements.namedItem("form_key") || event.defaultPrevented) return;
    if (form.hasAttribute("data-sending")) {
      event.preventDefault();
      return;
    }
    setSending(form, true);
    // If the user stops loading, this page stays.
    setTimeout(setSending, SENDING_MS, form, false);
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[data-sending]")) setSending(form, false);
  });

  // `n` opens the new-job form, `/` goes to the search field, unless someone is typing.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest('input:not([type="checkbox"]), textarea, select, [contenteditable]');
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target) return;
    event.preventDefault();
    if (target.matches("a")) target.click();
    else {
      target.focus();
      target.select?.();
    }
  });

  // Copy buttons name what they copy.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    await navigator.clipboard.writeText(source.textContent);
    const label = button.querySelector("span") || button;
    const before = label.textContent;
    label.textContent = "Copied";
    setTimeout(() => { label.textContent = before; }, 1500);
  });

  // Choosing a framework image fills in its URI.
  document.addEventListener("change", (event) => {
    const field = event.target.dataset.fills && document.querySelector(event.target.dataset.fills);
    if (!field || !event.target.value) return;
    field.value = event.target.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // A fix changes its field at once, without sending the whole form.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fix]");
    if (!button) return;
    event.preventDefault();
    for (const [name, value] of Object.entries(JSON.parse(button.value))) {
      const field = button.form.elements[name];
      field.value = value;
      field.closest("details")?.setAttribute("open", "");
      field.focus();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
  // Without an answer of the preflight, the server decides whether the form may be submitted.
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(name, (event) => {
      const submit = event.target.id === "preflight" && document.querySelector("#submit");
      if (submit) submit.disabled = false;
    });
  }

  // The box above a list ticks all rows of the page; the bar shows how many are ticked.
  const picks = (name) => [...document.querySelectorAll(`input[type="checkbox"][name="${CSS.escape(name)}"]`)];
  function showPicked() {
    for (const box of document.querySelectorAll("[data-pick]")) {
      const boxes = picks(box.dataset.pick);
      const picked = boxes.filter((one) => one.checked).length;
      box.hidden = false;
      box.checked = picked > 0 && picked === boxes.length;
      box.indeterminate = picked > 0 && picked < boxes.length;
      const told = box.form?.querySelector("[data-picked]");
      if (told) told.textContent = `${picked} selected`;
    }
  }
  document.addEventListener("change", (event) => {
    if (event.target.dataset.pick) {
      for (const one of picks(event.target.dataset.pick)) one.checked = event.target.checked;
    }
    showPicked();
  });
  // Rows do not move while the user ticks them, nor for an answer that was awaited before.
  const isTicked = (list) => list.querySelector("form input.ck:checked") !== null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (isTicked(event.target)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (isTicked(event.target)) event.detail.shouldSwap = false;
  });

  // `hx-sync` aborts a request that a newer one replaces. htmx logs that as an error, which it is not.
  let isReplaced = false;
  document.addEventListener("htmx:abort", () => { isReplaced = true; }, { capture: true });
  document.addEventListener("htmx:abort", () => { isReplaced = false; });
  window.htmx.logger = (_, __, detail) => { if (isReplaced) delete detail.error; };

  // `j` and `k` go through the rows of a list or its tiles, `x` ticks one, `?` shows the keys.
  function step(by) {
    const links = [...document.querySelectorAll("[data-row] a.strong")];
    const at = links.indexOf(document.activeElement?.closest("[data-row]")?.querySelector("a.strong"));
    links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest('input:not([type="checkbox"]), textarea, select, [contenteditable]');
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "x") event.target.closest("tr[data-row]")?.querySelector("input.ck")?.click();
    else if (event.key === "?") document.querySelector("#keys")?.showModal();
  });

  // A list under the pointer keeps its rows: new ones are counted, and shown when the user asks for them.
  let asked = false;
  const keysOf = (root) => [...root.querySelectorAll("tr[data-row]")].map((row) => row.dataset.row);
  document.addEventListener("htmx:beforeSwap", (event) => {
    const list = event.target;
    const button = list.querySelector("[data-new]");
    if (!button || asked || !event.detail.shouldSwap) return;
    const now = keysOf(list);
    const coming = keysOf(new DOMParser().parseFromString(event.detail.serverResponse, "text/html"));
    const inHand = list.matches(":hover") || list.contains(document.activeElement);
    if (!inHand || now.join() === coming.join()) return;
    event.detail.shouldSwap = false;
    const added = coming.filter((key) => !now.includes(key)).length;
    button.querySelector("span").textContent = added ? `${added} new` : "Changed";
    button.hidden = false;
  });
  document.addEventListener("click", (event) => {
    const list = event.target.closest("[data-new]")?.closest("[hx-get]");
    if (!list) return;
    asked = true;
    for (const box of list.querySelectorAll("input.ck")) box.checked = false;
    // A poll that was sent before may bring older rows.
    window.htmx.trigger(list, "htmx:abort");
    window.htmx.ajax("GET", list.getAttribute("hx-get"), { source: list, target: list, swap: "outerHTML" })
      .finally(() => { asked = false; }).catch(() => {});
  });

  document.addEventListener("htmx:afterSwap", showPicked);
  document.addEventListener("DOMContentLoaded", showPicked);
})();
