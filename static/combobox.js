// A select with `data-combobox` becomes a field to search in: typing filters, the arrow keys move, Enter chooses,
// Escape closes. The hidden select is sent with the form; without this file it is visible.
(() => {
  let count = 0;

  function make(tag, attributes) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  function enhance(select) {
    const list = `options-${count += 1}`;
    const described = select.getAttribute("aria-describedby");
    const input = make("input", {
      id: `${select.id}-search`, type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list, placeholder: "Search",
      ...(described && { "aria-describedby": described }),
      ...(select.getAttribute("aria-invalid") && { "aria-invalid": "true" }),
    });
    const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
    const options = make("ul", { id: list, role: "listbox", class: "options", "aria-label": label.firstChild.textContent.trim() });
    const box = make("div", { class: "combobox" });
    select.replaceWith(box);
    box.append(input, options, select);
    options.hidden = true;
    label.htmlFor = input.id;
    select.classList.add("behind");
    select.tabIndex = -1;
    select.setAttribute("aria-hidden", "true");
    let at = -1;

    const rows = () => [...options.children].filter((row) => row.dataset.value !== undefined);
    const chosen = () => (select.value ? select.selectedOptions[0].textContent : "");
    const show = () => { input.value = chosen(); };

    function close() {
      options.hidden = true;
      at = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function mark(next) {
      const found = rows();
      if (!found.length) return;
      at = (next + found.length) % found.length;
      found.forEach((row, number) => row.setAttribute("aria-selected", String(number === at)));
      input.setAttribute("aria-activedescendant", found[at].id);
      found[at].scrollIntoView({ block: "nearest" });
    }

    function open(words) {
      const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
      const matching = [...select.options].filter((option) => option.value
        && wanted.every((word) => option.textContent.toLowerCase().includes(word)));
      options.replaceChildren(...matching.map((option, number) => {
        const row = make("li", { id: `${list}-${number}`, role: "option", "aria-selected": "false", "data-value": option.value });
        row.textContent = option.textContent;
        return row;
      }));
      if (!matching.length) {
        const none = make("li", { role: "option", "aria-disabled": "true", "aria-selected": "false", class: "mute" });
        none.textContent = "No model has this name";
        options.append(none);
      }
      options.hidden = false;
      input.setAttribute("aria-expanded", "true");
      mark(Math.max(0, matching.findIndex((option) => option.selected)));
    }

    function take(value) {
      close();
      if (value !== undefined && value !== select.value) {
        select.value = value;
        select.dispatchEvent(new Event("input", { bubbles: true }));
        select.dispatchEvent(new Event("change", { bubbles: true }));
      }
      show();
    }

    // Typing does not change the form, choosing does.
    input.addEventListener("input", (event) => { event.stopPropagation(); open(input.value); });
    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => { if (options.hidden) open(""); });
    input.addEventListener("blur", () => take());
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (options.hidden) open("");
        else mark(at + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter" && !options.hidden) {
        event.preventDefault();
        take(rows()[at]?.dataset.value);
      } else if (event.key === "Escape" && !options.hidden) {
        event.preventDefault();
        take();
      }
    });
    // Before the field loses the focus, which closes the list.
    options.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const row = event.target.closest("[data-value]");
      if (row) take(row.dataset.value);
    });
    select.addEventListener("input", show);
    // A link to the select, or a fix that changes it, applies to the visible field.
    select.addEventListener("focus", () => input.focus());
    input.disabled = select.disabled;
    show();
  }

  const all = () => document.querySelectorAll("select[data-combobox]:not(.behind)").forEach(enhance);
  document.addEventListener("DOMContentLoaded", all);
  document.addEventListener("htmx:afterSwap", all);
})();
