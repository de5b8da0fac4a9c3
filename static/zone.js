// Times are said in the reader's own zone: the server has its name from a cookie. Loaded before the first paint: a page
// that was made before the cookie was there is loaded again unseen, unless that would lose a message or send a form.
(() => {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const cookie = `zone=${timeZone}`;
  const isKept = () => document.cookie.split("; ").includes(cookie);
  if (!timeZone || isKept()) return;
  document.cookie = `${cookie}; path=/; max-age=31536000; samesite=lax`;
  const { zone } = document.documentElement.dataset;
  if (zone && zone !== timeZone && isKept()) location.reload();
})();
