// Enlarges a picture under the pointer or the keyboard focus; arrow keys walk through a group of pictures.
// The page is whole without it: nothing is shown here that the page does not also say in text.
(() => {
  const lens = document.getElementById("lens");
  const [image, caption, note] = [lens.querySelector("img"), lens.querySelector(".caption"), lens.querySelector(".note")];
  const enlarged = (at) => at instanceof HTMLImageElement && at.dataset.note !== undefined;
  const hide = () => { lens.hidden = true; };
  const show = (shot) => {
    image.src = shot.src;
    caption.textContent = shot.alt;
    note.textContent = shot.dataset.note;
    lens.hidden = false;
    const at = shot.getBoundingClientRect(), own = lens.getBoundingClientRect();
    const right = at.right + 10 + own.width <= innerWidth;
    const x = right ? at.right + 10 : Math.max(8, at.left - own.width - 10);
    lens.style.left = `${Math.min(x, Math.max(8, innerWidth - own.width - 8))}px`;
    lens.style.top = `${Math.max(8, Math.min(at.top + at.height / 2 - own.height / 2, innerHeight - own.height - 8))}px`;
  };
  document.addEventListener("pointerover", (event) => (enlarged(event.target) ? show(event.target) : hide()));
  document.addEventListener("focusin", (event) => { if (enlarged(event.target)) show(event.target); });
  document.addEventListener("focusout", hide);
  addEventListener("scroll", hide, { passive: true });
  for (const group of document.querySelectorAll("[data-walk]")) {
    const stacks = [...group.querySelectorAll("[data-stack]")].map((stack) => [...stack.querySelectorAll("img[data-note]")]);
    for (const shot of stacks.flat()) shot.setAttribute("aria-label", `${shot.alt}; ${shot.dataset.note}`);
    const first = stacks.flat()[0];
    if (first) first.tabIndex = 0;
    group.addEventListener("keydown", (event) => {
      const shot = document.activeElement, column = stacks.findIndex((stack) => stack.includes(shot));
      if (event.key === "Escape") return hide();
      if (column < 0) return;
      const row = stacks[column].indexOf(shot);
      const [across, down] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key] ?? [0, 0];
      const next = stacks[column + across]?.[row + down];
      if (!(across || down) || !next) return;
      event.preventDefault();
      shot.tabIndex = -1;
      next.tabIndex = 0;
      next.focus({ preventScroll: false });
      show(next);
    });
  }
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open]):not(.numbers, .log)")];
    for (const part of closed) part.open = true;
  });
  addEventListener("afterprint", () => { for (const part of closed) part.open = false; });
})();
