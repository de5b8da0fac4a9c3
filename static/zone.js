// Times are in the reader's own zone, whose name the server gets from a cookie. Loaded before the first paint: a page
// made without the cookie is loaded again, unless that would lose a message or send a form.
(() => {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const cookie = `zone=${timeZone}`;
  const isKept = () => document.cookie.split("; ").includes(cookie);
  if (!timeZone || isKept()) return;
  document.cookie = `${cookie}; path=/; max-age=31536000; samesite=lax`;
  const { zone } = document.documentElement.dataset;
  if (zone && zone !== timeZone && isKept()) location.reload();
})();
