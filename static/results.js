// The Results tab: the focused row is shown whole beside the table. Without this file a click on its number shows it.
(() => {
  let due = 0;
  const panel = () => document.querySelector("#record");
  const linkOf = (event) => event.target.closest(".sides tr[data-row] a.strong");

  document.addEventListener("focusin", (event) => {
    const link = linkOf(event);
    if (!link) return;
    clearTimeout(due);
    // Holding j down passes many rows; only the last one is loaded.
    due = setTimeout(() => link.click(), 120);
  });
  document.addEventListener("click", (event) => {
    // In a search the rows of several files have one number: the row in hand is meant.
    const shown = event.target.closest(".record a.back") && document.querySelector(".sides tr.on");
    if (shown) {
      event.preventDefault();
      shown.scrollIntoView({ block: "center" });
      shown.querySelector("a.strong").focus({ preventScroll: true });
      return;
    }
    const row = event.target.closest(".sides tr[data-row]");
    if (!row) return;
    clearTimeout(due);
    for (const other of document.querySelectorAll(".sides tr.on")) other.classList.remove("on");
    row.classList.add("on");
    // On a narrow screen the panel is below the table: a click scrolls to it, the keys stay in the table.
    if (event.isTrusted && panel() && panel().getBoundingClientRect().top > window.innerHeight) {
      panel().scrollIntoView({ block: "center" });
    }
    // A click anywhere in a row selects it, unless text is being selected.
    if (!event.target.closest("a") && !String(window.getSelection())) row.querySelector("a.strong").click();
  });

  // Until the row is loaded the panel is marked as old; if the row cannot be read, the panel says so.
  document.addEventListener("htmx:beforeSend", (event) => {
    if (linkOf(event)) panel()?.setAttribute("aria-busy", "true");
  });
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(name, (event) => {
      const link = linkOf(event);
      if (!link || !panel()) return;
      const retry = document.createElement("a");
      retry.href = link.href;
      retry.textContent = "Try again";
      const text = document.createElement("p");
      text.className = "empty";
      text.append(`${link.getAttribute("aria-label")} could not be read. `, retry);
      panel().replaceChildren(text);
      panel().removeAttribute("aria-busy");
    });
  }
})();
