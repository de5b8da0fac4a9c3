// The command palette: Ctrl-K or Cmd-K opens it on every page, and `/` where a page has no search of its own.
// Arrow keys move, Enter opens, Escape closes; the server finds the entries.
(() => {
  const dialog = document.getElementById("palette");
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  let at = 0;

  const rows = () => [...list.querySelectorAll("[data-url]")];

  function mark(next) {
    const found = rows();
    if (!found.length) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    at = (next + found.length) % found.length;
    found.forEach((row, number) => row.setAttribute("aria-selected", String(number === at)));
    input.setAttribute("aria-activedescendant", found[at].id);
    found[at].scrollIntoView({ block: "nearest" });
  }

  function open() {
    if (dialog.open) return;
    input.value = "";
    dialog.showModal();
    input.focus();
    window.htmx.trigger(input, "opened");
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest('input:not([type="checkbox"]), textarea, select, [contenteditable]');
    const isShortcut = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    const isSlash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !document.querySelector('[data-key="/"]');
    if (!isShortcut && !isSlash) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) open();
    else if (event.target === dialog) dialog.close();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter") rows()[at]?.click();
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-url]");
    if (row) location.assign(row.dataset.url);
  });
  list.addEventListener("htmx:afterSwap", () => mark(0));
})();
