// The search box of the list of jobs completes the word at the cursor: names of filters, and their values after the
// colon. The words are the options of `#search-words`; without this file the box is a plain one.
(() => {
  const input = document.getElementById("f-q");
  const source = document.getElementById("search-words");
  if (!input || !source) return;
  const MOST = 8;
  const words = [...source.content.querySelectorAll("li")].map((row) => row.textContent);
  const list = document.createElement("ul");
  Object.assign(list, { id: "completions", className: "options", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Words of the search");
  input.parentElement.append(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "completions",
  })) input.setAttribute(name, value);
  let at = -1;

  // The word at the cursor: where it begins, and its text up to the cursor.
  function wordHere() {
    const start = input.value.lastIndexOf(" ", input.selectionStart - 1) + 1;
    return { start, text: input.value.slice(start, input.selectionStart).toLowerCase() };
  }

  function close() {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function show() {
    const { text } = wordHere();
    const found = text ? words.filter((word) => word.toLowerCase().startsWith(text) && word.toLowerCase() !== text) : [];
    // Names of filters before any value of one.
    const shown = (text.includes(":") ? found : found.filter((word) => word.endsWith(":"))).slice(0, MOST);
    if (!shown.length) return close();
    at = -1;
    list.replaceChildren(...shown.map((word, number) => {
      const row = document.createElement("li");
      row.id = `completion-${number}`;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", "false");
      row.textContent = word;
      return row;
    }));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(next) {
    const rows = [...list.children];
    at = (next + rows.length) % rows.length;
    rows.forEach((row, number) => row.setAttribute("aria-selected", String(number === at)));
    input.setAttribute("aria-activedescendant", rows[at].id);
  }

  function take(row) {
    const { start } = wordHere();
    const word = row.textContent;
    const rest = input.value.slice(input.selectionStart).trimStart();
    const done = input.value.slice(0, start) + word + (word.endsWith(":") ? "" : " ");
    input.value = done + rest;
    input.setSelectionRange(done.length, done.length);
    input.focus();
    show();
  }

  input.addEventListener("input", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at < 0 ? list.children.length - 1 : at - 1);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) take(list.children[at]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  // Before the field loses the focus.
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const row = event.target.closest("li");
    if (row) take(row);
  });
})();
