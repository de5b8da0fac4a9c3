// The Results tab: whichever row has the focus is shown whole beside the table. Without this a press on its number does.
(() => {
  let due = 0;
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest(".sides tr[data-row] a.strong");
    if (!link) return;
    clearTimeout(due);
    // Who holds j down passes many rows, and wants the last.
    due = setTimeout(() => link.click(), 120);
  });
  document.addEventListener("click", (event) => {
    const row = event.target.closest(".sides tr[data-row]");
    if (!row) return;
    clearTimeout(due);
    for (const other of document.querySelectorAll(".sides tr.on")) other.classList.remove("on");
    row.classList.add("on");
    // On a narrow screen the panel is below the table: a press goes there, the keys stay in the table.
    const panel = document.querySelector("#record");
    if (event.isTrusted && panel && panel.getBoundingClientRect().top > window.innerHeight) {
      panel.scrollIntoView({ block: "center" });
    }
    // All of a row can be pressed, unless some of its text is being selected.
    if (!event.target.closest("a") && !String(window.getSelection())) row.querySelector("a.strong").click();
  });
})();
