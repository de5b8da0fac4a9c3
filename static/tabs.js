// A strip of tabs that is wider than a phone shows the tab one is on, and stays where it was moved to when it is polled.
(() => {
  const strip = () => document.querySelector(".tabs");
  let at = 0;

  const current = strip()?.querySelector("[aria-current]");
  if (current) strip().scrollLeft = current.offsetLeft - (strip().clientWidth - current.offsetWidth) / 2;

  document.addEventListener("htmx:beforeSwap", () => (at = strip()?.scrollLeft ?? 0));
  document.addEventListener("htmx:afterSwap", () => strip() && (strip().scrollLeft = at));
})();
