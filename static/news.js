// News of the person's channel for browsers, in browsers in which the person has asked for them.
(() => {
  const WANTED = "batchdeck-news";
  const LAST = "batchdeck-news-last";
  const everyMs = Number(document.currentScript.dataset.seconds) * 1000;
  const title = document.title;
  let unread = 0;

  const isWanted = () => localStorage.getItem(WANTED) === "on";

  function showCount() {
    document.title = unread ? `(${unread}) ${title}` : title;
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unread = 0;
    showCount();
  });

  function tell(news) {
    if (document.hidden) unread += 1;
    showCount();
    if (window.Notification?.permission !== "granted") return;
    // Of several open pages with the same tag the browser shows one.
    const shown = new Notification(news.title, { body: news.text, tag: `batchdeck-${news.id}` });
    shown.onclick = () => {
      window.focus();
      window.location.assign(news.path);
    };
  }

  async function look() {
    if (!isWanted()) return;
    const last = sessionStorage.getItem(LAST);
    const response = await fetch(`/notifications/news/${last === null ? "" : `?after=${last}`}`);
    if (!response.ok || response.redirected) return;
    const answer = await response.json();
    sessionStorage.setItem(LAST, answer.last);
    answer.news.forEach(tell);
  }
  // A service that restarts is asked again later.
  const lookQuietly = () => look().catch(() => {});
  lookQuietly();
  setInterval(lookQuietly, everyMs);

  // The button on the channel's page.
  function showButton(button) {
    const says = document.querySelector("[data-browser-says]");
    button.hidden = false;
    button.textContent = isWanted() ? "Stop telling me in this browser" : "Tell me in this browser";
    const denied = window.Notification?.permission === "denied";
    if (!isWanted()) says.textContent = "";
    else if (denied) says.textContent = "This browser shows no notifications of this site; the title counts them.";
    else says.textContent = "On in this browser.";
  }
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-browser-news]");
    if (!button) return;
    showButton(button);
    button.addEventListener("click", async () => {
      if (isWanted()) localStorage.removeItem(WANTED);
      else {
        localStorage.setItem(WANTED, "on");
        if (window.Notification?.permission === "default") await Notification.requestPermission();
        lookQuietly();
      }
      showButton(button);
    });
  });
})();
