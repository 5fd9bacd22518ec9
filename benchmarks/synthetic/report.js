// Filters the neurons. The page is whole without it: all of them are there.
(() => {
  const rows = [...document.querySelectorAll(".neuron")], tools = document.querySelector(".tools");
  const [words, kind, mind, state] = ["words", "kind", "mind", "state"].map((id) => document.getElementById(id));
  const told = document.getElementById("shown"), none = document.querySelector(".none");
  tools.hidden = false;
  tools.addEventListener("submit", (event) => event.preventDefault());
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const be = state.value && `${mind.value}:${state.value}`;
    let shown = 0;
    for (const row of rows) {
      const data = row.dataset;
      row.hidden = !(wanted.every((word) => data.words.includes(word)) && (!kind.value || data.kind === kind.value)
        && (!be || data.states.split(" ").includes(be)));
      shown += !row.hidden;
    }
    none.hidden = shown > 0;
    told.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
  };
  for (const field of [words, kind, mind, state]) field.addEventListener("input", filter);
  filter(); // a browser that goes back keeps what was chosen
})();
