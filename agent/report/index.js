// Sorts and filters the list. The page is whole without it: all runs are there, newest first.
(() => {
  const body = document.querySelector(".runs tbody"), rows = [...body.rows];
  const tools = document.querySelector(".tools"), words = document.getElementById("words"), state = document.getElementById("state");
  const told = document.getElementById("shown"), none = document.querySelector(".none");
  tools.hidden = false;
  tools.addEventListener("submit", (event) => event.preventDefault());
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      row.hidden = !(wanted.every((word) => row.dataset.words.includes(word)) && (!state.value || row.dataset.state === state.value));
      shown += !row.hidden;
    }
    none.hidden = shown > 0;
    told.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
  };
  words.addEventListener("input", filter);
  state.addEventListener("change", filter);
  const numeric = (key) => key === "began" || key === "confidence";
  const sort = (head, key) => {
    const before = head.getAttribute("aria-sort");
    const down = before ? before === "ascending" : numeric(key);
    for (const other of document.querySelectorAll(".runs thead th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => (numeric(key) ? Number(row.dataset[key] || -1) : row.dataset[key].toLowerCase());
    const order = (a, b) => (numeric(key) ? a - b : a.localeCompare(b, undefined, { numeric: true }));
    rows.sort((a, b) => (down ? -1 : 1) * order(value(a), value(b)));
    body.append(...rows);
  };
  for (const head of document.querySelectorAll(".runs thead th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head, head.dataset.key));
  }
  filter(); // a browser that goes back keeps what was typed
})();
