// Scrolls a wide strip of tabs to the current tab, and keeps its position when the page is polled.
(() => {
  const strip = () => document.querySelector(".tabs");
  let at = 0;

  const current = strip()?.querySelector("[aria-current]");
  if (current) strip().scrollLeft = current.offsetLeft - (strip().clientWidth - current.offsetWidth) / 2;

  document.addEventListener("htmx:beforeSwap", () => (at = strip()?.scrollLeft ?? 0));
  document.addEventListener("htmx:afterSwap", () => strip() && (strip().scrollLeft = at));
})();
