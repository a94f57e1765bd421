"use strict";
// The table of contents is open where there is room for it beside the text.
const contents = document.querySelector("nav details"), room = matchMedia("(min-width: 64rem)");
const fit = () => { contents.open = room.matches; };
room.addEventListener("change", fit);
fit();
contents.addEventListener("click", event => { if (event.target.closest("a") && !room.matches) contents.open = false; });

// The entry of the part that is read is marked.
const entries = new Map([...contents.querySelectorAll("a")].map(link => [link.hash.slice(1), link]));
const mark = () => {
  const passed = [...entries.keys()].filter(id => document.getElementById(id).getBoundingClientRect().top < 120);
  for (const [id, link] of entries) link.toggleAttribute("aria-current", id === (passed.at(-1) ?? [...entries.keys()][0]));
};
addEventListener("scroll", mark, { passive: true });
mark();

// Only what can be scrolled is a stop for the keyboard.
const stops = () => { for (const part of document.querySelectorAll(".frame, .wide, pre")) part.tabIndex = part.scrollWidth > part.clientWidth ? 0 : -1; };
addEventListener("resize", stops);
addEventListener("load", stops);

for (const button of document.querySelectorAll("button.copy")) button.addEventListener("click", async () => {
  const command = button.previousElementSibling;
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = "copied";
  } catch {  // A page that is a file may not write the clipboard, so the command is selected instead.
    getSelection().selectAllChildren(command);
    button.textContent = "selected";
  }
});

// The first click on a heading sorts the rows by its column, the second reverses the order, and the third restores it.
for (const table of document.querySelectorAll("table.sorted")) {
  const body = table.tBodies[0], original = [...body.rows];
  const key = (row, column) => { const cell = row.cells[column]; return cell.dataset.key ?? cell.textContent.trim(); };
  [...table.tHead.rows[0].cells].forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const now = head.getAttribute("aria-sort");
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    if (now === "descending") { body.replaceChildren(...original); return; }
    const sign = now === "ascending" ? -1 : 1;
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const rows = original.filter(row => !row.classList.contains("section"));
    rows.sort((a, b) => sign * key(a, column).localeCompare(key(b, column), "en", { numeric: true }));
    body.replaceChildren(...rows);
  }));
}
