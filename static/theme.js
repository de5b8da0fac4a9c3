// Light, dark, or the system's theme. Loaded before the first paint, so that no page flashes in the wrong theme.
(() => {
  const KEY = "batchdeck-theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function apply() {
    const chosen = localStorage.getItem(KEY);
    const dark = chosen ? chosen === "dark" : system.matches;
    document.documentElement.setAttribute("data-bs-theme", dark ? "dark" : "light");
  }

  apply();
  // Controls that need scripts are hidden without them: see `.scripted`.
  document.documentElement.setAttribute("data-scripts", "");
  system.addEventListener("change", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const dark = document.documentElement.getAttribute("data-bs-theme") === "dark";
    localStorage.setItem(KEY, dark ? "light" : "dark");
    apply();
  });
})();
