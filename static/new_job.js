// The new-job page: fields and JSON kept in step. The page works without this file.
(() => {
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
  // What preflight found wrong is said at its field too, and counted in the head of its section.
  function markFields() {
    for (const said of form.querySelectorAll("[data-found]")) said.remove();
    for (const field of form.querySelectorAll("[data-wrong]")) {
      field.removeAttribute("aria-invalid");
      delete field.dataset.wrong;
    }
    for (const check of document.querySelectorAll("#preflight .check.fail[data-at]")) {
      const field = document.getElementById(check.dataset.at);
      const place = field?.closest(".field");
      // After Submit the page itself has said it.
      if (!place || place.querySelector(".error")) continue;
      for (const control of [field, document.getElementById(`${field.id}-search`)]) {
        control?.setAttribute("aria-invalid", "true");
        if (control) control.dataset.wrong = "";
      }
      const said = document.createElement("p");
      said.className = "error";
      said.dataset.found = "";
      said.textContent = check.querySelector("[data-reason]").textContent;
      place.append(said);
    }
    for (const head of form.querySelectorAll("#job-fields .fold > summary > .of")) {
      const count = head.closest(".fold").querySelectorAll("[data-found]").length;
      head.dataset.summary ??= head.textContent;
      head.textContent = count ? `${count} error${count === 1 ? "" : "s"}` : head.dataset.summary;
      if (count || "counted" in head.dataset) head.classList.toggle("t-fail", count > 0);
      if (count) head.dataset.counted = "";
    }
  }
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "preflight") markFields();
  });

  // What the instance type has stands below its field.
  function showInstance() {
    const field = document.getElementById("id_instance_type");
    const option = field && document.querySelector(`#instance-types option[value="${CSS.escape(field.value)}"]`);
    const hint = document.getElementById("id_instance_type-hint");
    if (!hint) return;
    hint.dataset.hint ??= hint.textContent;
    hint.textContent = option?.textContent || hint.dataset.hint;
  }
  document.addEventListener("input", (event) => { if (event.target.id === "id_instance_type") showInstance(); });
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "job-fields") showInstance(); });
  showInstance();

  // Open folds stay open.
  let open = [];
  const folds = () => [...document.querySelectorAll("#job-fields details, #code details")];
  document.addEventListener("htmx:beforeSwap", () => { open = folds().map((fold) => fold.open); });
  document.addEventListener("htmx:afterSettle", () => {
    folds().forEach((fold, at) => { if (open[at]) fold.open = true; });
  });
})();
