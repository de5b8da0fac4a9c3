// The dialog to choose S3 addresses for the fields of a form.
(() => {
  const dialog = () => document.querySelector("#browse");

  // The answer to a Browse button is shown as a dialog; the field gets the focus back when it closes.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "browser") return;
    if (!dialog().open) dialog().showModal();
    // The pressed button was removed together with its list.
    else if (!dialog().contains(document.activeElement)) {
      dialog().scrollTop = 0;
      document.querySelector("#browse-list").focus({ preventScroll: true });
    }
  });
  // The end of a conversion changes the form at once, as long as its dialog is open.
  document.addEventListener("htmx:afterSwap", () => {
    if (dialog().open) dialog().querySelector("[data-fix-now]")?.click();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#browse [data-close]")) dialog().close();
    // Before the change: a field behind an open dialog cannot get the focus.
    if (event.target.closest("#browse [data-fix]")) dialog().close();
  }, { capture: true });
  // A late answer would open it again.
  dialog().addEventListener("close", () => window.htmx.trigger(dialog(), "htmx:abort"));
})();
