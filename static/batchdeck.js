// Small conveniences. Every page works without this file.
(() => {
  // Exact times are in the markup in UTC; the reader's own zone is kinder.
  function localTimes(root) {
    for (const node of root.querySelectorAll("time[datetime]")) {
      const at = new Date(node.getAttribute("datetime"));
      if (!Number.isNaN(at.getTime())) {
        node.title = at.toLocaleString([], { dateStyle: "medium", timeStyle: "long" });
      }
    }
  }

  // Menus close on Escape and on a click elsewhere.
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (menu !== except) menu.removeAttribute("open");
    }
  }
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null);
  });

  // `n` opens the new-job form, `/` goes to the search field, unless someone is typing.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target) return;
    event.preventDefault();
    if (target.matches("a")) target.click();
    else target.focus();
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
    if (field && event.target.value) field.value = event.target.value;
  });

  document.addEventListener("htmx:afterSwap", (event) => localTimes(event.target));
  document.addEventListener("DOMContentLoaded", () => localTimes(document));
})();
