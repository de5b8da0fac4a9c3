// The new-job page: a dialog to choose S3 addresses, and fields and JSON kept in step. The page works without this file.
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
  document.addEventListener("click", (event) => {
    if (event.target.closest("#browse [data-close]")) dialog().close();
    // Before the change: a field behind an open dialog cannot get the focus.
    if (event.target.closest("#browse [data-fix]")) dialog().close();
  }, { capture: true });
  // A late answer would open it again.
  dialog().addEventListener("close", () => window.htmx.trigger(dialog(), "htmx:abort"));

  const form = document.querySelector("#job-form");
  const json = () => document.querySelector("#request-json");
  const isOf = (event, id) => event.detail.requestConfig?.elt?.id === id;

  // Each edit of the fields starts another preflight, so an answer from before the latest edit is dropped.
  let edits = 0;
  const sent = new WeakMap();
  let sentText = "";
  // Fields edited since the JSON was sent keep their values when the answer comes: values by id.
  const edited = new Map();
  form.addEventListener("input", ({ target }) => {
    edits += 1;
    if (target.id && target.closest("#job-fields")) edited.set(target.id, target.value);
  });
  document.addEventListener("htmx:beforeSend", (event) => {
    sent.set(event.detail.xhr, { edits, text: json()?.value });
    if (isOf(event, "request-json")) edited.clear();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isOf(event, "preflight")) return;
    const state = sent.get(event.detail.xhr);
    sentText = state.text;
    if (state.edits !== edits) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "job-fields") return;
    edits += 1;
    for (const [id, value] of [...edited]) {
      const field = document.getElementById(id);
      if (!field || field.value === value) continue;
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });

  // An edit of the JSON changes the fields, which report the change; the edit itself is not reported.
  document.querySelector("#json")?.addEventListener("input", (event) => { event.stopPropagation(); });

  // The JSON keeps its text while the user types in it, and screen readers do not hear an unchanged status again.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const isTyped = target.id === "json" && (target.contains(document.activeElement) || json().value !== sentText);
    const isSaid = target.getAttribute("role") === "status" && target.textContent.trim() === fragment.textContent.trim();
    if (isTyped || isSaid) event.detail.shouldSwap = false;
  });
  // Open folds stay open.
  let open = [];
  const folds = () => [...document.querySelectorAll("#job-fields details, #code details")];
  document.addEventListener("htmx:beforeSwap", () => { open = folds().map((fold) => fold.open); });
  document.addEventListener("htmx:afterSettle", () => {
    folds().forEach((fold, at) => { if (open[at]) fold.open = true; });
  });
})();
