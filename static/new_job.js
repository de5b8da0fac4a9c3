// The new-job page: a dialog to choose S3 addresses, and fields and JSON that follow each other. The page works without this file.
(() => {
  const dialog = () => document.querySelector("#browse");

  // What the Browse buttons fetch is shown as a dialog, and the field is in hand again once it is closed.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "browser") return;
    if (!dialog().open) dialog().showModal();
    // The button that was pressed is gone with the list that it was in.
    else if (!dialog().contains(document.activeElement)) {
      dialog().scrollTop = 0;
      document.querySelector("#browse-list").focus({ preventScroll: true });
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("#browse [data-close]")) dialog().close();
    // Before the change is made: a field behind an open dialog cannot be focused.
    if (event.target.closest("#browse [data-fix]")) dialog().close();
  }, { capture: true });

  // An edit of the JSON changes the fields, which then tell of it; by itself it is no change of the form.
  document.querySelector("#json")?.addEventListener("input", (event) => { event.stopPropagation(); });

  // Whoever types in the JSON keeps the text as it is typed, and what is said already is not said again.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const typing = target.id === "json" && target.contains(document.activeElement);
    const said = target.getAttribute("role") === "status" && target.textContent.trim() === fragment.textContent.trim();
    if (typing || said) event.detail.shouldSwap = false;
  });
  // Folds that are open stay so.
  let open = [];
  const folds = () => [...document.querySelectorAll("#job-fields details, #code details")];
  document.addEventListener("htmx:beforeSwap", () => { open = folds().map((fold) => fold.open); });
  document.addEventListener("htmx:afterSettle", () => {
    folds().forEach((fold, at) => { if (open[at]) fold.open = true; });
  });
})();
